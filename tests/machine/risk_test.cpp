#include "tests/machine/machine_fixture.h"

namespace levi::machine {
namespace {

class RiskTest : public MachineTest {
 protected:
  void expect_refused(const Intent& intent, Refusal refusal, const char* what) {
    const std::uint64_t before = refusals(refusal);
    step(intent);
    EXPECT_TRUE(emitted<SendOrder>().empty()) << what;
    EXPECT_EQ(refusals(refusal), before + 1) << what << ": " << to_string(refusal);
  }
};

TEST_F(RiskTest, EachReasonHasItsName) {
  Intent one = intent(Side::kBuy, 50'000'00, 9);
  expect_refused(one, Refusal::kBelowMinimum, "below the venue's minimum");
  one = intent(Side::kBuy, 50'000'00, 21'000);
  expect_refused(one, Refusal::kPositionSize, "1,050 of 1,000");
  one = intent(Side::kBuy, 50'000'00, kCountMax);
  expect_refused(one, Refusal::kOverflow, "a product beyond 64 bits");
  one = intent(Side::kBuy, 50'000'00, 1000);
  one.tick_instant = now_ - 1001ms;
  expect_refused(one, Refusal::kStaleData, "decided on old data");
  one = intent(Side::kBuy, 50'000'00, 1000);
  one.tick_instant = now_ + 1h;
  expect_refused(one, Refusal::kStaleData, "decided on data of the future");
  one = intent(Side::kBuy, 50'000'00, 1000);
  one.engine_incarnation.value += 1;
  expect_refused(one, Refusal::kDuplicate, "of another process");
  EXPECT_TRUE(emitted<EngineUpdate>().empty()) << "nobody is there to be told";
  step(BookGap{.source = {},
               .reserved1 = {},
               .symbol = kBtc,
               .reserved2 = {},
               .expected_version = 1,
               .received_version = 3});
  expect_refused(intent(Side::kBuy, 50'000'00, 1000), Refusal::kPoisonedBook, "after a gap");
  seal(latch::Holder::kOperator, 2);
  expect_refused(intent(Side::kBuy, 50'000'00, 1000), Refusal::kHalted, "sealed");
  unseal(2);
  step(ReconcileStarted{});
  expect_refused(intent(Side::kBuy, 50'000'00, 1000), Refusal::kReconciling, "reconciling");
}

TEST_F(RiskTest, ARepeatedIntentIsDroppedWithoutAnAnswer) {
  const Intent once = intent(Side::kBuy, 50'000'00, 1000);
  step(once);
  EXPECT_EQ(emitted<SendOrder>().size(), 1u);
  expect_refused(once, Refusal::kDuplicate, "a repeat");
  EXPECT_TRUE(effects_.empty());
}

TEST_F(RiskTest, ATagThatIsStillLiveIsRefused) {
  const OrderSequence sequence = open(Side::kBuy);
  Intent again = intent(Side::kBuy, 50'000'00, 1000);
  again.tag = order_of(sequence).tag;
  expect_refused(again, Refusal::kDuplicate, "the tag names a live order");
  EXPECT_EQ(emitted<EngineUpdate>()[0].kind, OrderUpdateKind::kRejected);
}

TEST_F(RiskTest, OpenOrdersOfASideCountTowardsThePosition) {
  EXPECT_NE(open(Side::kBuy, 50'000'00, 12'000).value, 0u);
  expect_refused(intent(Side::kBuy, 50'000'00, 12'000), Refusal::kPositionSize,
                 "600 + 600 of 1,000");
  EXPECT_NE(place(Side::kSell, 50'000'00, 12'000).value, 0u) << "the other side has its own";
}

TEST_F(RiskTest, LimitsOnOpenOrdersAndOpenPositions) {
  limits_.open_orders_max = 2;
  limits_.open_positions_max = 1;
  step(limits_);
  open(Side::kBuy);
  expect_refused(intent(Side::kBuy, 50'000'00, 1000, kEthEngine), Refusal::kOpenPositions,
                 "a second symbol");
  open(Side::kBuy);
  expect_refused(intent(Side::kBuy, 50'000'00, 1000), Refusal::kOpenOrders, "a third order");
}

TEST_F(RiskTest, DataOlderThanItsLimitStopsQuotingAndPullsQuotes) {
  const OrderSequence sequence = open(Side::kBuy);
  step(Timer{}, 1100ms);
  ASSERT_EQ(emitted<CancelOrder>().size(), 1u);
  EXPECT_EQ(emitted<CancelOrder>()[0].sequence, sequence);
  Intent fresh = intent(Side::kBuy, 50'000'00, 1000);
  expect_refused(fresh, Refusal::kStaleData, "the book's own data is old");
}

TEST_F(RiskTest, WithoutThePrivateFeedOnlyWhatShrinksAPositionIsTaken) {
  fill(open(Side::kBuy), 1000, "t1");
  private_feed(false);
  EXPECT_NE(place(Side::kBuy).value, 0u) << "as long as data may be old";
  step(Timer{}, 1001ms);
  top(kBtc, 50'000'00, 50'001'00);
  expect_refused(intent(Side::kBuy, 50'000'00, 1000), Refusal::kStaleData,
                 "who knows what is held");
  expect_refused(intent(Side::kSell, 50'000'00, 1001), Refusal::kStaleData,
                 "more than the position");
  EXPECT_NE(place(Side::kSell, 50'001'00, 1000).value, 0u);
  private_feed(true);
  EXPECT_NE(place(Side::kBuy).value, 0u);
}

TEST_F(RiskTest, AStartThatNeverHearsOfThePrivateFeedOpensNothing) {
  start(2);
  reconcile();
  for (const EngineId engine : {kBtcEngine, kEthEngine}) engine_up(engine);
  top(kBtc, 50'000'00, 50'001'00);
  EXPECT_NE(place(Side::kBuy).value, 0u) << "it may be a moment late";
  second();
  top(kBtc, 50'000'00, 50'001'00);
  expect_refused(intent(Side::kBuy, 50'000'00, 1000), Refusal::kStaleData,
                 "fills would not be seen");
  EXPECT_EQ(state().trading, TradingState::kActive) << "the start itself is not held up";
  private_feed(true);
  EXPECT_NE(place(Side::kBuy).value, 0u);
}

TEST_F(RiskTest, ACrossedBookIsNotTradedOn) {
  top(kBtc, 50'001'00, 50'001'00);
  expect_refused(intent(Side::kBuy, 50'000'00, 1000), Refusal::kPoisonedBook, "crossed");
}

}  // namespace
}  // namespace levi::machine
