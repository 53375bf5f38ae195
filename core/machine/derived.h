// Keeps the derived fields of State and the Indexes in step with the orders. Private to
// core/machine.
//
// Every change of an order goes through `change`, so that no counter can drift: a property test
// compares them with `rebuild` after random streams.
#pragma once

#include "core/machine/context.h"

namespace levi::machine::derived {

// What one order adds to its instrument, the totals and the indexes.
struct Share {
  bool open = false;
  bool unknown = false;
  bool unsettled = false;  // terminal, fills missing
  Quantity pending;        // what fills may still add
};
Share share_of(const Order& order);

void replace(Context& context, const Order& order, const Share& before, const Share& after);

// `changer(order)` may set anything but what identifies the order.
template <class Changer>
void change(Context& context, Order& order, Changer&& changer) {
  const Share before = share_of(order);
  changer(order);
  order.changed = context.now();
  replace(context, order, before, share_of(order));
}

void added(Context& context, const Order& order);
// The position of `instrument` changed from `before`.
void position_changed(State& state, const Instrument& instrument, Quantity before);
// Drops the oldest settled orders beyond kTerminalOrdersKept, some at a time.
void retire(Context& context);
void rebuild(State& state, Indexes& indexes);

}  // namespace levi::machine::derived
