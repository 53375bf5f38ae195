#include "core/venue/mexc/private_stream.h"

#include <algorithm>
#include <utility>

#include "core/base/sabotage.h"
#include "core/venue/mexc/events.h"

namespace levi::mexc {
namespace {

constexpr const char* kKeyPath = "/api/v3/userDataStream";
constexpr Nanos kDealsGrace{250ms};
constexpr std::size_t kOrders = 0;  // channels by place
const std::vector<std::string>& channel_names() {
  static const std::vector<std::string> names{"spot@private.orders.v3.api.pb",
                                              "spot@private.deals.v3.api.pb"};
  return names;
}

Nanos look_period(Nanos limit) { return std::clamp<Nanos>(limit / 10, 5ms, 100ms); }

// It becomes part of a request's target.
bool is_usable_key(const std::string& key) {
  return !key.empty() && key.size() <= 256 && os::percent_encode(key) == key;
}

std::vector<std::string> keys_of(const Answer& answer) {
  std::vector<std::string> keys;
  if (answer.verdict != Verdict::kDone || !answer.body.is_object()) return keys;
  const auto listed = answer.body.find("listenKey");
  if (listed == answer.body.end() || !listed->is_array()) return keys;
  for (const auto& one : *listed) {
    if (one.is_string() && is_usable_key(one.get<std::string>())) keys.push_back(one);
  }
  return keys;
}

}  // namespace

PrivateStream::PrivateStream(os::Loop& loop, Rest& rest, const Instruments& instruments,
                             PrivateOptions options, std::uint64_t& ordinal,
                             std::uint64_t jitter_seed, Emit emit)
    : loop_(loop),
      rest_(rest),
      instruments_(instruments),
      options_(std::move(options)),
      ordinal_(ordinal),
      emit_(std::move(emit)),
      watch_({.silence_max = options_.data_age_max,
              .pause_max = 2 * look_period(options_.data_age_max)},
             loop.now()),
      random_(jitter_seed) {
  watch_.add(loop_.now());
}

PrivateStream::~PrivateStream() {
  for (const auto timer :
       {connect_timer_, extend_timer_, renew_timer_, look_timer_, leave_timer_, retire_timer_}) {
    loop_.cancel(timer);
  }
}

void PrivateStream::start() {
  if (std::exchange(running_, true)) return;
  down_since_ = loop_.now();
  detail_ = "connecting";
  connect();
  look_timer_ = loop_.after(look_period(options_.data_age_max), [this] { look(); });
}

void PrivateStream::stop() {
  if (!std::exchange(running_, false)) return;
  for (auto* timer :
       {&connect_timer_, &extend_timer_, &renew_timer_, &look_timer_, &leave_timer_}) {
    loop_.cancel(std::exchange(*timer, 0));
  }
  retire(std::move(socket_));
  retire(std::move(next_));
  retire(std::move(leaving_));
  up_ = false;
  detail_ = "stopped";
  const std::string key = std::exchange(listen_key_, {});
  // A key that was taken over may still be another core's: it ends by itself within the hour.
  if (key.empty() || !key_is_own_) return;
  rest_.signed_call("DELETE", kKeyPath, "listenKey=" + key, [](const Answer&) {});
}

// --- listen key and socket ---

void PrivateStream::connect() {
  connect_timer_ = 0;
  if (listen_key_.empty()) {
    ask_key();
  } else {
    socket_ = open_socket();
  }
}

void PrivateStream::ask_key() {
  rest_.signed_call("POST", kKeyPath, "", [this](const Answer& answer) { on_key(answer); });
}

void PrivateStream::on_key(const Answer& answer) {
  if (!running_ || socket_) return;
  const std::string key = text_field(answer.body, "listenKey");
  if (answer.verdict == Verdict::kDone && is_usable_key(key)) return use_key(key, true);
  detail_ = "no listen key: " + answer.text();
  if (answer.verdict == Verdict::kRejected) return take_over_key();
  reconnect_later();
}

// The venue allows 60 keys, and a core that was killed closes none: one of those serves as well.

void PrivateStream::take_over_key() {
  rest_.signed_call("GET", kKeyPath, "", [this](const Answer& answer) {
    if (!running_ || socket_) return;
    // Any of them: the same one again and again might be one that does not work.
    const auto keys = keys_of(answer);
    if (keys.empty()) return reconnect_later();
    use_key(keys[random_.below(keys.size())], false);
  });
}

void PrivateStream::use_key(const std::string& key, bool is_own) {
  listen_key_ = key;
  key_is_own_ = is_own;
  loop_.cancel(extend_timer_);
  extend_timer_ = loop_.after(options_.listen_key_extend, [this] { extend_key(); });
  socket_ = open_socket();
}

void PrivateStream::extend_key() {
  extend_timer_ = loop_.after(options_.listen_key_extend, [this] { extend_key(); });
  rest_.signed_call("PUT", kKeyPath, "listenKey=" + listen_key_, [this](const Answer& answer) {
    // Refused for good: the key is gone. A failed call is repeated long before the key ends.
    const bool is_gone =
        answer.verdict == Verdict::kRejected || answer.verdict == Verdict::kUnknownOrder;
    if (running_ && is_gone) on_invalid_key();
  });
}

void PrivateStream::on_invalid_key() {
  listen_key_.clear();
  loop_.cancel(std::exchange(extend_timer_, 0));
  lose(machine::FeedDownWhy::kRefused, "the listen key is no longer valid");
}

std::unique_ptr<MexcSocket> PrivateStream::open_socket() {
  const std::uint64_t ordinal = ++ordinal_;
  SocketOptions options = options_.socket;
  options.target += "?listenKey=" + listen_key_;
  SocketHandlers handlers;
  handlers.on_confirmed = [this, ordinal](std::size_t) { on_confirmed(ordinal); };
  handlers.on_push = [this](std::size_t channel, const auto& push) { on_push(channel, push); };
  handlers.on_invalid_listen_key = [this] { on_invalid_key(); };
  handlers.on_closed = [this, ordinal](auto why, const std::string& text) {
    on_closed(ordinal, why, text);
  };
  return std::make_unique<MexcSocket>(loop_, std::move(options), channel_names(), ordinal,
                                      std::move(handlers));
}

void PrivateStream::on_confirmed(std::uint64_t ordinal) {
  if (next_ && next_->ordinal() == ordinal) {
    if (!next_->all_confirmed()) return;
    leave(std::move(socket_));  // Both push for a moment: the machine drops repeats.
    socket_ = std::move(next_);
    renew_timer_ = loop_.after(options_.renew_after, [this] { renew(); });
    return;
  }
  if (socket_ && socket_->all_confirmed() && !up_) go_up();
}

void PrivateStream::go_up() {
  const MonoTime now = loop_.now();
  up_ = true;
  if (std::exchange(was_up_, true)) ++reconnects_;
  detail_.clear();
  push_awaited_ = false;
  missing_.clear();
  reconnect_.on_connected(now);
  loop_.cancel(renew_timer_);
  renew_timer_ = loop_.after(options_.renew_after, [this] { renew(); });
  machine::FeedUp event;
  event.source = venue::kPrivateSource;
  event.connection = socket_->ordinal();
  event.since_down = now - down_since_;
  emit_(event);
}

void PrivateStream::renew() {
  renew_timer_ = 0;
  next_ = open_socket();
}

void PrivateStream::on_closed(std::uint64_t ordinal, machine::FeedDownWhy why,
                              const std::string& text) {
  if (leaving_ && leaving_->ordinal() == ordinal) return retire(std::move(leaving_));
  if (next_ && next_->ordinal() == ordinal) {  // The replacement failed; the old one still works.
    retire(std::move(next_));
    renew_timer_ =
        loop_.after(std::min<Nanos>(options_.renew_after / 10, 60s), [this] { renew(); });
    return;
  }
  // A socket that never worked: perhaps its key does not any more.
  if (!up_) listen_key_.clear();
  lose(why, text);
}

void PrivateStream::lose(machine::FeedDownWhy why, const std::string& text) {
  const std::uint64_t ordinal = socket_ ? socket_->ordinal() : ordinal_;
  detail_ = text.empty() ? "the connection was lost" : text;
  loop_.cancel(std::exchange(renew_timer_, 0));
  retire(std::move(socket_));
  retire(std::move(next_));
  const bool was_up = std::exchange(up_, false);
  if (was_up) down_since_ = loop_.now();
  reconnect_later();
  if (was_up) emit_(machine::FeedDown{venue::kPrivateSource, {}, ordinal, why, {}});
}

void PrivateStream::reconnect_later() {
  if (!running_ || sabotaged(Defence::kReconnect) || connect_timer_ != 0) return;
  connect_timer_ = loop_.after(reconnect_.on_lost(loop_.now(), random_), [this] { connect(); });
}

void PrivateStream::leave(std::unique_ptr<MexcSocket> socket) {
  retire(std::move(leaving_));
  leaving_ = std::move(socket);
  loop_.cancel(leave_timer_);
  leave_timer_ = loop_.after(options_.overlap, [this] {
    leave_timer_ = 0;
    retire(std::move(leaving_));
  });
}

void PrivateStream::retire(std::unique_ptr<MexcSocket> socket) {
  if (!socket) return;
  socket->stop();
  frames_ += socket->frames();
  nonsense_ += socket->decode_errors();
  retired_.push_back(std::move(socket));
  if (retire_timer_ != 0) return;
  retire_timer_ = loop_.after(Nanos{0}, [this] {
    retire_timer_ = 0;
    retired_.clear();
  });
}

// --- pushes ---

void PrivateStream::on_push(std::size_t channel, const pb::PushDataV3ApiWrapper& push) {
  watch_.heard(0, loop_.now());
  push_awaited_ = false;
  const bool sensible = channel == kOrders ? on_order(push) : on_deal(push);
  if (!sensible) ++nonsense_;
}

bool PrivateStream::on_order(const pb::PushDataV3ApiWrapper& push) {
  if (!push.has_privateorders()) return false;
  const Instrument* instrument = instruments_.find(push.symbol());
  if (instrument == nullptr) return true;  // A symbol that we don't trade.
  const auto order = read_private_order(push.privateorders(), *instrument);
  if (!order) return false;
  const auto parts = options_.ids.own_order(order.value().client_id);
  if (parts) {
    emit_order(order.value(), *parts);
  } else if (!is_terminal(order.value().status)) {
    emit_(to_foreign(order.value()));
  }
  return true;
}

void PrivateStream::emit_order(const OrderRecord& order, const ClientOrderIdParts& parts) {
  const std::uint64_t sequence = parts.sequence.value;
  const bool is_first = pushed_[sequence % pushed_.size()] != sequence;
  pushed_[sequence % pushed_.size()] = sequence;
  if (is_first) learn(order.venue_order, parts);
  switch (order.status) {
    case machine::VenueStatus::kCanceled:
    case machine::VenueStatus::kPartlyCanceled:
      missing_.forget(sequence);  // The machine asks for what is missing, by `executed`.
      emit_(machine::VenueCanceled{parts.sequence, order.executed});
      return;
    case machine::VenueStatus::kNew:
      emit_(machine::VenueAck{parts.sequence, order.venue_order});
      return;
    default:
      // Fills come over the other channel. Watched here: a lost one would leave the order open.
      missing_.on_order(sequence, order, loop_.now());
      if (is_first) emit_(machine::VenueAck{parts.sequence, order.venue_order});
  }
}

bool PrivateStream::on_deal(const pb::PushDataV3ApiWrapper& push) {
  if (!push.has_privatedeals()) return false;
  const Instrument* instrument = instruments_.find(push.symbol());
  if (instrument == nullptr) return true;
  const auto trade = read_private_deal(push.privatedeals(), *instrument);
  if (!trade) return false;
  const auto parts = owner_of(trade.value());
  if (!parts) {
    deals_unattributed_ += trade.value().client_id.empty() ? 1 : 0;
    return true;
  }
  if (is_new_trade(trade.value().trade))
    missing_.on_deal(parts->sequence.value, trade.value().quantity, loop_.now());
  if (options_.on_trade) options_.on_trade(trade.value());
  emit_(to_fill(trade.value(), *parts));
  return true;
}

void PrivateStream::learn(const VenueOrderId& venue_order, const ClientOrderIdParts& order) {
  if (venue_order.empty()) return;
  if (named_.size() < kNamedMax) return named_.push_back({venue_order, order});
  named_[named_next_++ % kNamedMax] = {venue_order, order};
}

// The venue's own example of a deal has no client id. One that we can't give to an order of ours is
// a stranger's, or is asked for once its order's push counts more than the deals that came.
std::optional<ClientOrderIdParts> PrivateStream::owner_of(const TradeRecord& trade) const {
  if (!trade.client_id.empty()) return options_.ids.own_order(trade.client_id);
  const auto named = std::find_if(named_.begin(), named_.end(), [&](const Named& one) {
    return one.venue_order == trade.venue_order;
  });
  return named == named_.end() ? std::nullopt : std::optional(named->order);
}

// Counted twice, a deal would stand for another that never came.
bool PrivateStream::is_new_trade(const TradeId& trade) {
  const std::size_t hash = std::hash<std::string_view>{}(trade.view());
  if (std::find(trades_seen_.begin(), trades_seen_.end(), hash) != trades_seen_.end()) return false;
  trades_seen_[trades_next_++ % trades_seen_.size()] = hash;
  return true;
}

// --- the watchdog ---

void PrivateStream::expect(OrderSequence sequence) {
  const std::uint64_t number = sequence.value;
  if (!up_ || push_awaited_ || pushed_[number % pushed_.size()] == number) return;
  push_awaited_ = true;
  watch_.heard(0, loop_.now());
}

void PrivateStream::look() {
  look_timer_ = loop_.after(look_period(options_.data_age_max), [this] { look(); });
  const MonoTime now = loop_.now();
  for (const auto& late : missing_.take_late(now, kDealsGrace)) {
    const auto parts = options_.ids.own_order(late.order.client_id);
    if (parts) emit_(to_order_state(late.order, *parts));
  }
  if (!push_awaited_) watch_.heard(0, now);
  watch_.look(now);
  const bool is_dead = up_ && push_awaited_ && watch_.stale(0);
  if (is_dead && !sabotaged(Defence::kWatchdog)) {
    lose(machine::FeedDownWhy::kSilent, "an accepted order was not pushed");
  }
}

venue::FeedStatus PrivateStream::status() const {
  venue::FeedStatus status;
  status.name = "private";
  status.connected = up_;
  status.reconnects = reconnects_;
  status.frames = frames_;
  status.decode_errors = nonsense_;
  for (const auto* socket : {socket_.get(), leaving_.get()}) {
    status.frames += socket != nullptr ? socket->frames() : 0;
    status.decode_errors += socket != nullptr ? socket->decode_errors() : 0;
  }
  status.deals_unattributed = deals_unattributed_;
  status.detail = detail_;
  if (!socket_) return status;
  status.connection = socket_->ordinal();
  for (std::size_t i = 0; i < channel_names().size(); ++i) {
    status.subscriptions.push_back(
        {channel_names()[i], up_ && socket_->is_confirmed(i), socket_->last_frame(i)});
  }
  return status;
}

}  // namespace levi::mexc
