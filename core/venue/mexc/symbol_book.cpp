#include "core/venue/mexc/symbol_book.h"

#include <algorithm>
#include <utility>

namespace levi::mexc {
namespace {

constexpr const char* kDepthPath = "/api/v3/depth";
constexpr Nanos kSnapshotDelayMin{20ms};
constexpr Nanos kSnapshotDelayMax{1s};
constexpr unsigned kTooOldMax = 10;  // in a row, about four seconds
constexpr unsigned kProbeLevels = 5;

}  // namespace

SymbolBook::SymbolBook(os::Loop& loop, Rest& rest, policy::RateWindow& probe_budget,
                       const Instrument& instrument, SourceId source, BookOptions options,
                       Owner owner)
    : loop_(loop),
      rest_(rest),
      probe_budget_(probe_budget),
      instrument_(instrument),
      source_(source),
      options_(options),
      owner_(std::move(owner)),
      book_({.levels_max = options.levels_max}) {}

SymbolBook::~SymbolBook() { loop_.cancel(snapshot_timer_); }

void SymbolBook::start_over() {
  ++life_;
  book_.reset();
  must_emit_ = true;
  snapshot_asked_ = false;
  snapshot_delay_ = Nanos{0};
  snapshots_too_old_ = 0;
  probe_ = Probe::kNone;
  loop_.cancel(snapshot_timer_);
  snapshot_timer_ = 0;
}

void SymbolBook::resync() {
  start_over();
  fetch_snapshot();
}

std::string SymbolBook::depth_query(unsigned limit) const {
  return "symbol=" + instrument_.name + "&limit=" + std::to_string(limit);
}

void SymbolBook::fetch_snapshot() {
  if (snapshot_asked_ || snapshot_timer_ != 0) return;
  snapshot_asked_ = true;
  rest_.call("GET", kDepthPath, depth_query(options_.levels_max),
             [this, life = life_](const Answer& answer) { on_snapshot(life, answer); });
}

void SymbolBook::on_snapshot(std::uint64_t life, const Answer& answer) {
  if (life != life_) return;
  snapshot_asked_ = false;
  if (answer.verdict != Verdict::kDone) return snapshot_again(answer.retry_after);
  const auto snapshot = read_snapshot(answer.body, instrument_);
  if (!snapshot) return snapshot_again(Nanos{0});
  const DepthSnapshot& s = snapshot.value();
  const bool complete = s.bids.size() < options_.levels_max && s.asks.size() < options_.levels_max;
  switch (book_.on_snapshot(s.version, s.bids, s.asks, complete)) {
    case market::SnapshotResult::kBad:
      return snapshot_again(Nanos{0});
    case market::SnapshotResult::kTooOld:
      if (++snapshots_too_old_ >= kTooOldMax) return owner_.on_hopeless();
      return snapshot_again(Nanos{0});
    case market::SnapshotResult::kMerged:
      break;
  }
  snapshot_delay_ = Nanos{0};
  snapshots_too_old_ = 0;
  owner_.on_building();
  owner_.on_heard();
  emit_top();
}

void SymbolBook::fetch_snapshot_soon() {
  if (!snapshot_asked_ && snapshot_timer_ == 0) fetch_snapshot_after(Nanos{0});
}

void SymbolBook::fetch_snapshot_after(Nanos delay) {
  snapshot_timer_ = loop_.after(delay, [this] {
    snapshot_timer_ = 0;
    if (!book_.valid()) fetch_snapshot();
  });
}

void SymbolBook::snapshot_again(Nanos least) {
  snapshot_delay_ = std::clamp(snapshot_delay_ * 2, kSnapshotDelayMin, kSnapshotDelayMax);
  fetch_snapshot_after(std::max(snapshot_delay_, least));
}

bool SymbolBook::on_depth(const pb::PublicAggreDepthsV3Api& push, Nanos age) {
  if (!read_depth(push, instrument_, depth_)) return false;
  set_age(age);
  owner_.on_building();
  const std::uint64_t expected = book_.version() + 1;
  const bool was_valid = book_.valid();
  switch (book_.on_delta(depth_.from, depth_.to, depth_.bids, depth_.asks)) {
    case market::DeltaResult::kApplied:
      emit_top();
      return true;
    case market::DeltaResult::kDropped:
      return true;
    case market::DeltaResult::kBuffered:
      fetch_snapshot();
      return true;
    case market::DeltaResult::kGap:
    case market::DeltaResult::kExhausted:
      break;
  }
  must_emit_ = true;
  if (was_valid) {
    machine::BookGap gap;
    gap.source = source_;
    gap.symbol = symbol();
    gap.expected_version = expected;
    gap.received_version = depth_.from;
    owner_.emit(gap);
  }
  fetch_snapshot();
  return true;
}

bool SymbolBook::joins(const pb::PublicAggreDepthsV3Api& push) {
  if (!book_.valid() || !read_depth(push, instrument_, depth_)) return false;
  return depth_.to <= book_.version() || depth_.from <= book_.version() + 1;
}

bool SymbolBook::on_deals(const pb::PublicAggreDealsV3Api& push) {
  bool sensible = true;
  for (const auto& item : push.deals()) {
    const auto read = read_deal(item, instrument_);
    if (!read) {
      sensible = false;
      continue;
    }
    if (!is_new_deal(read.value().trade)) continue;
    machine::Deal deal;
    deal.source = source_;
    deal.symbol = symbol();
    deal.aggressor = read.value().aggressor;
    deal.price = read.value().price;
    deal.quantity = read.value().quantity;
    owner_.emit(deal);
  }
  return sensible;
}

bool SymbolBook::is_new_deal(std::string_view trade) {
  if (trade.empty()) return true;  // Older frames have no id.
  const std::size_t hash = std::hash<std::string_view>{}(trade);
  if (std::find(deals_seen_.begin(), deals_seen_.end(), hash) != deals_seen_.end()) return false;
  deals_seen_[deals_next_++ % deals_seen_.size()] = hash;
  return true;
}

void SymbolBook::emit_top() {
  if (lag_ > Nanos{0}) {
    must_emit_ = true;  // once it is fresh again
    return;
  }
  const market::Top top = book_.top();
  const MonoTime now = loop_.now();
  if (!must_emit_ && top == top_emitted_ && now - emitted_at_ < options_.refresh) return;
  must_emit_ = false;
  top_emitted_ = top;
  emitted_at_ = now;
  machine::TopOfBook event;
  event.source = source_;
  event.symbol = symbol();
  event.version = book_.version();
  event.bid_price = top.bid_price;
  event.bid_quantity = top.bid_quantity;
  event.ask_price = top.ask_price;
  event.ask_quantity = top.ask_quantity;
  owner_.emit(event);
}

void SymbolBook::poll(std::function<void(bool)> done) {
  if (poll_asked_) return;
  poll_asked_ = true;
  rest_.call(
      "GET", kDepthPath, depth_query(options_.levels_max),
      [this, life = life_, asked_at = loop_.now(), done = std::move(done)](const Answer& answer) {
        poll_asked_ = false;
        if (life == life_) on_poll(asked_at, answer, done);
      });
}

void SymbolBook::on_poll(MonoTime asked_at, const Answer& answer,
                         const std::function<void(bool)>& done) {
  const auto read = answer.verdict == Verdict::kDone
                        ? read_snapshot(answer.body, instrument_)
                        : error(ErrorCode::kUnreachable, answer.text());
  const bool usable =
      read &&
      (book_.reset(), book_.on_snapshot(read.value().version, read.value().bids, read.value().asks,
                                        false) == market::SnapshotResult::kMerged);
  done(usable);
  if (!usable) return;
  set_age(loop_.now() - asked_at);
  emitted_at_ = MonoTime{};  // Each answer is news: the prices held until now.
  emit_top();
}

SymbolBook::Health SymbolBook::look(Nanos silence, Nanos silence_max) {
  // Asked early, at half the limit, so that a quiet market never looks stale.
  if (silence < silence_max / 2) {
    probe_ = Probe::kNone;
    return Health::kAlive;
  }
  if (probe_ == Probe::kNone) ask_probe();
  if (silence < silence_max) return Health::kAlive;
  const Nanos since_probe = loop_.now() - probed_at_;
  switch (probe_) {
    case Probe::kNone:
      return Health::kAlive;  // The budget is spent: the data is old, nothing is proven.
    case Probe::kAsked:
      return silence < 2 * silence_max ? Health::kAlive : Health::kDead;
    case Probe::kBehind:
      return since_probe < options_.probe_grace ? Health::kAlive : Health::kDead;
    case Probe::kFailed:
      return Health::kDead;
  }
  return Health::kAlive;
}

void SymbolBook::ask_probe() {
  if (!probe_budget_.take(1, loop_.now())) return;
  probe_ = Probe::kAsked;
  probed_at_ = loop_.now();
  rest_.call("GET", kDepthPath, depth_query(kProbeLevels),
             [this, life = life_](const Answer& answer) { on_probe(life, answer); });
}

void SymbolBook::on_probe(std::uint64_t life, const Answer& answer) {
  if (life != life_ || probe_ != Probe::kAsked) return;  // A push came meanwhile.
  const auto snapshot = answer.verdict == Verdict::kDone
                            ? read_snapshot(answer.body, instrument_)
                            : error(ErrorCode::kUnreachable, answer.text());
  const Nanos age = loop_.now() - std::exchange(probed_at_, loop_.now());
  if (answer.verdict == Verdict::kLimited) {
    probe_ = Probe::kNone;  // Told to wait: proves nothing either way.
  } else if (!snapshot) {
    probe_ = Probe::kFailed;
  } else if (!book_.valid() || snapshot.value().version > book_.version()) {
    probe_ = Probe::kBehind;
  } else {
    probe_ = Probe::kNone;
    set_age(age);
    owner_.on_heard();
    emit_top();
  }
}

}  // namespace levi::mexc
