// FlowStream: the orders of one symbol's invented market. Pure: the same seed gives the same
// orders, whatever anyone else does in the book.
//
// A fair price walks at random and is drawn back towards where it began, so that a run of days
// stays near it. Makers place limit orders around it, takers cross the spread with immediate ones.
// Old makers end up on the wrong side of the fair price and are hit: that is where trades, and a
// quoter's fills, come from.
#pragma once

#include <cstdint>

#include "core/base/random.h"
#include "exchange/matching/types.h"

namespace levi::exchange {

struct FlowOrder {
  OrderType type = OrderType::kLimit;  // kLimit by a maker, kImmediateOrCancel by a taker
  Side side = Side::kBuy;
  Price price;
  Quantity quantity;
  friend bool operator==(const FlowOrder&, const FlowOrder&) = default;
};

class FlowStream {
 public:
  FlowStream(const SymbolSpec& spec, std::uint64_t seed);
  FlowOrder next();
  Price fair() const { return fair_; }

 private:
  void walk();
  FlowOrder make();
  FlowOrder take();
  Side side() { return random_.below(2) == 0 ? Side::kBuy : Side::kSell; }
  // A quantity that is worth between `from` and `to` whole units of the quote asset.
  Quantity worth(std::uint64_t from, std::uint64_t to);

  SymbolSpec spec_;
  Random random_;
  Price fair_;
  std::int64_t tick_;  // price steps: half a basis point of the first price
};

}  // namespace levi::exchange
