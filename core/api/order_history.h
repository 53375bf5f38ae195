// Orders that the machine has let go of, in short form: who follows full order flow from outside
// (a judge of ledgers) may be slower than the machine forgets, but not by half a minute.
//
// Owned by the Replica; API thread only. Bounded; what it drops, `oldest` tells.
#pragma once

#include <cstdint>
#include <deque>

#include "core/machine/state.h"

namespace levi::api {

inline constexpr std::size_t kPastOrdersKept = 200'000;  // 24 bytes each

struct PastOrder {
  OrderSequence sequence;
  Incarnation incarnation;
  OrderKind kind = OrderKind::kNormal;
  machine::OrderState state = machine::OrderState::kInFlight;
};
PastOrder past_order(const machine::Order& order);

class OrderHistory {
 public:
  // What `state` holds already is all that is known of before.
  explicit OrderHistory(const machine::State& state);

  void add(const machine::Order& order);

  // Every order from this sequence on is here or in the machine's state.
  std::uint64_t oldest() const { return dropped_through_ + 1; }
  const std::deque<PastOrder>& orders() const { return orders_; }  // by sequence

 private:
  std::deque<PastOrder> orders_;
  std::uint64_t dropped_through_ = 0;
};

}  // namespace levi::api
