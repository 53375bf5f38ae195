#include "core/machine/risk.h"

#include <algorithm>

#include "core/machine/market_data.h"
#include "core/machine/orders.h"

namespace levi::machine::risk {
namespace {

__extension__ typedef __int128 Wide;

Refusal judge_trading(const State& state) {
  if (state.trading != TradingState::kHalted) return Refusal::kNone;
  constexpr std::uint32_t kDailyLossBit = 1u << static_cast<unsigned>(latch::Holder::kDailyLoss);
  const std::uint32_t holders = state.latch().holders() | state.seals_wanted;
  if (holders == kDailyLossBit) return Refusal::kDailyLoss;
  return state.latch().sealed() || holders != 0 ? Refusal::kHalted : Refusal::kReconciling;
}

Refusal judge_data(const State& state, const Instrument& instrument, const Intent& intent) {
  const Price opposite =
      intent.side == Side::kBuy ? instrument.top.ask_price : instrument.top.bid_price;
  const bool unpriced = intent.type == OrderType::kMarket && opposite.value == 0;
  if (!instrument.book_valid || unpriced) return Refusal::kPoisonedBook;
  const Nanos age_max = state.limits.data_age_max;
  const bool impossible = intent.tick_instant > state.now;
  if (impossible || state.now - intent.tick_instant > age_max ||
      state.now - instrument.last_data > age_max) {
    return Refusal::kStaleData;
  }
  return Refusal::kNone;
}

// What one unit may come to cost: the worse of the order's own price and the market's.
Price reference_price(const Instrument& instrument, const Intent& intent) {
  const Price market = std::max(instrument.top.bid_price, instrument.top.ask_price);
  return intent.type == OrderType::kMarket ? market : std::max(intent.price, market);
}

Refusal judge_size(const Instrument& instrument, const Intent& intent) {
  const InstrumentDefined& definition = instrument.definition;
  const bool priced = intent.type != OrderType::kMarket;
  if (intent.quantity < definition.quantity_min || intent.quantity.value <= 0)
    return Refusal::kBelowMinimum;
  if (priced && intent.price.value <= 0) return Refusal::kBelowMinimum;
  const Price price = priced ? intent.price : reference_price(instrument, intent);
  const auto worth =
      notional(price, intent.quantity, definition.price_exponent, definition.quantity_exponent);
  if (!worth) return Refusal::kOverflow;
  return worth.value() < definition.notional_min ? Refusal::kBelowMinimum : Refusal::kNone;
}

Quantity pending_of(const Instrument& instrument, Side side) {
  return side == Side::kBuy ? instrument.buy_pending : instrument.sell_pending;
}

Refusal judge_exposure(const State& state, const Instrument& instrument, const Intent& intent) {
  if (pending_of(instrument, intent.side).value < 0) return Refusal::kOverflow;
  if (state.open_orders >= state.limits.open_orders_max) return Refusal::kOpenOrders;
  if (only_reduces(instrument, intent.side, intent.quantity)) return Refusal::kNone;
  if (state.trading == TradingState::kReducing) return Refusal::kReducing;
  if (market_data::private_feed_lost(state)) return Refusal::kStaleData;
  const bool free = instrument.position.quantity.value == 0 && instrument.open_orders == 0 &&
                    instrument.unsettled_orders == 0;
  if (free && state.occupied_symbols >= state.limits.open_positions_max)
    return Refusal::kOpenPositions;
  const Wide sign = intent.side == Side::kBuy ? 1 : -1;
  const Wide worst = sign * instrument.position.quantity.value +
                     pending_of(instrument, intent.side).value + intent.quantity.value;
  if (worst > kCountMax) return Refusal::kOverflow;
  const auto exposure =
      notional(reference_price(instrument, intent), {static_cast<std::int64_t>(worst)},
               instrument.definition.price_exponent, instrument.definition.quantity_exponent);
  if (!exposure) return Refusal::kOverflow;
  return exposure.value() > state.limits.position_notional_max ? Refusal::kPositionSize
                                                               : Refusal::kNone;
}

void refuse(Context& context, Engine& engine, const Intent& intent, Refusal refusal) {
  ++context.state.counters.refused[static_cast<std::size_t>(refusal)];
  ++engine.refusals;
  Quantity position;
  if (const Instrument* instrument = find_instrument(context.state, engine.definition.symbol)) {
    position = instrument->position.quantity;
  }
  // A cancel of what is not there any more is answered as the engine needs it: that order is gone.
  const bool place = intent.kind == IntentKind::kPlace;
  context.emit(EngineUpdate{
      intent.engine, intent.tag, place ? OrderUpdateKind::kRejected : OrderUpdateKind::kCanceled,
      intent.side, intent.price, place ? intent.quantity : Quantity{0}, position});
}

void on_place(Context& context, Engine& engine, const Intent& intent) {
  State& state = context.state;
  Instrument* instrument = find_instrument(state, engine.definition.symbol);
  const bool running =
      engine.state == EngineState::kRunning || engine.state == EngineState::kStarting;
  Refusal refusal = Refusal::kNone;
  if (!running) {
    refusal = Refusal::kEngineNotRunning;
  } else if (orders::find_tagged(context, intent.engine, intent.tag) != nullptr) {
    refusal = Refusal::kDuplicate;
  } else {
    refusal = instrument == nullptr ? Refusal::kNotTradable : judge(state, *instrument, intent);
  }
  if (refusal != Refusal::kNone) return refuse(context, engine, intent, refusal);
  Order order;
  order.engine = intent.engine;
  order.engine_incarnation = intent.engine_incarnation;
  order.tag = intent.tag;
  order.symbol = engine.definition.symbol;
  order.side = intent.side;
  order.type = intent.type;
  order.price = intent.type == OrderType::kMarket ? Price{0} : intent.price;
  order.quantity = intent.quantity;
  if (!orders::place(context, order)) return refuse(context, engine, intent, Refusal::kOverflow);
  orders::notify(context, order, OrderUpdateKind::kAccepted, order.price, order.quantity);
}

}  // namespace

bool only_reduces(const Instrument& instrument, Side side, Quantity more) {
  const Quantity position = instrument.position.quantity;
  const bool against = side == Side::kBuy ? position.value < 0 : position.value > 0;
  const Wide magnitude = position.value < 0 ? -Wide{position.value} : Wide{position.value};
  return against && Wide{pending_of(instrument, side).value} + more.value <= magnitude;
}

Refusal judge(const State& state, const Instrument& instrument, const Intent& intent) {
  if (const Refusal trading = judge_trading(state); trading != Refusal::kNone) return trading;
  if (!instrument.definition.tradable) return Refusal::kNotTradable;
  if (const Refusal size = judge_size(instrument, intent); size != Refusal::kNone) return size;
  if (instrument.unknown_orders != 0) return Refusal::kUnknownPending;
  if (const Refusal data = judge_data(state, instrument, intent); data != Refusal::kNone)
    return data;
  return judge_exposure(state, instrument, intent);
}

void on_intent(Context& context, const Intent& event) {
  Counters& counters = context.state.counters;
  Engine* engine = find_engine(context.state, event.engine);
  if (engine == nullptr) {
    ++counters.refused[static_cast<std::size_t>(Refusal::kEngineNotRunning)];
    return;
  }
  // A dead incarnation's, or one seen before: its answer was given then.
  if (event.engine_incarnation != engine->incarnation ||
      event.intent_number <= engine->intents_seen) {
    ++counters.refused[static_cast<std::size_t>(Refusal::kDuplicate)];
    return;
  }
  engine->intents_seen = event.intent_number;
  switch (event.kind) {
    case IntentKind::kPlace:
      return on_place(context, *engine, event);
    case IntentKind::kSignal:
      ++counters.signals;
      return;
    case IntentKind::kCancel:
      break;
  }
  Order* order = orders::find_tagged(context, event.engine, event.tag);
  if (order == nullptr) return refuse(context, *engine, event, Refusal::kNoSuchOrder);
  orders::request_cancel(context, *order);
}

}  // namespace levi::machine::risk
