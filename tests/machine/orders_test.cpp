#include "tests/machine/machine_fixture.h"

namespace levi::machine {
namespace {

using OrdersTest = MachineTest;

TEST_F(OrdersTest, AnIntentBecomesOneOrderAndLivesToItsFill) {
  const OrderSequence sequence = place(Side::kBuy);
  ASSERT_EQ(sequence.value, 1u);
  EXPECT_EQ(order_of(sequence).state, OrderState::kInFlight);
  step(VenueAck{sequence, "V1"});
  EXPECT_EQ(order_of(sequence).state, OrderState::kOpen);
  fill(sequence, 400, "t1");
  EXPECT_EQ(order_of(sequence).state, OrderState::kPartlyFilled);
  fill(sequence, 600, "t2");
  EXPECT_EQ(order_of(sequence).state, OrderState::kFilled);
  EXPECT_EQ(state().open_orders, 0u);
  EXPECT_EQ(position(kBtc).quantity, Quantity{1000});
}

TEST_F(OrdersTest, AFillCountsOncePerOrderAndTrade) {
  const OrderSequence sequence = open(Side::kBuy);
  fill(sequence, 400, "t1");
  fill(sequence, 400, "t1");
  EXPECT_EQ(position(kBtc).quantity, Quantity{400});
  EXPECT_EQ(state().counters.fills_duplicate, 1u);
}

TEST_F(OrdersTest, ASelfTradeCountsForBothOfItsOrders) {
  const OrderSequence buy = open(Side::kBuy);
  const OrderSequence sell = open(Side::kSell);
  fill(buy, 400, "same");
  fill(sell, 400, "same");
  EXPECT_EQ(position(kBtc).quantity, Quantity{0});
  EXPECT_EQ(state().counters.fills, 2u);
}

TEST_F(OrdersTest, ATimeOutAsksAndNeverSendsAgainAndBlocksItsSymbolOnly) {
  const OrderSequence sequence = place(Side::kBuy);
  step(VenueUnknown{sequence, UnknownWhy::kTimeout});
  EXPECT_EQ(order_of(sequence).state, OrderState::kUnknown);
  ASSERT_EQ(emitted<QueryOrder>().size(), 1u);
  EXPECT_EQ(emitted<QueryOrder>()[0].incarnation, Incarnation{1});
  EXPECT_EQ(place(Side::kBuy).value, 0u);
  EXPECT_EQ(refusals(Refusal::kUnknownPending), 1u);
  EXPECT_NE(place(Side::kBuy, 50'000'00, 1000, kEthEngine).value, 0u);
  second();
  EXPECT_EQ(emitted<QueryOrder>().size(), 1u) << "asked again";
  EXPECT_TRUE(emitted<SendOrder>().empty());
}

TEST_F(OrdersTest, NotFoundIsOnlyFinalWhenItSaysSo) {
  const OrderSequence sequence = place(Side::kBuy);
  step(VenueUnknown{sequence, UnknownWhy::kTimeout});
  VenueOrderState answer;
  answer.sequence = sequence;
  answer.status = VenueStatus::kNotFound;
  step(answer);
  EXPECT_EQ(order_of(sequence).state, OrderState::kUnknown);
  answer.not_found_final = true;
  step(answer);
  EXPECT_EQ(order_of(sequence).state, OrderState::kRejected);
  EXPECT_NE(place(Side::kBuy).value, 0u) << "the symbol is free again";
}

TEST_F(OrdersTest, MissingFillsAreAskedForAndLateOnesStillCount) {
  const OrderSequence sequence = open(Side::kBuy);
  step(VenueCanceled{sequence, {300}});
  EXPECT_EQ(order_of(sequence).state, OrderState::kCanceled);
  EXPECT_EQ(state().unsettled_orders, 1u);
  second();
  ASSERT_EQ(emitted<QueryTrades>().size(), 1u);
  EXPECT_EQ(emitted<QueryTrades>()[0].venue_order.view(), "V1");
  fill(sequence, 300, "late");
  EXPECT_EQ(position(kBtc).quantity, Quantity{300});
  EXPECT_EQ(state().unsettled_orders, 0u);
  EXPECT_EQ(state().counters.fills_late, 1u);
}

TEST_F(OrdersTest, AFillOfAnOrderThoughtDeadCountsAlarmsAndSeals) {
  const OrderSequence sequence = place(Side::kBuy);
  step(VenueRejected{sequence, 30004, "no"});
  fill(sequence, 100, "ghost");
  EXPECT_EQ(position(kBtc).quantity, Quantity{100});
  EXPECT_EQ(order_of(sequence).state, OrderState::kUnknown);
  EXPECT_EQ(emitted<QueryOrder>().size(), 1u);
  ASSERT_EQ(emitted<SealLatch>().size(), 1u);
  EXPECT_EQ(emitted<SealLatch>()[0].holder, static_cast<std::uint32_t>(latch::Holder::kReconcile));
}

TEST_F(OrdersTest, UnsentIsTerminalAndTellsTheEngine) {
  const OrderSequence sequence = place(Side::kBuy);
  step(OrderUnsent{sequence, true});
  EXPECT_EQ(order_of(sequence).state, OrderState::kUnsent);
  ASSERT_EQ(emitted<EngineUpdate>().size(), 1u);
  EXPECT_EQ(emitted<EngineUpdate>()[0].kind, OrderUpdateKind::kRejected);
}

TEST_F(OrdersTest, ACancelNamesTheTagAndIsRepeatedUntilItWorks) {
  const OrderSequence sequence = open(Side::kBuy);
  Intent cancel = intent(Side::kBuy, 1, 1);
  cancel.kind = IntentKind::kCancel;
  cancel.tag = order_of(sequence).tag;
  step(cancel);
  ASSERT_EQ(emitted<CancelOrder>().size(), 1u);
  EXPECT_EQ(emitted<CancelOrder>()[0].sequence, sequence);
  second();
  second();
  EXPECT_EQ(emitted<CancelOrder>().size(), 1u);
  step(VenueCanceled{sequence, {}});
  second();
  EXPECT_TRUE(emitted<CancelOrder>().empty());
}

TEST_F(OrdersTest, ACancelOfAGoneOrderIsAnsweredAsGone) {
  Intent cancel = intent(Side::kBuy, 1, 1);
  cancel.kind = IntentKind::kCancel;
  cancel.tag = 77;
  step(cancel);
  ASSERT_EQ(emitted<EngineUpdate>().size(), 1u);
  EXPECT_EQ(emitted<EngineUpdate>()[0].kind, OrderUpdateKind::kCanceled);
  EXPECT_EQ(emitted<EngineUpdate>()[0].quantity, Quantity{0});
  EXPECT_EQ(refusals(Refusal::kNoSuchOrder), 1u);
}

TEST_F(OrdersTest, ARestartMakesEveryLiveOrderUnknownUntilTheVenueSaysWhatItIs) {
  const OrderSequence filled = open(Side::kBuy);
  const OrderSequence still_open = open(Side::kSell);
  start(2);
  EXPECT_EQ(order_of(filled).state, OrderState::kUnknown);
  EXPECT_TRUE(state().reconciling);
  step(ReconcileStarted{});
  VenueOrderState answer;
  answer.sequence = filled;
  answer.status = VenueStatus::kFilled;
  answer.executed = {1000};
  answer.incarnation = {1};
  step(answer);
  fill(filled, 1000, "t1");
  answer.sequence = still_open;
  answer.status = VenueStatus::kNew;
  answer.executed = {};
  step(answer);
  step(ReconcileDone{});
  EXPECT_EQ(order_of(filled).state, OrderState::kFilled);
  EXPECT_EQ(order_of(still_open).state, OrderState::kOpen);
  EXPECT_EQ(state().trading, TradingState::kActive);
}

TEST_F(OrdersTest, WhatCannotBeSettledAtTheStartTakesTheLatch) {
  open(Side::kBuy);
  start(2);
  reconcile();
  ASSERT_EQ(emitted<SealLatch>().size(), 1u);
  EXPECT_EQ(emitted<SealLatch>()[0].holder, static_cast<std::uint32_t>(latch::Holder::kReconcile));
  EXPECT_EQ(state().trading, TradingState::kHalted);
}

TEST_F(OrdersTest, AnOrderThatTheJournalLostIsAdoptedAndCancelled) {
  start(2);
  step(ReconcileStarted{});
  VenueOrderState lost;
  lost.sequence = {3};  // 1 and 2 were lost too, or never sent
  lost.incarnation = {1};
  lost.status = VenueStatus::kNew;
  lost.quantity = {500};
  lost.price = {49'000'00};
  lost.venue_order = "V3";
  step(lost);
  EXPECT_EQ(state().sequence_last.value, 3u);
  ASSERT_EQ(emitted<CancelOrder>().size(), 1u);
  EXPECT_EQ(emitted<CancelOrder>()[0].incarnation, Incarnation{1});
  VenueFill fill;
  fill.sequence = {2};
  fill.incarnation = {1};
  fill.trade = "t2";
  fill.price = {49'000'00};
  fill.quantity = {100};
  step(fill);
  EXPECT_EQ(position(kBtc).quantity, Quantity{100}) << "adopted out of the hole below 3";
  step(fill);
  EXPECT_EQ(position(kBtc).quantity, Quantity{100});
  EXPECT_EQ(state().counters.adopted, 2u);
}

TEST_F(OrdersTest, ThisIncarnationsOwnOrdersCannotHaveBeenLost) {
  VenueFill fill;
  fill.sequence = {9};
  fill.incarnation = {1};
  fill.trade = "t";
  fill.price = {1};
  fill.quantity = {1};
  step(fill);
  EXPECT_TRUE(state().orders.empty());
  EXPECT_EQ(emitted<SealLatch>().size(), 1u);
}

TEST_F(OrdersTest, SettledOrdersAreRetiredAndTheirFillsStayDuplicates) {
  const OrderSequence first = open(Side::kBuy, 50'000'00, 10);
  const VenueFill old = fill_of(first, 10, "t1");
  step(old);
  for (std::size_t i = 0; i < kTerminalOrdersKept + 1000; ++i) {
    top(kBtc, 50'000'00, 50'001'00);
    step(OrderUnsent{place(Side::kBuy), false});
  }
  EXPECT_EQ(state().orders.count(first.value), 0u);
  EXPECT_LE(state().orders.size(), kTerminalOrdersKept + 300);
  step(old);
  EXPECT_EQ(position(kBtc).quantity, Quantity{10});
  EXPECT_EQ(state().counters.fills_duplicate, 1u);
}

TEST_F(OrdersTest, FillsThatALiveOrderMissesAreAskedFor) {
  const OrderSequence sequence = open(Side::kBuy);
  VenueOrderState pushed;
  pushed.sequence = sequence;
  pushed.symbol = kBtc;
  pushed.status = VenueStatus::kPartlyFilled;
  pushed.executed = {400};
  step(pushed);
  EXPECT_EQ(order_of(sequence).executed_venue, Quantity{400});
  step(Timer{}, 500ms);
  EXPECT_TRUE(emitted<QueryTrades>().empty()) << "they may be on their way";
  for (int i = 1; i <= 8; ++i) {
    second();
    ASSERT_EQ(emitted<QueryTrades>().size(), 1u) << i;
    EXPECT_EQ(emitted<QueryTrades>()[0].venue_order, "V1");
    EXPECT_TRUE(emitted<QueryOrder>().empty());
    EXPECT_EQ(emitted<Alert>().size(), i == 5 ? 1u : 0u) << i;
  }
  second();
  EXPECT_TRUE(emitted<QueryTrades>().empty()) << "less often by and by";
  fill(sequence, 400, "t1");
  step(Timer{}, 20s);
  EXPECT_TRUE(emitted<QueryTrades>().empty()) << "all here";
  pushed.executed = {700};
  step(pushed);
  fill(sequence, 100, "t2");
  second();
  EXPECT_EQ(emitted<QueryTrades>().size(), 1u) << "often again, though others come in";
  step(CancelFailed{sequence, -2011});
  EXPECT_EQ(emitted<QueryOrder>().size(), 1u) << "what became of it is another question";
}

}  // namespace
}  // namespace levi::machine
