// Fills: deduplicated, added up against what the venue executed, booked.
#include <algorithm>

#include "core/machine/derived.h"
#include "core/machine/engines.h"
#include "core/machine/flatten.h"
#include "core/machine/latch_rules.h"
#include "core/machine/orders.h"
#include "core/machine/positions.h"
#include "core/machine/reconcile.h"

namespace levi::machine::orders {
namespace {

bool contradicts(const Order& order, const VenueFill& fill) {
  return order.symbol != fill.symbol || order.side != fill.side ||
         (fill.incarnation.value != 0 && fill.incarnation != order.incarnation);
}

// The state after a fill that leaves `filled` in total.
OrderState after_fill(const Order& order) {
  if (order.quantity.value != 0 && order.filled >= order.quantity) return OrderState::kFilled;
  switch (order.state) {
    case OrderState::kInFlight:
    case OrderState::kOpen:
    case OrderState::kPartlyFilled:
      return OrderState::kPartlyFilled;
    case OrderState::kRejected:
    case OrderState::kUnsent:
      return OrderState::kUnknown;  // a sign of life
    // That it has a fill does not say whether the rest still stands: only an answer ends `unknown`.
    case OrderState::kUnknown:
    case OrderState::kFilled:
    case OrderState::kCanceled:
      return order.state;
  }
  return order.state;
}

void book(Context& context, Order& order, const VenueFill& fill) {
  Instrument& instrument = context.state.instruments[order.symbol.value];
  if (positions::apply_fill(context, instrument, fill.side, fill.price, fill.quantity, fill.fee)) {
    positions::check_daily_loss(context);
    return;
  }
  const Text what = text("the money of a fill of order ", order.sequence.value,
                         " does not fit: it is not booked");
  context.alert(AlertKind::kMoneyOverflow, what);
  latch_rules::want_seal(context, latch::Holder::kReconcile, what);
}

void apply(Context& context, Order& order, const VenueFill& fill) {
  const bool was_dead = order.state == OrderState::kRejected || order.state == OrderState::kUnsent;
  if (is_terminal(order.state)) ++context.state.counters.fills_late;
  if (order.quantity.value != 0 && order.filled + fill.quantity > order.quantity) {
    contradiction(context, order, "was filled beyond its quantity");
  }
  derived::change(context, order, [&](Order& o) {
    o.trades.push_back(fill.trade);
    o.filled += fill.quantity;
    o.executed_venue = std::max(o.executed_venue, o.filled);
    o.state = after_fill(o);
  });
  ++context.state.counters.fills;
  if (order.kind == OrderKind::kFlatten)
    flatten::on_fill(context.state.instruments[order.symbol.value]);
  book(context, order, fill);
  notify(context, order, OrderUpdateKind::kFilled, fill.price, fill.quantity);
  engines::tell_position(context, order.symbol, order.engine);
  if (!was_dead) return;
  contradiction(context, order, "was thought dead and is filled");
  if (order.state == OrderState::kUnknown) ask(context, order);
}

}  // namespace

void on_fill(Context& context, const VenueFill& event) {
  Counters& counters = context.state.counters;
  Order* order = find_order(context.state, event.sequence);
  if (order == nullptr) order = reconcile::adopt(context, event);
  if (order == nullptr) {
    // Retired: it had all its fills, so this is a repeat.
    ++(event.sequence <= context.state.sequence_last ? counters.fills_duplicate : counters.ignored);
    return;
  }
  if (contradicts(*order, event))
    return contradiction(context, *order, "and a fill of it contradict each other");
  if (std::find(order->trades.begin(), order->trades.end(), event.trade) != order->trades.end()) {
    ++counters.fills_duplicate;
    return;
  }
  if (order->trades.size() >= kTradesPerOrderMax ||
      event.quantity.value > kCountMax - order->filled.value) {
    return contradiction(context, *order, "has more fills than can be");
  }
  apply(context, *order, event);
}

}  // namespace levi::machine::orders
