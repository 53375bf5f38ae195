#include "tests/machine/machine_fixture.h"

namespace levi::machine {
namespace {

class PositionsTest : public MachineTest {
 protected:
  void trade(Side side, std::int64_t price, std::int64_t quantity, std::int64_t fee = 0) {
    const OrderSequence sequence = open(side, price, quantity);
    ASSERT_NE(sequence.value, 0u);
    VenueFill fill = fill_of(sequence, quantity, "t" + std::to_string(sequence.value));
    fill.fee = Money{fee};
    step(fill);
  }
};

// Prices have two decimals, quantities six: one step of each is worth exactly 1e-8.
TEST_F(PositionsTest, BooksOpenAddReduceFlipAndClose) {
  trade(Side::kBuy, 50'000'00, 1000);
  EXPECT_EQ(position(kBtc).cost, Money{50'000'00LL * 1000});
  EXPECT_EQ(position(kBtc).average_price, Price{50'000'00});
  trade(Side::kBuy, 50'000'50, 1000);
  EXPECT_EQ(position(kBtc).average_price, Price{50'000'25});
  trade(Side::kSell, 50'001'00, 500, 7);
  EXPECT_EQ(position(kBtc).quantity, Quantity{1500});
  EXPECT_EQ(position(kBtc).realised, Money{75 * 500 - 7});
  EXPECT_EQ(position(kBtc).fees, Money{7});
  trade(Side::kSell, 50'001'00, 2500);  // closes 1500, opens 1000 short
  EXPECT_EQ(position(kBtc).quantity, Quantity{-1000});
  EXPECT_EQ(position(kBtc).realised, Money{75 * 2000 - 7});
  EXPECT_EQ(position(kBtc).cost, Money{-50'001'00LL * 1000});
  trade(Side::kBuy, 50'000'00, 1000);
  EXPECT_EQ(position(kBtc).quantity, Quantity{0});
  EXPECT_EQ(position(kBtc).cost, Money{0});
  EXPECT_EQ(position(kBtc).realised, Money{75 * 2000 - 7 + 100 * 1000});
}

TEST_F(PositionsTest, UnrealisedIsWhatClosingNowWouldBring) {
  trade(Side::kBuy, 50'000'00, 1000);
  top(kBtc, 50'010'00, 50'020'00);
  EXPECT_EQ(position(kBtc).unrealised, Money{10'00 * 1000}) << "at the bid";
  EXPECT_EQ(state().equity, Money{10'00 * 1000});
}

TEST_F(PositionsTest, TheDaysLossSealsOnceAndLeavesOnlyReducingAfterAResume) {
  limits_.daily_loss_max = Money{1'00000000};
  step(limits_);
  trade(Side::kBuy, 50'000'00, 10'000);
  top(kBtc, 49'900'01, 49'901'00);
  EXPECT_TRUE(emitted<SealLatch>().empty()) << "0.9999 is not 1";
  top(kBtc, 49'900'00, 49'901'00);
  ASSERT_EQ(emitted<SealLatch>().size(), 1u);
  EXPECT_EQ(emitted<SealLatch>()[0].holder, static_cast<std::uint32_t>(latch::Holder::kDailyLoss));
  EXPECT_EQ(place(Side::kSell, 49'900'00, 1000).value, 0u);
  EXPECT_EQ(refusals(Refusal::kDailyLoss), 1u);
  seal(latch::Holder::kDailyLoss, 2);
  unseal(2);
  EXPECT_EQ(state().trading, TradingState::kReducing);
  EXPECT_EQ(place(Side::kBuy, 49'900'00, 1000).value, 0u);
  EXPECT_EQ(refusals(Refusal::kReducing), 1u);
  EXPECT_NE(place(Side::kSell, 49'900'00, 10'000).value, 0u);
  EXPECT_EQ(place(Side::kSell, 49'900'00, 1000).value, 0u)
      << "the whole position is on its way out";
  second();
  EXPECT_TRUE(emitted<SealLatch>().empty()) << "once a day";
}

TEST_F(PositionsTest, EachFurtherWholeLimitThatIsLostSealsAgain) {
  limits_.daily_loss_max = Money{1'00000000};
  limits_.position_notional_max = Money{100'000'00000000};
  step(limits_);
  trade(Side::kBuy, 50'000'00, 20'000);
  top(kBtc, 49'925'00, 49'926'00);  // 1.5 lost
  EXPECT_EQ(emitted<SealLatch>().size(), 1u);
  seal(latch::Holder::kDailyLoss, 2);
  top(kBtc, 49'890'00, 49'891'00);  // 2.2, seen by whoever resumes
  EXPECT_TRUE(emitted<SealLatch>().empty());
  unseal(2);
  top(kBtc, 49'951'00, 49'952'00);
  top(kBtc, 49'855'00, 49'856'00);  // 2.9
  EXPECT_TRUE(emitted<SealLatch>().empty());
  EXPECT_EQ(state().trading, TradingState::kReducing);
  top(kBtc, 49'845'00, 49'846'00);  // 3.1
  ASSERT_EQ(emitted<SealLatch>().size(), 1u);
  EXPECT_EQ(emitted<SealLatch>()[0].holder, static_cast<std::uint32_t>(latch::Holder::kDailyLoss));
  EXPECT_EQ(emitted<Alert>().size(), 1u);
  EXPECT_EQ(state().trading, TradingState::kHalted);
}

TEST_F(PositionsTest, WhatWasRealisedCountsThoughThePositionIsWorthMore) {
  limits_.daily_loss_max = Money{1'00000000};
  limits_.position_notional_max = Money{100'000'00000000};
  step(limits_);
  trade(Side::kBuy, 50'000'00, 20'000);
  top(kBtc, 50'200'00, 50'201'00);
  trade(Side::kSell, 49'900'00, 10'000);
  EXPECT_GT(state().equity.value, 0);
  EXPECT_TRUE(state().daily_loss_reached);
}

TEST_F(PositionsTest, MidnightOfJournalTimeBeginsANewDay) {
  limits_.daily_loss_max = Money{1'00000000};
  step(limits_);
  trade(Side::kBuy, 50'000'00, 10'000);
  top(kBtc, 49'900'00, 49'901'00);
  seal(latch::Holder::kDailyLoss, 2);
  step(Timer{}, 24h);
  EXPECT_FALSE(state().daily_loss_reached);
  EXPECT_EQ(state().trading, TradingState::kHalted) << "the latch never opens by itself";
  EXPECT_EQ(state().equity_day_start, state().equity);
  EXPECT_EQ(state().realised_today, Money{0});
}

TEST_F(PositionsTest, MoneyThatDoesNotFitIsAnAlarmAndNotBooked) {
  const OrderSequence sequence = open(Side::kBuy, 50'000'00, 1000);
  VenueFill fill = fill_of(sequence, 1000, "t1");
  fill.price = {kCountMax};
  step(fill);
  EXPECT_EQ(position(kBtc).quantity, Quantity{0});
  ASSERT_EQ(emitted<SealLatch>().size(), 1u);
  EXPECT_EQ(emitted<Alert>()[0].kind, AlertKind::kMoneyOverflow);
}

}  // namespace
}  // namespace levi::machine
