#include "core/machine/orders.h"

#include <algorithm>

#include "core/machine/derived.h"
#include "core/machine/latch_rules.h"
#include "core/machine/reconcile.h"

namespace levi::machine::orders {
namespace {

using derived::change;

bool thought_dead(const Order& order) {
  return order.state == OrderState::kRejected || order.state == OrderState::kUnsent;
}

void to_unknown(Context& context, Order& order) {
  change(context, order, [](Order& o) {
    o.state = OrderState::kUnknown;
    o.queries = 0;
  });
}

void to_live(Context& context, Order& order, const VenueOrderId& venue_order) {
  change(context, order, [&](Order& o) {
    o.state = o.filled.value > 0 ? OrderState::kPartlyFilled : OrderState::kOpen;
    if (!venue_order.empty()) o.venue_order = venue_order;
  });
  notify(context, order, OrderUpdateKind::kOpen, order.price, order.quantity);
}

// What the venue says was executed: never below what we have seen, never above what was ordered.
Quantity plausible(const Order& order, Quantity executed) {
  if (order.quantity.value == 0)
    return std::max(order.filled, executed);  // adopted by a fill: not known yet
  return std::max(order.filled, std::min(executed, order.quantity));
}

void to_terminal(Context& context, Order& order, OrderState state, Quantity executed) {
  const bool was_live = !is_terminal(order.state);
  change(context, order, [&](Order& o) {
    o.executed_venue = std::max(o.executed_venue, plausible(o, executed));
    o.state = state == OrderState::kCanceled && o.executed_venue == o.quantity ? OrderState::kFilled
                                                                               : state;
    o.queries = 0;
  });
  if (!was_live || order.state == OrderState::kFilled) return;
  const auto kind =
      state == OrderState::kCanceled ? OrderUpdateKind::kCanceled : OrderUpdateKind::kRejected;
  notify(context, order, kind, order.price, order.quantity - order.executed_venue);
}

void on_found(Context& context, Order& order, const VenueOrderState& event) {
  if (thought_dead(order)) contradiction(context, order, "was thought dead and is at the venue");
  if (order.state == OrderState::kFilled || order.state == OrderState::kCanceled)
    return;  // an older answer
  const bool was_unknown =
      order.state != OrderState::kOpen && order.state != OrderState::kPartlyFilled;
  change(context, order, [&](Order& o) {
    const bool missed = misses_fills(o);
    o.executed_venue = std::max(o.executed_venue, plausible(o, event.executed));
    if (!missed && misses_fills(o)) {
      o.queries = 0;
      o.asked = context.now();  // they may be on their way: as if we had just asked
    }
    o.state = o.executed_venue.value > 0 ? OrderState::kPartlyFilled : OrderState::kOpen;
    if (!event.venue_order.empty()) o.venue_order = event.venue_order;
  });
  if (was_unknown) notify(context, order, OrderUpdateKind::kOpen, order.price, order.quantity);
}

void on_not_found(Context& context, Order& order, bool final) {
  if (!final || is_terminal(order.state)) return;
  // One that was acknowledged or filled did exist: the venue has forgotten it, so it can't be open.
  const bool existed = order.filled.value > 0 || !order.venue_order.empty();
  to_terminal(context, order, existed ? OrderState::kCanceled : OrderState::kRejected,
              order.filled);
}

}  // namespace

bool place(Context& context, Order order) {
  State& state = context.state;
  if (state.sequence_last.value >= kSequenceMax) return false;
  order.sequence = {++state.sequence_last.value};
  order.incarnation = state.started.incarnation;
  order.state = OrderState::kInFlight;
  order.created = order.changed = context.now();
  const auto placed =
      state.orders.emplace_hint(state.orders.end(), order.sequence.value, std::move(order));
  const Order& stored = placed->second;
  derived::added(context, stored);
  ++state.counters.orders_sent;
  context.emit(SendOrder{stored.sequence, stored.kind, stored.symbol, stored.side, stored.type,
                         stored.price, stored.quantity});
  return true;
}

void request_cancel(Context& context, Order& order) {
  if (is_terminal(order.state)) return;
  order.cancel_requested = true;
  order.cancel_asked = context.now();
  context.emit(CancelOrder{order.sequence, order.symbol, order.incarnation, order.kind});
}

void cancel_of_engine(Context& context, EngineId engine, EngineIncarnation younger) {
  for (const std::uint64_t sequence : context.indexes.pending) {
    Order& order = context.state.orders.at(sequence);
    if (order.engine == engine && order.engine_incarnation < younger)
      request_cancel(context, order);
  }
}

Order* find_tagged(Context& context, EngineId engine, std::uint32_t tag) {
  if (engine.value >= context.indexes.tags.size()) return nullptr;
  for (const Indexes::Tag& entry : context.indexes.tags[engine.value]) {
    if (entry.tag == tag) return find_order(context.state, {entry.sequence});
  }
  return nullptr;
}

void on_ack(Context& context, const VenueAck& event) {
  Order* order = find_order(context.state, event.sequence);
  if (order == nullptr) {
    ++context.state.counters.ignored;
    return;
  }
  if (thought_dead(*order)) {
    contradiction(context, *order, "was thought dead and is acknowledged");
    to_unknown(context, *order);
    ask(context, *order);
  } else if (order->state == OrderState::kInFlight || order->state == OrderState::kUnknown) {
    to_live(context, *order, event.venue_order);
  } else if (order->venue_order.empty()) {
    order->venue_order = event.venue_order;
  }
}

void on_canceled(Context& context, const VenueCanceled& event) {
  Order* order = find_order(context.state, event.sequence);
  if (order == nullptr) {
    ++context.state.counters.ignored;
    return;
  }
  if (thought_dead(*order)) contradiction(context, *order, "was thought dead and is canceled");
  if (order->state == OrderState::kFilled) return;
  to_terminal(context, *order, OrderState::kCanceled, event.executed);
}

void on_rejected(Context& context, const VenueRejected& event) {
  Order* order = find_order(context.state, event.sequence);
  const bool plausible_now =
      order != nullptr && order->filled.value == 0 &&
      (order->state == OrderState::kInFlight || order->state == OrderState::kUnknown);
  if (!plausible_now) {
    ++context.state.counters.ignored;
    return;
  }
  ++context.state.counters.rejected;
  to_terminal(context, *order, OrderState::kRejected, Quantity{0});
}

void on_unknown(Context& context, const VenueUnknown& event) {
  Order* order = find_order(context.state, event.sequence);
  if (order == nullptr || order->state != OrderState::kInFlight) {
    ++context.state.counters.ignored;
    return;
  }
  ++context.state.counters.unknown;
  to_unknown(context, *order);
  notify(context, *order, OrderUpdateKind::kUnknown, order->price, order->quantity);
  ask(context, *order);
}

void on_unsent(Context& context, const OrderUnsent& event) {
  Order* order = find_order(context.state, event.sequence);
  if (order == nullptr || order->state != OrderState::kInFlight) {
    ++context.state.counters.ignored;
    return;
  }
  to_terminal(context, *order, OrderState::kUnsent, Quantity{0});
}

void on_state(Context& context, const VenueOrderState& event) {
  Order* order = find_order(context.state, event.sequence);
  if (order == nullptr) order = reconcile::adopt(context, event);
  if (order == nullptr) {
    ++context.state.counters.ignored;
    return;
  }
  if (event.incarnation.value != 0 && event.incarnation != order->incarnation) {
    return contradiction(context, *order, "has two incarnations");
  }
  if (order->quantity.value == 0 &&
      event.status !=
          VenueStatus::kNotFound) {  // adopted by a fill, which does not say how much was ordered
    change(context, *order, [&](Order& o) {
      o.quantity = std::max(event.quantity, o.filled);
      o.price = event.price;
      o.type = event.type;
    });
  }
  switch (event.status) {
    case VenueStatus::kNew:
    case VenueStatus::kPartlyFilled:
      return on_found(context, *order, event);
    case VenueStatus::kFilled:
      return on_canceled(context, {event.sequence, order->quantity});
    case VenueStatus::kCanceled:
    case VenueStatus::kPartlyCanceled:
      return on_canceled(context, {event.sequence, event.executed});
    case VenueStatus::kNotFound:
      return on_not_found(context, *order, event.not_found_final);
  }
}

void on_cancel_failed(Context& context, const CancelFailed& event) {
  Order* order = find_order(context.state, event.sequence);
  if (order == nullptr || is_terminal(order->state)) return;
  ask(context,
      *order);  // "unknown order" most likely means that it is gone: the venue shall say how
}

void all_unknown(Context& context) {
  for (const std::uint64_t sequence : context.indexes.pending) {
    Order& order = context.state.orders.at(sequence);
    if (!is_terminal(order.state)) to_unknown(context, order);
  }
}

void notify(Context& context, const Order& order, OrderUpdateKind kind, Price price,
            Quantity quantity) {
  if (order.engine == kNoEngine) return;
  const Quantity position = context.state.instruments[order.symbol.value].position.quantity;
  context.emit(EngineUpdate{order.engine, order.tag, kind, order.side, price, quantity, position});
}

void contradiction(Context& context, const Order& order, const char* what) {
  const Text message = text("order ", order.sequence.value, " ", what);
  context.alert(AlertKind::kReconcileUnsettled, message);
  latch_rules::want_seal(context, latch::Holder::kReconcile, message);
}

}  // namespace levi::machine::orders
