// Quotes that nobody can look after are pulled.
#include "tests/machine/machine_fixture.h"

namespace levi::machine {
namespace {

class QuotesTest : public MachineTest {
 protected:
  void SetUp() override {
    limits_.data_age_max = 1500ms;
    MachineTest::SetUp();
  }
  // A second passes, in which the market is heard of.
  void fresh_second() {
    for (const SymbolId symbol : {kBtc, kEth}) top(symbol, 50'000'00, 50'001'00);
    second();
  }
  std::vector<OrderSequence> cancelled() const {
    std::vector<OrderSequence> found;
    for (const CancelOrder& cancel : emitted<CancelOrder>()) found.push_back(cancel.sequence);
    return found;
  }
};

TEST_F(QuotesTest, AReconciliationThatDoesNotEndPullsThemUntilTheyAreGone) {
  const OrderSequence bid = open(Side::kBuy);
  const OrderSequence ask = open(Side::kSell, 50'001'00, 1000, kEthEngine);
  step(ReconcileStarted{});
  fresh_second();
  EXPECT_TRUE(cancelled().empty()) << "as long as data may be old";
  step(ReconcileStarted{});  // begun anew: the time counts on
  fresh_second();
  EXPECT_EQ(cancelled(), (std::vector{bid, ask}));
  step(VenueCanceled{bid, {}});
  fresh_second();
  fresh_second();
  EXPECT_EQ(cancelled(), std::vector{ask}) << "asked again until it is gone";
}

TEST_F(QuotesTest, AReconciliationThatEndsInTimePullsNothing) {
  open(Side::kBuy);
  for (int i = 0; i < 3; ++i) {
    step(ReconcileStarted{});
    top(kBtc, 50'000'00, 50'001'00);
    step(Timer{}, 900ms);
    EXPECT_TRUE(cancelled().empty());
    step(ReconcileDone{});
  }
}

TEST_F(QuotesTest, WithoutThePrivateFeedOnlyThoseThatShrinkAPositionStay) {
  fill(open(Side::kBuy), 1000, "t1");
  const OrderSequence bid = open(Side::kBuy);
  const OrderSequence ask = open(Side::kSell, 50'001'00, 1000);
  const OrderSequence opening = open(Side::kSell, 50'001'00, 1000, kEthEngine);
  private_feed(false);
  fresh_second();
  EXPECT_TRUE(cancelled().empty()) << "as long as data may be old";
  fresh_second();
  EXPECT_EQ(cancelled(), (std::vector{bid, opening}));
  EXPECT_FALSE(order_of(ask).cancel_requested);
}

TEST_F(QuotesTest, ABookThatStaysCrossedOrHasOneSideIsStaleAndBuiltAnew) {
  for (const std::int64_t bid : {50'001'00, 0}) {
    top(kBtc, 50'000'00, 50'001'00);
    const OrderSequence sequence = open(Side::kBuy);
    top(kBtc, bid, 50'001'00);
    second();
    EXPECT_TRUE(cancelled().empty() && emitted<ResyncBook>().empty()) << "it may mend itself";
    top(kBtc, bid, 50'001'00);
    second();
    EXPECT_EQ(cancelled(), std::vector{sequence});
    ASSERT_EQ(emitted<ResyncBook>().size(), 1u);
    EXPECT_EQ(emitted<ResyncBook>()[0].symbol, kBtc);
    top(kBtc, bid, 50'001'00);
    second();
    EXPECT_TRUE(emitted<ResyncBook>().empty()) << "no more often than data may be old";
    second();
    EXPECT_EQ(emitted<ResyncBook>().size(), 1u) << "but as long as it lasts";
    step(VenueCanceled{sequence, {}});
    fresh_second();
    EXPECT_TRUE(emitted<ResyncBook>().empty());
    const OrderSequence next = place(Side::kBuy);
    EXPECT_NE(next.value, 0u);
    step(VenueCanceled{next, {}});
  }
}

TEST_F(QuotesTest, AFlattenOrderIsNoQuote) {
  fill(open(Side::kBuy), 1000, "t1");
  seal(latch::Holder::kOperator, 2);
  Command flatten = command(CommandKind::kFlatten);
  flatten.all_symbols = true;
  step(flatten);
  ASSERT_EQ(emitted<SendOrder>().size(), 1u);
  step(ReconcileStarted{});
  for (int i = 0; i < 3; ++i) {
    fresh_second();
    EXPECT_TRUE(cancelled().empty());
  }
}

}  // namespace
}  // namespace levi::machine
