#include "core/api/event_json.h"

#include <array>
#include <variant>

#include "core/latch/latch.h"
#include "core/machine/order_ids.h"

namespace levi::api {
namespace {

using control::Writer;
namespace m = machine;

// Writes the members of `data`, one overload a record type.
class Body {
 public:
  Body(Writer& out, const m::State& state) : out_(out), state_(state) {}

  void operator()(const m::Started& e) {
    out_.field("incarnation", e.incarnation.value).field("machine_version", e.machine_version);
    out_.field("boot_id", std::string_view(e.boot_id.data(), e.boot_id.size()));
    out_.field("instance", e.instance.view())
        .field("wall_ns", e.wall_ns)
        .field("mono_ns", e.mono_ns);
    out_.field("latch_word", e.latch_word);
  }
  void operator()(const m::Limits& e) {
    money("daily_loss_max", e.daily_loss_max);
    money("position_notional_max", e.position_notional_max);
    out_.field("open_positions_max", e.open_positions_max)
        .field("open_orders_max", e.open_orders_max);
    out_.field("data_age_max_ns", e.data_age_max.count()).field("restarts_max", e.restarts_max);
    out_.field("restart_window_ns", e.restart_window.count());
    out_.field("polling_after_ns", e.polling_after.count());
  }
  void operator()(const m::InstrumentDefined& e) {
    out_.field("symbol_id", e.symbol.value).field("symbol", e.name.view());
    out_.field("price_exponent", static_cast<int>(e.price_exponent));
    out_.field("quantity_exponent", static_cast<int>(e.quantity_exponent));
    decimal("quantity_min", e.quantity_min.value, e.quantity_exponent);
    money("notional_min", e.notional_min);
    out_.field("tradable", e.tradable);
  }
  void operator()(const m::EngineDefined& e) {
    out_.field("engine", e.engine.value).field("name", e.name.view());
    out_.field("strategy", e.strategy.view());
    symbol(e.symbol);
    out_.field("enabled", e.enabled);
  }
  void operator()(const m::TopOfBook& e) {
    source(e.source, e.symbol);
    out_.field("version", e.version);
    price("bid_price", e.symbol, e.bid_price);
    quantity("bid_quantity", e.symbol, e.bid_quantity);
    price("ask_price", e.symbol, e.ask_price);
    quantity("ask_quantity", e.symbol, e.ask_quantity);
  }
  void operator()(const m::Deal& e) {
    source(e.source, e.symbol);
    out_.field("aggressor", to_string(e.aggressor));
    price("price", e.symbol, e.price);
    quantity("quantity", e.symbol, e.quantity);
  }
  void operator()(const m::BookGap& e) {
    source(e.source, e.symbol);
    out_.field("expected_version", e.expected_version)
        .field("received_version", e.received_version);
  }
  void operator()(const m::FeedUp& e) {
    out_.field("source", e.source.value).field("feed", feed_of(e.source));
    out_.field("connection", e.connection).field("since_down_ns", e.since_down.count());
    out_.field("polling", e.polling);
  }
  void operator()(const m::FeedDown& e) {
    out_.field("source", e.source.value).field("feed", feed_of(e.source));
    out_.field("connection", e.connection).field("why", to_string(e.why));
  }
  void operator()(const m::Intent& e) {
    engine(e.engine);
    out_.field("engine_incarnation", e.engine_incarnation.value).field("number", e.intent_number);
    out_.field("kind", to_string(e.kind))
        .field("side", to_string(e.side))
        .field("order_type", to_string(e.type));
    const m::Engine* from = find_engine(state_, e.engine);
    const SymbolId traded = from != nullptr ? from->definition.symbol : SymbolId{m::kSymbolsMax};
    symbol(traded);
    price("price", traded, e.price);
    quantity("quantity", traded, e.quantity);
    out_.field("tag", e.tag).field("tick", e.tick).field("tick_instant_ns", e.tick_instant.ns);
  }
  void operator()(const m::EngineUp& e) {
    engine(e.engine);
    out_.field("engine_incarnation", e.engine_incarnation.value).field("pid", e.pid);
    out_.field("takeover", e.takeover)
        .field("image", e.image)
        .field("since_down_ns", e.since_down.count());
  }
  void operator()(const m::EngineDown& e) {
    engine(e.engine);
    out_.field("engine_incarnation", e.engine_incarnation.value).field("pid", e.pid);
    out_.field("why", to_string(e.why)).field("status", e.status);
  }
  void operator()(const m::VenueAck& e) {
    order(e.sequence);
    out_.field("venue_order_id", e.venue_order.view());
  }
  void operator()(const m::VenueFill& e) {
    order(e.sequence);
    symbol(e.symbol);
    out_.field("trade_id", e.trade.view()).field("side", to_string(e.side));
    price("price", e.symbol, e.price);
    quantity("quantity", e.symbol, e.quantity);
    money("fee", e.fee);
    out_.field("maker", e.maker);
  }
  void operator()(const m::VenueCanceled& e) {
    order(e.sequence);
    quantity("executed", symbol_of(e.sequence), e.executed);
  }
  void operator()(const m::VenueRejected& e) {
    order(e.sequence);
    out_.field("code", e.code).field("reason", e.reason.view());
  }
  void operator()(const m::VenueUnknown& e) {
    order(e.sequence);
    out_.field("why", to_string(e.why));
  }
  void operator()(const m::OrderUnsent& e) {
    order(e.sequence);
    out_.field("sealed", e.sealed);
  }
  void operator()(const m::VenueOrderState& e) {
    order(e.sequence);
    symbol(e.symbol);
    out_.field("status", to_string(e.status));
    quantity("executed", e.symbol, e.executed);
    out_.field("venue_order_id", e.venue_order.view()).field("not_found_final", e.not_found_final);
    out_.field("side", to_string(e.side)).field("order_type", to_string(e.type));
    price("price", e.symbol, e.price);
    quantity("quantity", e.symbol, e.quantity);
  }
  void operator()(const m::CancelFailed& e) {
    order(e.sequence);
    out_.field("code", e.code);
  }
  void operator()(const m::ForeignOrder& e) {
    symbol(e.symbol);
    out_.field("venue_order_id", e.venue_order.view()).field("client_id", e.client_id.view());
  }
  void operator()(const m::ReconcileStarted& e) { out_.field("since_ns", e.since.ns); }
  void operator()(const m::ReconcileDone& e) {
    out_.field("orders_checked", e.orders_checked).field("fills_added", e.fills_added);
    out_.field("unsettled", e.unsettled);
  }
  void operator()(const m::Command& e) {
    out_.field("request", e.request)
        .field("kind", to_string(e.kind))
        .field("actor", e.actor.view());
    out_.field("reason", e.reason.view()).field("epoch", e.epoch);
    if (e.kind == m::CommandKind::kResume) {
      out_.field("holder", e.holder < static_cast<std::uint32_t>(latch::Holder::kCount)
                               ? latch::to_string(static_cast<latch::Holder>(e.holder))
                               : "unknown");
    } else if (e.kind == m::CommandKind::kFlatten) {
      out_.field("all_symbols", e.all_symbols);
      symbol(e.symbol);
    } else if (e.kind != m::CommandKind::kCancelAll) {
      engine(e.engine);
    }
  }
  void operator()(const m::LatchSeen& e) {
    const latch::Word word{e.word};
    out_.field("word", e.word)
        .field("sequence_last", e.sequence_last)
        .field("sealed", word.sealed());
    out_.field("epoch", word.epoch());
    holders("holders", word);
    holders("holders_new", latch::Word{e.holders_new});
    out_.field("reason", e.reason.view()).field("actor", e.actor.view());
  }
  void operator()(const m::Timer&) { out_.field("kind", "second"); }
  void operator()(const m::ChaosMark& e) {
    out_.field("run", e.run.view()).field("scenario", e.scenario.view());
    out_.field("owner", e.owner.view()).field("begin", e.begin);
  }
  void operator()(const m::StoreState& e) {
    out_.field("behind", e.behind).field("lag_records", e.lag_records).field("why", e.why.view());
  }

