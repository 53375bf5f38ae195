#include "exchange/flow/market_flow.h"

#include <algorithm>
#include <array>

namespace levi::exchange {
namespace {

constexpr std::array<std::int64_t, 3> kWallPercent{5, 10, 20};  // away from the first price
constexpr std::int64_t kWallWorth = 500'000;                    // quote, each
constexpr std::int64_t kPurse = 1'000'000'000;                  // of every asset

}  // namespace

MarketFlow::MarketFlow(MatchingEngine& engine, std::uint64_t seed)
    : engine_(engine), account_(engine.open_account("market-flow", 0)) {
  for (std::size_t i = 0; i < engine.assets().size(); ++i) {
    engine.deposit(account_, AssetId{static_cast<std::uint16_t>(i)}, Money{kPurse * 100'000'000});
  }
  for (std::size_t i = 0; i < engine.symbols().size(); ++i) {
    markets_.push_back({FlowStream(engine.symbols()[i], derive_seed(seed, i)), {}, {}});
  }
}

void MarketFlow::warm_up(Instant now) {
  for (std::size_t i = 0; i < markets_.size(); ++i) {
    const SymbolId symbol{static_cast<std::uint16_t>(i)};
    replenish(symbol, now);
    for (int event = 0; event < kWarmUpEvents; ++event) step(symbol, now);
  }
}

void MarketFlow::step(SymbolId symbol, Instant now) {
  Market& market = markets_.at(symbol.value);
  ++events_;
  const FlowOrder order = market.stream.next();
  const OrderId id = place(symbol, order, now);
  if (order.type == OrderType::kLimit) {
    auto& makers = (order.side == Side::kBuy ? market.bids : market.asks).makers;
    makers.push_back(id);
    if (makers.size() > kRestingMax) {
      engine_.cancel(account_, makers.front(),
                     now);  // Filled long ago, or open: either way it goes.
      makers.pop_front();
    }
  }
  replenish(symbol, now);
}

void MarketFlow::replenish(SymbolId symbol, Instant now) {
  for (const Side side : {Side::kBuy, Side::kSell}) {
    if (engine_.book(symbol).levels(side).size() < kWallPercent.size())
      put_walls(symbol, side, now);
  }
}

void MarketFlow::put_walls(SymbolId symbol, Side side, Instant now) {
  const SymbolSpec& spec = engine_.symbol(symbol);
  Market& market = markets_.at(symbol.value);
  Resting& resting = side == Side::kBuy ? market.bids : market.asks;
  for (const OrderId wall : resting.walls) engine_.cancel(account_, wall, now);
  resting.walls.clear();
  const Money step =
      notional(spec.price_start, Quantity{1}, spec.price_exponent, spec.quantity_exponent).value();
  const Quantity quantity{kWallWorth * 100'000'000 / std::max<std::int64_t>(1, step.value)};
  for (const std::int64_t percent : kWallPercent) {
    const Price away{spec.price_start.value * percent / 100};
    const Price price = side == Side::kBuy ? spec.price_start - away : spec.price_start + away;
    resting.walls.push_back(place(symbol, {OrderType::kLimit, side, price, quantity}, now));
  }
}

OrderId MarketFlow::place(SymbolId symbol, const FlowOrder& order, Instant now) {
  NewOrder request;
  request.account = account_;
  request.symbol = symbol;
  request.side = order.side;
  request.type = order.type;
  request.price = order.price;
  request.quantity = order.quantity;
  return engine_.place(request, now).order.id;
}

}  // namespace levi::exchange
