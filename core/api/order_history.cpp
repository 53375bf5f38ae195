#include "core/api/order_history.h"

#include <algorithm>

namespace levi::api {
namespace {

// The machine lets the oldest settled orders go; unsettled ones below those say nothing about what
// stood between them.
std::uint64_t oldest_unbroken(const machine::State& state) {
  for (const auto& [sequence, order] : state.orders) {
    if (machine::is_settled(order)) return sequence;
  }
  return state.orders.empty() ? state.sequence_last.value + 1 : state.orders.begin()->first;
}

}  // namespace

PastOrder past_order(const machine::Order& order) {
  return {order.sequence, order.incarnation, order.kind, order.state};
}

OrderHistory::OrderHistory(const machine::State& state)
    : dropped_through_(oldest_unbroken(state) - 1) {}

void OrderHistory::add(const machine::Order& order) {
  // One that was settled late goes late: behind younger ones, but not far.
  const auto place =
      std::upper_bound(orders_.begin(), orders_.end(), order.sequence.value,
                       [](std::uint64_t n, const PastOrder& o) { return n < o.sequence.value; });
  orders_.insert(place, past_order(order));
  if (orders_.size() <= kPastOrdersKept) return;
  dropped_through_ = std::max(dropped_through_, orders_.front().sequence.value);
  orders_.pop_front();
}

}  // namespace levi::api