 private:
  static const char* feed_of(SourceId source) {
    return source == m::kPrivateSource ? "private" : "market";
  }
  void source(SourceId id, SymbolId of) {
    out_.field("source", id.value);
    symbol(of);
  }
  void symbol(SymbolId id) {
    const m::Instrument* instrument = find_instrument(state_, id);
    out_.key("symbol");
    if (instrument != nullptr) {
      out_.quoted(instrument->definition.name.view());
    } else {
      out_.text("null");
    }
  }
  void engine(EngineId id) {
    const m::Engine* found = find_engine(state_, id);
    out_.field("engine", id.value);
    if (found != nullptr) out_.field("engine_name", found->definition.name.view());
  }
  void order(OrderSequence sequence) {
    out_.field("order", sequence.value);
    const auto found = state_.orders.find(sequence.value);
    if (found == state_.orders.end()) return;
    const ClientOrderId id =
        m::client_order_id(state_, found->second.kind, found->second.incarnation, sequence);
    out_.field("client_id", id.view());
  }
  SymbolId symbol_of(OrderSequence sequence) const {
    const auto found = state_.orders.find(sequence.value);
    return found == state_.orders.end() ? SymbolId{m::kSymbolsMax} : found->second.symbol;
  }
  void decimal(const char* name, std::int64_t value, int exponent) {
    std::array<char, 32> text;
    out_.field(name, std::string_view(text.data(), format_decimal(value, exponent, text.data())));
  }
  void steps(const char* name, std::int64_t value) {
    out_.key(name).text("null");
    std::array<char, 64> key;
    Writer built(key);
    built.text(name).text("_steps");
    out_.field(built.view(), value);
  }
  void price(const char* name, SymbolId id, Price value) {
    const m::Instrument* instrument = find_instrument(state_, id);
    if (instrument == nullptr) return steps(name, value.value);
    decimal(name, value.value, instrument->definition.price_exponent);
  }
  void quantity(const char* name, SymbolId id, Quantity value) {
    const m::Instrument* instrument = find_instrument(state_, id);
    if (instrument == nullptr) return steps(name, value.value);
    decimal(name, value.value, instrument->definition.quantity_exponent);
  }
  void money(const char* name, Money value) { decimal(name, value.value, kMoneyExponent); }
  void holders(const char* name, latch::Word word) {
    out_.key(name).text("[");
    for (unsigned i = 0; i < static_cast<unsigned>(latch::Holder::kCount); ++i) {
      const auto holder = static_cast<latch::Holder>(i);
      if (word.held_by(holder)) out_.comma_unless_first().quoted(latch::to_string(holder));
    }
    out_.text("]");
  }

