#include "chaos/proxy/stage.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace levi::proxy {
namespace {

constexpr std::size_t kItemCost = 64;  // of one waiting item, beside its bytes

}  // namespace

Chain::Stage::Stage(Chain& chain, const ToxicEntry& entry, std::uint64_t seed)
    : chain_(chain), entry_(entry), toxic_(entry.type->make()), random_(derive_seed(seed, ~0ull)) {}

void Chain::Stage::start(const Meeting& meeting, std::size_t next) {
  Verdict verdict = toxic_->on_start(meeting, setting());
  set_ending(verdict);
  if (!verdict.replacement.empty()) {
    emit({.bytes = std::move(verdict.replacement), .at = meeting.now, .unit = Unit::kWsControl},
         meeting.now, next);
  }
  end_if_due(meeting.now, next);
}

void Chain::Stage::update(const Meeting& meeting, std::size_t next) {
  verdict_.reset();
  start(meeting, next);
  advance(meeting.now, next);
}

void Chain::Stage::accept(Item item, MonoTime now, std::size_t next) {
  if (closed_) return;
  hold(item);
  queue_.push_back(std::move(item));
  advance(now, next);
}

void Chain::Stage::advance(MonoTime now, std::size_t next) {
  while (!closed_ && !queue_.empty()) {
    if (!verdict_) judge();
    if (verdict_->release > now && !verdict_->drop && !verdict_->behind_next) break;
    let_out(now, next);
    end_if_due(now, next);
  }
  if (parked_ && parked_until_ <= now) unpark(now, next);
  end_if_due(now, next);
}

bool Chain::Stage::asks_about(const Item& item) const {
  return entry_.type->layer == Layer::kBytes || item.unit != Unit::kBytes;
}

void Chain::Stage::judge() {
  const Item& item = queue_.front();
  verdict_ = item.ending != Ending::kNone ? toxic_->on_end(item.at, setting()) : ask(item);
  set_ending(*verdict_);
}

Verdict Chain::Stage::ask(const Item& item) {
  if (!asks_about(item)) return {};
  const bool by_message = entry_.type->layer == Layer::kMessages;
  const bool data = item.unit != Unit::kWsControl;  // control frames come between the parts
  if (by_message && data && !item.begins) {
    return {.drop = item.ends ? std::exchange(dropping_, false) : dropping_};
  }
  const Chunk chunk{.bytes = std::string_view(item.bytes).substr(offset_),
                    .at = item.at,
                    .unit = item.unit,
                    .whole = item.begins && item.ends,
                    .message = item.message.get(),
                    .direction = chain_.direction_};
  Verdict verdict = toxic_->on_chunk(chunk, setting());
  LEVI_CHECK(verdict.bytes > 0 || chunk.bytes.empty());
  if (by_message) {
    verdict.bytes = kWholeChunk;
    if (data) dropping_ = verdict.drop && !item.ends;
  }
  return verdict;
}

void Chain::Stage::let_out(MonoTime now, std::size_t next) {
  Verdict verdict = std::move(*verdict_);
  verdict_.reset();
  Item item = cut_front(verdict.bytes);
  if (verdict.drop) {
    if (item.ending == Ending::kNone) chain_.sink_.on_dropped(entry_, item.bytes.size());
    if (!verdict.answer.empty()) {
      const bool close = std::exchange(ending_, Ending::kNone) != Ending::kNone;
      chain_.sink_.on_answer(item.message.get(), std::move(verdict.answer), close);
    }
    return;
  }
  const MonoTime due = std::max({item.at, verdict.release, last_out_});
  if (verdict.behind_next) {
    if (item.begins && item.ends && !parked_) {
      parked_until_ = verdict.release;
      hold(item);
      parked_ = std::move(item);
      return;
    }
  } else {
    last_out_ = due;
    if (verdict.release > item.at) chain_.sink_.on_delayed(entry_, due - item.at, now - item.at);
    item.at = due;
  }
  apply_to_message(std::move(item), std::move(verdict), now, next);
}

void Chain::Stage::apply_to_message(Item item, Verdict verdict, MonoTime now, std::size_t next) {
  if (item.ending != Ending::kNone) unpark(now, next);
  const bool whole = item.begins && item.ends && item.ending == Ending::kNone;
  const bool overtakes = item.unit == Unit::kWsMessage && item.ends && parked_;
  if (whole && !verdict.replacement.empty()) item.bytes = std::move(verdict.replacement);
  for (int copy = 1; whole && copy < verdict.copies; ++copy) emit(Item(item), now, next);
  emit(std::move(item), now, next);
  if (overtakes) unpark(now, next);
}

void Chain::Stage::unpark(MonoTime now, std::size_t next) {
  if (!parked_) return;
  Item item = std::move(*parked_);
  parked_.reset();
  parked_until_ = kNever;
  let_go(item.bytes.size(), true);
  item.at = std::max(item.at, last_out_);
  emit(std::move(item), now, next);
}

void Chain::Stage::emit(Item item, MonoTime now, std::size_t next) {
  chain_.feed(next, std::move(item), now);
}

void Chain::Stage::set_ending(const Verdict& verdict) {
  if (verdict.ending == Ending::kNone) return;
  ending_ = verdict.ending;
  ending_at_ = verdict.ending_at;
}

void Chain::Stage::end_if_due(MonoTime now, std::size_t next) {
  if (closed_ || ending_ == Ending::kNone || ending_at_ > now) return;
  closed_ = true;
  if (ending_ == Ending::kReset) {
    chain_.sink_.on_reset();
  } else {
    emit({.bytes = {}, .at = now, .ending = ending_}, now, next);
  }
}

MonoTime Chain::Stage::next_deadline() const {
  if (closed_) return kNever;
  MonoTime next = kNever;
  if (verdict_ && !queue_.empty()) next = verdict_->release;
  if (ending_ != Ending::kNone) next = std::min(next, ending_at_);
  if (parked_) next = std::min(next, parked_until_);
  return next;
}

std::deque<Item> Chain::Stage::take_queue() {
  std::deque<Item> items;
  if (parked_) {
    let_go(parked_->bytes.size(), true);
    items.push_back(std::move(*parked_));
    parked_.reset();
  }
  while (!queue_.empty()) items.push_back(cut_front(kWholeChunk));
  return items;
}

Item Chain::Stage::cut_front(std::size_t bytes) {
  Item& front = queue_.front();
  const std::size_t left = front.bytes.size() - offset_;
  if (bytes < left) {
    Item piece = {.bytes = front.bytes.substr(offset_, bytes),
                  .at = front.at,
                  .unit = Unit::kBytes,
                  .message = nullptr};
    offset_ += bytes;
    let_go(bytes, false);
    return piece;
  }
  Item item = std::move(front);
  queue_.pop_front();
  if (offset_ > 0) item.bytes.erase(0, offset_);
  offset_ = 0;
  let_go(item.bytes.size(), true);
  return item;
}

void Chain::Stage::hold(const Item& item) { chain_.held_ += item.bytes.size() + kItemCost; }

void Chain::Stage::let_go(std::size_t bytes, bool whole) {
  const std::size_t cost = bytes + (whole ? kItemCost : 0);
  LEVI_CHECK(chain_.held_ >= cost);
  chain_.held_ -= cost;
}

}  // namespace levi::proxy
