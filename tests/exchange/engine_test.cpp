#include "exchange/matching/engine.h"

#include <gtest/gtest.h>

#include "tests/exchange/recorder.h"

namespace levi::exchange {
namespace {

class EngineTest : public ::testing::Test {
 protected:
  AccountId rich(const char* name, std::size_t orders_max = 1000) {
    const AccountId id = engine.open_account(name, orders_max);
    engine.deposit(id, engine.base_of(kSymbol), Money{100 * kUnit});
    engine.deposit(id, engine.quote_of(kSymbol), Money{10'000'000 * kUnit});
    return id;
  }

  // Prices in whole units, quantities in thousandths of a coin.
  MatchingEngine::Placed place(AccountId account, Side side, OrderType type, std::int64_t price,
                               std::int64_t thousandths, const char* client_id = "") {
    NewOrder order;
    order.account = account;
    order.symbol = kSymbol;
    order.side = side;
    order.type = type;
    order.price = Price{price * 100};
    order.quantity = Quantity{thousandths * 1000};
    order.client_id = client_id;
    return engine.place(order, kNow);
  }

  Balance base(AccountId id) { return engine.account(id).balance(engine.base_of(kSymbol)); }
  Balance quote(AccountId id) { return engine.account(id).balance(engine.quote_of(kSymbol)); }

