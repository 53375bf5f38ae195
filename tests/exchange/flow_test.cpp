#include <gtest/gtest.h>

#include <numeric>

#include "exchange/flow/market_flow.h"
#include "tests/exchange/recorder.h"

namespace levi::exchange {
namespace {

TEST(FlowStream, TheSameSeedGivesTheSameOrdersAndAnotherSeedOthers) {
  FlowStream one(test_symbol(), 7), same(test_symbol(), 7), other(test_symbol(), 8);
  int differing = 0;
  for (int i = 0; i < 1000; ++i) {
    const FlowOrder order = one.next();
    EXPECT_EQ(order, same.next());
    differing += order == other.next() ? 0 : 1;
  }
  EXPECT_GT(differing, 900);
}

TEST(FlowStream, TheFairPriceStaysNearItsStartForever) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    FlowStream stream(test_symbol(), seed);
    for (int i = 0; i < 300'000; ++i) {
      stream.next();
      const std::int64_t away = std::abs((stream.fair() - test_symbol().price_start).value);
      ASSERT_LT(away, test_symbol().price_start.value / 25) << "seed " << seed;
    }
  }
}

TEST(MarketFlow, NeitherSideIsEverEmptyAndOpenOrdersAreBounded) {
  for (const char* name : {"BTCUSDT", "SOLUSDT", "DOGEUSDT", "OTHERUSDT"}) {
    Recorder recorder;
    MatchingEngine engine({test_symbol(name)}, {}, recorder);
    MarketFlow flow(engine, 1);
    flow.warm_up(kNow);
    EXPECT_GT(recorder.fills.size(), 50u) << name;
    for (int i = 0; i < 5000; ++i) {
      flow.step(kSymbol, kNow);
      ASSERT_TRUE(engine.book(kSymbol).best_price(Side::kBuy));
      ASSERT_TRUE(engine.book(kSymbol).best_price(Side::kSell));
      ASSERT_LE(engine.account(flow.account()).open_count(), 2 * MarketFlow::kRestingMax + 6);
    }
  }
}

TEST(MarketFlow, ASideThatAClientEmptiesIsFilledAgain) {
  Recorder recorder;
  MatchingEngine engine({test_symbol()}, {}, recorder);
  MarketFlow flow(engine, 1);
  flow.warm_up(kNow);
  const AccountId whale = engine.open_account("whale", 100);
  engine.deposit(whale, engine.base_of(kSymbol), Money{1'000'000LL * 100'000'000});
  while (engine.book(kSymbol).best_price(Side::kBuy)) {
    NewOrder order{whale,       kSymbol,
                   Side::kSell, OrderType::kImmediateOrCancel,
                   Price{1000}, Quantity{50'000'000},
                   {},          {}};
    ASSERT_EQ(engine.place(order, kNow).reject, Reject::kNone);
  }
  flow.replenish(kSymbol, kNow);
  EXPECT_GE(engine.book(kSymbol).levels(Side::kBuy).size(), 3u);
}

// A quoter a few ticks away from the middle is what the market exists for.
TEST(MarketFlow, AQuoterNearTheMiddleGetsFillsOnBothSides) {
  Recorder recorder;
  MatchingEngine engine({test_symbol()}, {}, recorder);
  MarketFlow flow(engine, 3);
  flow.warm_up(kNow);
  const AccountId quoter = engine.open_account("quoter", 10'000);
  engine.deposit(quoter, engine.base_of(kSymbol), Money{10LL * 100'000'000});
  engine.deposit(quoter, engine.quote_of(kSymbol), Money{1'000'000LL * 100'000'000});
  int bought = 0, sold = 0;
  for (int round = 0; round < 100; ++round) {
    for (const Order& order : engine.open_orders(quoter)) engine.cancel(quoter, order.id, kNow);
    const Price bid = *engine.book(kSymbol).best_price(Side::kBuy);
    const Price ask = *engine.book(kSymbol).best_price(Side::kSell);
    for (const Side side : {Side::kBuy, Side::kSell}) {
      engine.place({quoter,
                    kSymbol,
                    side,
                    OrderType::kLimitMaker,
                    side == Side::kBuy ? bid : ask,
                    Quantity{1000},
                    {},
                    {}},
                   kNow);
    }
    for (int i = 0; i < 100; ++i) flow.step(kSymbol, kNow);  // about a second
  }
  for (const Fill& fill : engine.account(quoter).fills())
    (fill.side == Side::kBuy ? bought : sold)++;
  EXPECT_GT(bought, 30);
  EXPECT_GT(sold, 30);
}

}  // namespace
}  // namespace levi::exchange
