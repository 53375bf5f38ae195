#include "bench/trading_path.h"

namespace levi::bench {
namespace {

constexpr EngineId kEngine{0};
constexpr SymbolId kSymbol{0};
constexpr Incarnation kIncarnation{1};
constexpr const char* kInstance = "benchab";
constexpr unsigned kConnections = 8;
constexpr Nanos kSettle{300us};

journal::Writer open_writer(const journal::Paths& paths) {
  journal::Options options;
  options.identity = journal::Identity{InstanceId(kInstance), kIncarnation, true, false, {}};
  auto writer = journal::Writer::open(paths, options, {}, Incarnation{1});
  LEVI_CHECK(writer);
  return std::move(writer.value());
}

latch::Latch open_latch(const std::string& folder) {
  auto latch = latch::Latch::create(latch::latch_path(folder));
  LEVI_CHECK(latch && latch.value().release(latch::Holder::kNewInstance, 0));
  LEVI_CHECK(!latch.value().load().sealed());
  return std::move(latch.value());
}

mexc::OrderEncoder make_encoder(const os::Endpoint& venue) {
  auto encoder =
      mexc::OrderEncoder::create({venue.text(), "bench-key", "bench-secret-of-forty-characters-0",
                                  InstanceId(kInstance), kIncarnation, 2s});
  LEVI_CHECK(encoder);
  return std::move(encoder.value());
}

venue::OrderPoolOptions pool_options(const os::Endpoint& venue) {
  venue::OrderPoolOptions options;
  options.endpoint = venue;
  options.connections = kConnections;
  options.ping_request = "GET /api/v3/ping HTTP/1.1\r\nHost: bench\r\n\r\n";
  return options;
}

engine::HubOptions hub_options(bool spin) {
  engine::EngineConfig engine;
  engine.id = kEngine;
  engine.name = "bench";
  engine.symbol = "BTCUSDT";
  engine.symbol_id = kSymbol;
  engine.strategy = "quoter";
  engine.parameters = "levels=1;spread_bps=10;quantity=1;position_max=1000;requote_bps=1";
  engine.price_exponent = 2;
  engine::HubOptions options;
  options.engine_binary = os::own_executable_folder() + "/../bin/levi-engine";
  options.standby_count = 0;
  options.spin = spin;
  options.engines = {engine};
  return options;
}

}  // namespace

TradingPath::TradingPath(bool spin)
    : latch_(open_latch(memory_.path())),
      writer_(open_writer(paths_)),
      encoder_(make_encoder(venue_.endpoint)),
      pool_(loop_, latch_, pool_options(venue_.endpoint),
            {[this](const auto& ticket, const auto&) { on_answer(ticket); },
             [](const auto&, auto) { LEVI_CHECK(false); }, [] {}}) {
  auto hub = engine::EngineHub::start(loop_, hub_options(spin),
                                      [this](const machine::Event& event) { apply(event); });
  LEVI_CHECK(hub);
  hub_ = std::move(hub.value());
  loop_.each_round([this] {
    if (hub_) hub_->drain();
  });
  // As levid does it, after the supervisor's thread has started.
  (void)os::raise_priority(os::Priority::kTrading);
  pool_.open();
  until([this] { return pool_.open_count() == kConnections; });
  define();
  hub_->set_trading(true, now_);
}

void TradingPath::define() {
  machine::Started started;
  started.incarnation = kIncarnation;
  started.instance = kInstance;
  started.latch_word = latch_.load().raw;
  apply(started);
  machine::Limits limits;
  limits.position_notional_max = Money{1'000'000'00000000};
  limits.daily_loss_max = Money{1'000'000'00000000};
  limits.data_age_max = 60s;
  apply(limits);
  machine::InstrumentDefined definition;
  definition.symbol = kSymbol;
  definition.name = "BTCUSDT";
  definition.price_exponent = 2;
  definition.quantity_exponent = 6;
  definition.quantity_min = Quantity{1};
  apply(definition);
  instrument_.definition = definition;
  machine::EngineDefined engine;
  engine.engine = kEngine;
  engine.symbol = kSymbol;
  engine.name = "bench";
  engine.strategy = "quoter";
  apply(engine);
  apply(machine::ReconcileStarted{});
  apply(machine::ReconcileDone{});
  machine::FeedUp feed;
  feed.source = machine::kPrivateSource;
  apply(feed);
}

void TradingPath::apply(const machine::Event& event) {
  pending_.push_back(event);
  if (applying_) return;
  applying_ = true;
  machine::Effects effects;
  while (!pending_.empty()) {
    const machine::Event next = std::move(pending_.front());
    pending_.pop_front();
    LEVI_CHECK(machine::check(next));
    now_ = std::max(now_, os::wall_now());
    const auto type = machine::event_type(next);
    LEVI_CHECK(writer_.append(type, machine::event_bytes(next), now_).value != 0);
    effects.clear();
    machine_.step(next, now_, effects);
    for (const machine::Effect& effect : effects) carry_out(effect);
  }
  applying_ = false;
}

void TradingPath::carry_out(const machine::Effect& effect) {
  if (const auto* order = std::get_if<machine::SendOrder>(&effect)) return send(*order);
  if (const auto* cancel = std::get_if<machine::CancelOrder>(&effect))
    return to_cancel_.push_back(*cancel);
  if (const auto* update = std::get_if<machine::EngineUpdate>(&effect))
    return hub_->on_update(*update, now_);
  if (const auto* start = std::get_if<machine::StartEngine>(&effect))
    return hub_->start_engine(*start, now_);
}

void TradingPath::send(const machine::SendOrder& order) {
  const venue::OrderTicket ticket{order.sequence, order.kind, order.symbol,
                                  os::wall_now().ns / 1'000'000};
  const auto bytes = encoder_.encode(order, instrument_, ticket.signed_ms);
  LEVI_CHECK(pool_.send(ticket, 0, bytes) == venue::OrderPool::Sent::kWhole);
  ++outstanding_;
  if (sent_at_.ns == 0) sent_at_ = os::mono_now();
}

void TradingPath::on_answer(const venue::OrderTicket& ticket) {
  --outstanding_;
  const std::string id = "C02__" + std::to_string(ticket.sequence.value);
  apply(machine::VenueAck{ticket.sequence, std::string_view(id)});
}

// Everything is answered and confirmed, what that led to as well, and everyone sleeps.
void TradingPath::settle() {
  do {
    until([this] { return outstanding_ == 0; });
    for (const auto& cancel : std::exchange(to_cancel_, {}))
      apply(machine::VenueCanceled{cancel.sequence, {}});
    until([this] {
      const auto status = hub_->status(kEngine);
      return status.alive && status.ticks_handled == status.ticks_written;
    });
    const MonoTime end = os::mono_now() + kSettle;
    while (os::mono_now() < end) loop_.run_once(kSettle);
  } while (outstanding_ > 0 || !to_cancel_.empty());
}

Nanos TradingPath::tick() {
  settle();
  up_ = !up_;
  machine::TopOfBook top;
  top.symbol = kSymbol;
  top.version = ++version_;
  top.bid_price = Price{up_ ? 10'050'000 : 10'000'000};
  top.ask_price = top.bid_price + Price{10};
  top.bid_quantity = top.ask_quantity = Quantity{1};
  sent_at_ = {};
  const MonoTime received = os::mono_now();
  apply(top);
  hub_->on_top_of_book(top, now_);
  until([this] { return sent_at_.ns != 0; });
  return sent_at_ - received;
}

}  // namespace levi::bench
