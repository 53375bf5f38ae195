// MarketFlow: places the flow's orders in the books, from an account of its own.
//
// Owned by the exchange, one thread; the engine outlives it. Each symbol keeps at most kRestingMax
// makers a side: a new one sends the oldest away. Walls far from the price keep either side from
// ever being empty; what a client eats of them is put back by `replenish`, which draws no
// randomness, so that the stream stays the same.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "exchange/flow/flow_stream.h"
#include "exchange/matching/engine.h"

namespace levi::exchange {

class MarketFlow {
 public:
  static constexpr std::size_t kRestingMax = 120;  // a side, walls not counted
  static constexpr int kWarmUpEvents = 600;        // a symbol, before the first client is let in

  MarketFlow(MatchingEngine& engine, std::uint64_t seed);
  void warm_up(Instant now);
  void step(SymbolId symbol, Instant now);       // one event
  void replenish(SymbolId symbol, Instant now);  // after a client took from the book
  AccountId account() const { return account_; }
  Price fair(SymbolId symbol) const { return markets_.at(symbol.value).stream.fair(); }
  std::uint64_t events() const { return events_; }

 private:
  struct Resting {
    std::deque<OrderId> makers;
    std::vector<OrderId> walls;
  };
  struct Market {
    FlowStream stream;
    Resting bids;
    Resting asks;
  };

  void put_walls(SymbolId symbol, Side side, Instant now);
  OrderId place(SymbolId symbol, const FlowOrder& order, Instant now);

  MatchingEngine& engine_;
  AccountId account_;
  std::vector<Market> markets_;
  std::uint64_t events_ = 0;
};

}  // namespace levi::exchange