  Writer& out_;
  const m::State& state_;
};

}  // namespace

void write_event(Writer& out, const journal::Record& record, const m::Event& event,
                 const m::State& state, std::optional<MonoTime> mono) {
  out.text("{").field("sequence", record.sequence.value).field("type", m::event_name(record.type));
  out.field("incarnation", record.incarnation.value).field("instant_ns", record.instant.ns);
  if (mono) {
    out.field("mono_ns", mono->ns);
  } else {
    out.key("mono_ns").text("null");  // its incarnation's start is no longer in the journal
  }
  out.key("data").text("{");
  std::visit(Body(out, state), event);
  out.text("}}");
}

const m::Instrument* find_instrument(const m::State& state, SymbolId symbol) {
  if (symbol.value >= state.instruments.size()) return nullptr;
  const m::Instrument& instrument = state.instruments[symbol.value];
  return instrument.defined ? &instrument : nullptr;
}

const m::Engine* find_engine(const m::State& state, EngineId engine) {
  if (engine.value >= state.engines.size()) return nullptr;
  const m::Engine& found = state.engines[engine.value];
  return found.defined ? &found : nullptr;
}

std::string price_text(const m::State& state, SymbolId symbol, Price price) {
  const m::Instrument* instrument = find_instrument(state, symbol);
  return format_decimal(price.value,
                        instrument != nullptr ? instrument->definition.price_exponent : 0);
}

std::string quantity_text(const m::State& state, SymbolId symbol, Quantity quantity) {
  const m::Instrument* instrument = find_instrument(state, symbol);
  return format_decimal(quantity.value,
                        instrument != nullptr ? instrument->definition.quantity_exponent : 0);
}

std::string money_text(Money money) { return format_decimal(money.value, kMoneyExponent); }

std::string symbol_text(const m::State& state, SymbolId symbol) {
  const m::Instrument* instrument = find_instrument(state, symbol);
  return instrument != nullptr ? instrument->definition.name.str() : std::string();
}

std::string engine_text(const m::State& state, EngineId engine) {
  const m::Engine* found = find_engine(state, engine);
  return found != nullptr ? found->definition.name.str() : std::string();
}

}  // namespace levi::api
