#include "core/venue/mexc/market_connection.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/sabotage.h"

namespace levi::mexc {
namespace {

enum ChannelOf : std::size_t { kDepth = 0, kTicker = 1, kDeals = 2 };

constexpr Nanos kQuietMax{30s};  // of ticker and deals
constexpr unsigned kLooksPerLimit = 10;
constexpr unsigned kPollsFailedMax = 3;
constexpr Nanos kPollSpacingMin{25ms};  // 40 a second: below the venue's 500 in 10 s

Nanos look_period(Nanos limit) { return std::clamp<Nanos>(limit / kLooksPerLimit, 5ms, 100ms); }

policy::StalenessLimits watch_limits(Nanos limit) {
  return {.silence_max = limit, .pause_max = 2 * look_period(limit)};
}

}  // namespace

MarketConnection::MarketConnection(Parts parts, MarketOptions options, SourceId source,
                                   std::vector<const Instrument*> instruments, Emit emit)
    : loop_(parts.loop),
      ordinal_(parts.ordinal),
      options_(std::move(options)),
      source_(source),
      emit_(std::move(emit)),
      watch_(watch_limits(options_.data_age_max), parts.loop.now()),
      lag_watch_(parts.rest, options_.data_age_max, options_.lag_max),
      random_(parts.jitter_seed) {
  LEVI_CHECK(!instruments.empty() && instruments.size() <= kSymbolsPerConnection);
  for (const Instrument* instrument : instruments) {
    const std::size_t depth = books_.size() * kChannelsPerSymbol + kDepth;
    SymbolBook::Owner owner;
    owner.emit = emit_;
    owner.on_building = [this] { on_building(); };
    owner.on_heard = [this, depth] { watch_.heard(depth, loop_.now()); };
    owner.on_hopeless = [this] {
      lose(machine::FeedDownWhy::kProtocol, "snapshots never join up with the pushes");
    };
    books_.push_back(std::make_unique<SymbolBook>(loop_, parts.rest, parts.probe_budget,
                                                  *instrument, source_, options_.book,
                                                  std::move(owner)));
    for (std::size_t i = 0; i < kChannelsPerSymbol; ++i) watch_.add(loop_.now());
  }
  channel_names_ = make_channel_names();
  fed_.assign(books_.size(), false);
}

MarketConnection::~MarketConnection() { stop(); }

void MarketConnection::start() {
  if (std::exchange(running_, true)) return;
  down_since_ = loop_.now();
  detail_ = "connecting";
  if (options_.use_websocket) {
    connect();
    look_timer_ = loop_.after(look_period(options_.data_age_max), [this] { look(); });
  } else {
    set_polling(true);
  }
}

void MarketConnection::stop() {
  if (!std::exchange(running_, false)) return;
  for (const auto timer :
       {connect_timer_, look_timer_, renew_timer_, poll_timer_, retire_timer_, finish_timer_}) {
    loop_.cancel(timer);
  }
  connect_timer_ = look_timer_ = renew_timer_ = poll_timer_ = retire_timer_ = finish_timer_ = 0;
  for (auto* socket : {&socket_, &next_}) {
    if (*socket) (*socket)->stop();
  }
  for (const auto& book : books_) book->start_over();
  up_ = polling_up_ = false;
  detail_ = "stopped";
}

// --- the socket's life ---

std::vector<std::string> MarketConnection::make_channel_names() const {
  std::vector<std::string> names;
  for (const auto& book : books_) {
    for (const char* stem : {"aggre.depth", "aggre.bookTicker", "aggre.deals"}) {
      names.push_back(std::string("spot@public.") + stem + ".v3.api.pb@" + options_.update_speed +
                      "@" + book->name());
    }
  }
  return names;
}

std::unique_ptr<MexcSocket> MarketConnection::open_socket() {
  const std::uint64_t ordinal = ++ordinal_;
  SocketHandlers handlers;
  handlers.on_confirmed = [this, ordinal](std::size_t channel) { on_confirmed(ordinal, channel); };
  handlers.on_push = [this, ordinal](std::size_t channel, const pb::PushDataV3ApiWrapper& push) {
    on_push(ordinal, channel, push);
  };
  handlers.on_closed = [this, ordinal](machine::FeedDownWhy why, const std::string& text) {
    on_closed(ordinal, why, text);
  };
  return std::make_unique<MexcSocket>(loop_, options_.socket, channel_names_, ordinal,
                                      std::move(handlers));
}

void MarketConnection::connect() {
  connect_timer_ = 0;
  socket_ = open_socket();
  fed_.assign(books_.size(), false);
  for (std::size_t i = 0; i < watch_.size(); ++i) watch_.heard(i, loop_.now());
}

// The socket's first word about this symbol: what polling left in the book can't be joined to it.
void MarketConnection::feed_by_socket(std::size_t symbol) {
  if (fed_[symbol]) return;
  fed_[symbol] = true;
  books_[symbol]->start_over();
}

void MarketConnection::on_confirmed(std::uint64_t ordinal, std::size_t channel) {
  watch_.heard(channel, loop_.now());
  const bool is_next = next_ && next_->ordinal() == ordinal;
  if (!is_next && channel % kChannelsPerSymbol == kDepth) build_from(channel / kChannelsPerSymbol);
}

// A quiet symbol pushes nothing for long: its book then comes from the snapshot alone.
void MarketConnection::build_from(std::size_t symbol) {
  feed_by_socket(symbol);
  if (!books_[symbol]->is_valid()) books_[symbol]->fetch_snapshot_soon();
}

void MarketConnection::on_push(std::uint64_t ordinal, std::size_t channel,
                               const pb::PushDataV3ApiWrapper& push) {
  watch_.heard(channel, loop_.now());
  const bool is_next = next_ && next_->ordinal() == ordinal;
  LEVI_CHECK(is_next || socket_);
  const std::size_t symbol = channel / kChannelsPerSymbol;
  if (is_next && channel % kChannelsPerSymbol == kDepth && !joined_[symbol]) {
    // Until it joins, the old socket alone builds the book: nothing of this push is needed.
    if (!push.has_publicaggredepths() || !books_[symbol]->joins(push.publicaggredepths())) return;
    join(symbol);
  }
  feed_by_socket(symbol);
  if (!handle(channel, push)) ++nonsense_;
}

bool MarketConnection::handle(std::size_t channel, const pb::PushDataV3ApiWrapper& push) {
  SymbolBook& book = *books_[channel / kChannelsPerSymbol];
  switch (channel % kChannelsPerSymbol) {
    case kDepth:
      return push.has_publicaggredepths() &&
             book.on_depth(push.publicaggredepths(), lag_watch_.age_of(push));
    case kDeals:
      if (lag_watch_.age_of(push) > options_.data_age_max)
        return push.has_publicaggredeals();  // no news
      return push.has_publicaggredeals() && book.on_deals(push.publicaggredeals());
    default:
      return push.has_publicaggrebookticker();  // The book itself gives the top: liveness only.
  }
}

Nanos MarketConnection::lag() const {
  Nanos most{0};
  for (const auto& book : books_) most = std::max(most, book->lag());
  return most;
}

void MarketConnection::on_building() {
  if (up_ || !socket_) return;
  const MonoTime now = loop_.now();
  up_ = true;
  polling_up_ = false;
  if (std::exchange(was_up_, true)) ++reconnects_;
  detail_.clear();
  reconnect_.on_connected(now);
  machine::FeedUp event;
  event.source = source_;
  event.connection = socket_->ordinal();
  event.since_down = now - down_since_;
  emit_(event);
  loop_.cancel(renew_timer_);
  renew_timer_ = loop_.after(options_.renew_after, [this] { renew(); });
}

void MarketConnection::on_closed(std::uint64_t ordinal, machine::FeedDownWhy why,
                                 const std::string& text) {
  if (next_ && next_->ordinal() == ordinal) {  // The replacement failed; the old one still works.
    retire(std::move(next_));
    renew_timer_ =
        loop_.after(std::min<Nanos>(options_.renew_after / 10, 60s), [this] { renew(); });
    return;
  }
  lose(why, text);
}

void MarketConnection::lose(machine::FeedDownWhy why, const std::string& text) {
  const std::uint64_t ordinal = socket_ ? socket_->ordinal() : ordinal_;
  detail_ = text.empty() ? "the connection was lost" : text;
  loop_.cancel(renew_timer_);
  renew_timer_ = 0;
  lag_watch_.forget();
  retire(std::move(socket_));
  for (const auto& book : books_) book->start_over();
  const bool was_up = std::exchange(up_, false);
  if (was_up) down_since_ = loop_.now();
  fed_.assign(books_.size(), false);
  if (next_) {
    adopt_next();
  } else {
    reconnect_later();
  }
  start_polling();
  if (was_up) emit_(machine::FeedDown{source_, {}, ordinal, why, {}});
}

// The replacement is on its way already: it is the next attempt, and some of it may be confirmed.
void MarketConnection::adopt_next() {
  socket_ = std::move(next_);
  for (std::size_t symbol = 0; symbol < books_.size(); ++symbol) {
    if (socket_->is_confirmed(symbol * kChannelsPerSymbol + kDepth)) build_from(symbol);
  }
}

void MarketConnection::reconnect_later() {
  if (sabotaged(Defence::kReconnect) || connect_timer_ != 0) return;
  const Nanos delay = reconnect_.on_lost(loop_.now(), random_);
  if (delay == Nanos{0}) return connect();  // Now: the handshake goes on while others are told.
  connect_timer_ = loop_.after(delay, [this] { connect(); });
}

void MarketConnection::retire(std::unique_ptr<MexcSocket> socket) {
  if (!socket) return;
  socket->stop();
  past_.frames += socket->frames();
  past_.decode_errors += socket->decode_errors();
  retired_.push_back(std::move(socket));
  if (retire_timer_ != 0) return;
  retire_timer_ = loop_.after(Nanos{0}, [this] {
    retire_timer_ = 0;
    retired_.clear();
  });
}

// --- renewal with an overlap ---

void MarketConnection::renew() {
  renew_timer_ = 0;
  joined_.assign(books_.size(), false);
  next_ = open_socket();
}

void MarketConnection::join(std::size_t symbol) {
  joined_[symbol] = true;
  const bool all = std::all_of(joined_.begin(), joined_.end(), [](bool one) { return one; });
  if (!all || finish_timer_ != 0) return;
  // Not here: the caller still handles this very push.
  finish_timer_ = loop_.after(Nanos{0}, [this, ordinal = next_->ordinal()] {
    finish_timer_ = 0;
    if (next_ && next_->ordinal() == ordinal) finish_renewal();
  });
}

void MarketConnection::finish_renewal() {
  retire(std::move(socket_));
  socket_ = std::move(next_);
  renew_timer_ = loop_.after(options_.renew_after, [this] { renew(); });
  machine::FeedUp event;  // Another connection, and nothing was missed: no FeedDown.
  event.source = source_;
  event.connection = socket_->ordinal();
  emit_(event);
}

// --- the watchdog ---

void MarketConnection::look() {
  look_timer_ = loop_.after(look_period(options_.data_age_max), [this] { look(); });
  if (sabotaged(Defence::kWatchdog)) return;
  const MonoTime now = loop_.now();
  watch_.look(now);
  if (socket_ && up_ && is_silent(now)) {
    lose(machine::FeedDownWhy::kSilent, "a subscription is silent while the venue's book moves on");
  } else if (lag_watch_.lasts(up_ ? lag() : Nanos{0}, now)) {
    lose(machine::FeedDownWhy::kSilent, lag_text(lag()));
  }
}

bool MarketConnection::is_silent(MonoTime now) {
  for (std::size_t channel = 0; channel < watch_.size(); ++channel) {
    const Nanos silence = watch_.silence(channel);
    if (channel % kChannelsPerSymbol == kDepth) {
      SymbolBook& book = *books_[channel / kChannelsPerSymbol];
      if (book.look(silence, options_.data_age_max) == SymbolBook::Health::kDead) return true;
    } else if (silence >= kQuietMax) {
      watch_.heard(channel, now);
      socket_->resubscribe(channel);
    }
  }
  return false;
}

// --- REST polling ---

void MarketConnection::set_polling(bool on) {
  polling_wanted_ = on || !options_.use_websocket;
  start_polling();
}

void MarketConnection::start_polling() {
  if (!polls() || poll_timer_ != 0) return;
  polls_failed_ = 0;
  poll_timer_ = loop_.after(Nanos{0}, [this] { poll_next(); });
}

void MarketConnection::poll_next() {
  poll_timer_ = 0;
  if (!polls()) {
    if (up_ || !std::exchange(polling_up_, false)) return;
    down_since_ = loop_.now();
    emit_(machine::FeedDown{source_, {}, ordinal_, machine::FeedDownWhy::kStopped, {}});
    return;
  }
  const Nanos spacing = std::max<Nanos>(
      options_.poll_every / static_cast<std::int64_t>(books_.size()), kPollSpacingMin);
  poll_timer_ = loop_.after(spacing, [this] { poll_next(); });
  const std::size_t symbol = poll_symbol_++ % books_.size();
  if (options_.use_websocket && fed_[symbol]) return;
  books_[symbol]->poll([this](bool usable) { on_polled(usable); });
}

void MarketConnection::on_polled(bool usable) {
  if (!polls()) return;
  if (usable) {
    polls_failed_ = 0;
    if (std::exchange(polling_up_, true)) return;
    machine::FeedUp event;
    event.source = source_;
    event.connection = ordinal_;
    event.since_down = loop_.now() - down_since_;
    event.polling = true;
    detail_ = "polling";
    emit_(event);
  } else if (++polls_failed_ >= kPollsFailedMax && std::exchange(polling_up_, false)) {
    down_since_ = loop_.now();
    detail_ = "polling, and the venue does not answer";
    emit_(machine::FeedDown{source_, {}, ordinal_, machine::FeedDownWhy::kRefused, {}});
  }
}

// --- the rest ---

void MarketConnection::resync(SymbolId symbol) {
  for (std::size_t i = 0; i < books_.size(); ++i) {
    // Before the socket's first word a snapshot would pass for its data; it brings one anyway.
    if (books_[i]->symbol() == symbol && fed_[i]) books_[i]->resync();
  }
}

void MarketConnection::add_to(venue::FeedStatus& status) const {
  status.connected = status.connected && up_;
  status.polling = status.polling || polling_up_;
  if (socket_) status.connection = std::max(status.connection, socket_->ordinal());
  status.reconnects += reconnects_;
  status.frames += past_.frames;
  status.decode_errors += past_.decode_errors + nonsense_;
  status.lag = std::max(status.lag, lag());
  const std::string detail = detail_.empty() && lag() > Nanos{0} ? lag_text(lag()) : detail_;
  if (status.detail.empty()) status.detail = detail;
  if (!socket_) return;
  status.frames += socket_->frames();
  status.decode_errors += socket_->decode_errors();
  for (std::size_t i = 0; i < channel_names_.size(); ++i) {
    const bool live =
        up_ && socket_->is_confirmed(i) &&
        (i % kChannelsPerSymbol != kDepth || (watch_.silence(i) < options_.data_age_max &&
                                              books_[i / kChannelsPerSymbol]->lag() == Nanos{0}));
    status.subscriptions.push_back({channel_names_[i], live, socket_->last_frame(i)});
  }
}

}  // namespace levi::mexc