  Recorder recorder;
  MatchingEngine engine{{test_symbol()}, {}, recorder};
  AccountId maker = rich("maker");
  AccountId taker = rich("taker");
};

TEST_F(EngineTest, ALimitOrderRestsAndLocksItsCost) {
  const auto placed = place(maker, Side::kBuy, OrderType::kLimit, 1000, 500);
  EXPECT_EQ(placed.reject, Reject::kNone);
  EXPECT_EQ(placed.order.status, OrderStatus::kNew);
  EXPECT_EQ(quote(maker).locked, Money{500 * kUnit});  // makers pay no fee: nothing more is held
  EXPECT_EQ(engine.book(kSymbol).best_price(Side::kBuy), Price{100'000});
}

TEST_F(EngineTest, ATradeIsAtTheRestingPriceAndTheTakerPaysTheFee) {
  place(maker, Side::kSell, OrderType::kLimit, 1000, 500);
  const auto placed = place(taker, Side::kBuy, OrderType::kLimit, 1010, 500);
  EXPECT_EQ(placed.order.status, OrderStatus::kFilled);
  EXPECT_EQ(placed.order.executed_quote, Money{500 * kUnit});
  EXPECT_EQ(quote(taker), (Balance{Money{(10'000'000 - 500) * kUnit - kUnit / 4}, {}}));
  EXPECT_EQ(base(taker).free, Money{100 * kUnit + kUnit / 2});
  EXPECT_EQ(quote(maker).free, Money{(10'000'000 + 500) * kUnit});
  EXPECT_EQ(engine.house_fees(engine.quote_of(kSymbol)), Money{kUnit / 4});
  ASSERT_EQ(recorder.fills.size(), 2u);
  EXPECT_TRUE(recorder.fills[0].maker);
  EXPECT_FALSE(recorder.fills[1].maker);
}

TEST_F(EngineTest, AtOnePriceTheEarlierOrderTradesFirst) {
  const auto first = place(maker, Side::kSell, OrderType::kLimit, 1000, 100);
  const auto second = place(maker, Side::kSell, OrderType::kLimit, 1000, 100);
  place(taker, Side::kBuy, OrderType::kLimit, 1000, 150);
  EXPECT_EQ(engine.find(maker, first.order.id)->status, OrderStatus::kFilled);
  EXPECT_EQ(engine.find(maker, second.order.id)->status, OrderStatus::kPartiallyFilled);
  EXPECT_EQ(engine.book(kSymbol).total_at(Side::kSell, Price{100'000}), Quantity{50'000});
}

TEST_F(EngineTest, APartialFillKeepsItsPlaceInTheQueue) {
  const auto first = place(maker, Side::kSell, OrderType::kLimit, 1000, 100);
  place(taker, Side::kBuy, OrderType::kLimit, 1000, 40);
  place(maker, Side::kSell, OrderType::kLimit, 1000, 100);
  place(taker, Side::kBuy, OrderType::kLimit, 1000, 60);
  EXPECT_EQ(engine.find(maker, first.order.id)->status, OrderStatus::kFilled);
}

TEST_F(EngineTest, APostOnlyOrderThatWouldTradeIsCanceled) {
  place(maker, Side::kSell, OrderType::kLimit, 1000, 100);
  const auto placed = place(taker, Side::kBuy, OrderType::kLimitMaker, 1000, 100);
  EXPECT_EQ(placed.order.status, OrderStatus::kCanceled);
  EXPECT_TRUE(recorder.fills.empty());
  EXPECT_EQ(place(taker, Side::kBuy, OrderType::kLimitMaker, 999, 100).order.status,
            OrderStatus::kNew);
}

TEST_F(EngineTest, AnImmediateOrderTakesWhatIsThereAndCancelsTheRest) {
  place(maker, Side::kSell, OrderType::kLimit, 1000, 100);
  const auto placed = place(taker, Side::kBuy, OrderType::kImmediateOrCancel, 1000, 300);
  EXPECT_EQ(placed.order.status, OrderStatus::kPartiallyCanceled);
  EXPECT_EQ(placed.order.executed, Quantity{100'000});
  EXPECT_EQ(quote(taker).locked, Money{});
  EXPECT_EQ(place(taker, Side::kBuy, OrderType::kImmediateOrCancel, 1000, 300).order.status,
            OrderStatus::kCanceled);
}

TEST_F(EngineTest, AFillOrKillOrderFillsWholeOrNotAtAll) {
  place(maker, Side::kSell, OrderType::kLimit, 1000, 100);
  place(maker, Side::kSell, OrderType::kLimit, 1001, 100);
  EXPECT_EQ(place(taker, Side::kBuy, OrderType::kFillOrKill, 1001, 201).order.status,
            OrderStatus::kCanceled);
  EXPECT_EQ(place(taker, Side::kBuy, OrderType::kFillOrKill, 1000, 200).order.status,
            OrderStatus::kCanceled);
  EXPECT_TRUE(recorder.fills.empty());
  EXPECT_EQ(place(taker, Side::kBuy, OrderType::kFillOrKill, 1001, 200).order.status,
            OrderStatus::kFilled);
}

TEST_F(EngineTest, AMarketOrderByQuoteSpendsNoMoreThanThat) {
  place(maker, Side::kSell, OrderType::kLimit, 1000, 100);
  place(maker, Side::kSell, OrderType::kLimit, 2000, 100);
  NewOrder order;
  order.account = taker;
  order.type = OrderType::kMarket;
  order.quote_quantity = Money{200 * kUnit};
  const auto placed = engine.place(order, kNow);
  EXPECT_EQ(placed.order.status, OrderStatus::kFilled);
  EXPECT_EQ(placed.order.executed, Quantity{150'000});  // 0.1 at 1000 and 0.05 at 2000
  EXPECT_EQ(placed.order.executed_quote, Money{200 * kUnit});
}

TEST_F(EngineTest, AMarketOrderByQuantityCancelsWhatTheBookCannotGive) {
  place(maker, Side::kBuy, OrderType::kLimit, 1000, 100);
  const auto placed = place(taker, Side::kSell, OrderType::kMarket, 0, 300);
  EXPECT_EQ(placed.order.status, OrderStatus::kPartiallyCanceled);
  EXPECT_EQ(placed.order.executed, Quantity{100'000});
  EXPECT_EQ(base(taker).locked, Money{});
}

TEST_F(EngineTest, EachRefusalHasItsReasonAndLeavesNothingBehind) {
  const Balance before = quote(taker);
  place(maker, Side::kSell, OrderType::kLimit, 1000, 100, "used");
  EXPECT_EQ(place(maker, Side::kSell, OrderType::kLimit, 1000, 100, "used").reject,
            Reject::kDuplicate);
  EXPECT_EQ(place(taker, Side::kBuy, OrderType::kLimit, 1000, 0).reject, Reject::kQuantity);
  EXPECT_EQ(place(taker, Side::kBuy, OrderType::kLimit, 0, 1).reject, Reject::kPrice);
  EXPECT_EQ(place(taker, Side::kBuy, OrderType::kLimit, 1, 999).reject, Reject::kAmountTooSmall);
  EXPECT_EQ(place(taker, Side::kBuy, OrderType::kLimit, 3'000'000, 1000).reject,
            Reject::kAmountTooLarge);
  EXPECT_EQ(place(taker, Side::kSell, OrderType::kLimit, 100, 100'001).reject,
            Reject::kBaseBalance);
  EXPECT_EQ(place(taker, Side::kSell, OrderType::kMarket, 0, 100).reject, Reject::kNoLiquidity);
  const AccountId poor = engine.open_account("poor", 10);
  EXPECT_EQ(place(poor, Side::kBuy, OrderType::kLimit, 1000, 1).reject, Reject::kQuoteBalance);
  EXPECT_EQ(quote(taker), before);
}

TEST_F(EngineTest, AClientOrderIdStaysUsedAfterItsOrderIsClosed) {
  const auto placed = place(maker, Side::kSell, OrderType::kLimit, 1000, 100, "once");
  engine.cancel(maker, placed.order.id, kNow);
  EXPECT_EQ(place(maker, Side::kSell, OrderType::kLimit, 1000, 100, "once").reject,
            Reject::kDuplicate);
  EXPECT_EQ(place(taker, Side::kSell, OrderType::kLimit, 1000, 100, "once").reject, Reject::kNone);
}

TEST_F(EngineTest, ACancelGivesBackTheLockAndWorksOnce) {
  const auto placed = place(maker, Side::kBuy, OrderType::kLimit, 1000, 500);
  EXPECT_EQ(engine.cancel(taker, placed.order.id, kNow).reject, Reject::kUnknownOrder);
  EXPECT_EQ(engine.cancel(maker, placed.order.id, kNow).order.status, OrderStatus::kCanceled);
  EXPECT_EQ(quote(maker), (Balance{Money{10'000'000 * kUnit}, {}}));
  EXPECT_EQ(engine.cancel(maker, placed.order.id, kNow).reject, Reject::kUnknownOrder);
}

TEST_F(EngineTest, OldClosedOrdersAreForgottenAndOpenOnesNever) {
  const AccountId forgetful = rich("forgetful", 2);
  const auto open = place(forgetful, Side::kSell, OrderType::kLimit, 2000, 1, "open");
  for (const char* id : {"a", "b", "c"}) {
    engine.cancel(forgetful, place(forgetful, Side::kSell, OrderType::kLimit, 2000, 1, id).order.id,
                  kNow);
  }
  EXPECT_NE(engine.find(forgetful, ClientOrderId("open")), nullptr);
  EXPECT_EQ(engine.find(forgetful, ClientOrderId("a")), nullptr);
  EXPECT_NE(engine.find(forgetful, ClientOrderId("c")), nullptr);
  EXPECT_NE(engine.find(forgetful, open.order.id), nullptr);
}

TEST(MakeSymbol, KnowsItsPairsAndRefusesWhatIsNone) {
  EXPECT_EQ(make_symbol("BTCUSDT").value().base, "BTC");
  EXPECT_EQ(make_symbol("ABCUSDC").value().quote, "USDC");
  for (const char* name : {"", "USDT", "btcusdt", "BTC", "A B USDT", "ABCDEFGHIJKLMNOPUSDT"}) {
    EXPECT_FALSE(make_symbol(name)) << name;
  }
}

}  // namespace
}  // namespace levi::exchange
