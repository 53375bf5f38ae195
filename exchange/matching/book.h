// Book: the price-time queues of one symbol. Orders at a better price come first; at one price, the
// earlier.
//
// Owned by the engine, one thread. It moves orders in and out of queues and keeps each level's
// total; it knows nothing of money, and matches nothing itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "exchange/matching/order_pool.h"

namespace levi::exchange {

class Book {
 public:
  struct Level {
    Quantity total;
    Slot first = kNoSlot;
    Slot last = kNoSlot;
    std::uint32_t orders = 0;
  };
  // Keyed by rank, so that the best level of either side comes first.
  using Levels = std::map<std::int64_t, Level>;

  explicit Book(OrderPool& pool) : pool_(pool) {}

  static std::int64_t rank(Side side, Price price) {
    return side == Side::kBuy ? -price.value : price.value;
  }
  static Price price_of(Side side, std::int64_t rank) {
    return Price{side == Side::kBuy ? -rank : rank};
  }

  void append(Slot slot);  // at the end of its level's queue
  void remove(Slot slot);
  void reduce(const Order& order, Quantity by);  // it keeps its place

  const Levels& levels(Side side) const { return side == Side::kBuy ? bids_ : asks_; }
  Slot best(Side side) const;  // kNoSlot when the side is empty
  std::optional<Price> best_price(Side side) const;
  Quantity total_at(Side side, Price price) const;

 private:
  Levels& levels(Side side) { return side == Side::kBuy ? bids_ : asks_; }

  OrderPool& pool_;
  Levels bids_;
  Levels asks_;
};

}  // namespace levi::exchange
