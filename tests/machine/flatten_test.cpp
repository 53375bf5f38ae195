// Closing positions while the latch is sealed.
#include "tests/machine/machine_fixture.h"

namespace levi::machine {
namespace {

using latch::Holder;

class FlattenTest : public MachineTest {
 protected:
  void SetUp() override {
    limits_.data_age_max = 1500ms;
    MachineTest::SetUp();
  }
  Command flatten(std::uint64_t epoch) {
    Command command = this->command(CommandKind::kFlatten);
    command.epoch = epoch;
    command.all_symbols = true;
    return command;
  }
  void hold(std::int64_t quantity, Side side = Side::kBuy) {
    fill(open(side, 50'000'00, quantity), quantity, "h" + std::to_string(++held_));
  }
  void fresh_second() {
    top(kBtc, 50'000'00, 50'001'00);
    second();
  }
  // The order that was just sent ends, filled by this much.
  void end(std::int64_t filled) {
    ASSERT_EQ(emitted<SendOrder>().size(), 1u);
    const OrderSequence sequence = emitted<SendOrder>()[0].sequence;
    if (filled > 0) fill(sequence, filled, "f" + std::to_string(sequence.value));
    step(VenueCanceled{sequence, {filled}});
  }
  int held_ = 0;
};

TEST_F(FlattenTest, ClosesPositionsOnlyWhileSealedByItsEpoch) {
  fill(open(Side::kBuy), 1000, "t1");
  step(flatten(0));
  EXPECT_EQ(answered(), AnswerCode::kConflict) << "not sealed";
  seal(Holder::kOperator, 2);
  step(flatten(1));
  EXPECT_EQ(answered(), AnswerCode::kConflict) << "another epoch";
  step(flatten(2));
  EXPECT_EQ(answered(), AnswerCode::kDone);
  ASSERT_EQ(emitted<GrantFlatten>().size(), 1u);
  EXPECT_EQ(emitted<GrantFlatten>()[0].epoch, 2u);
  ASSERT_EQ(emitted<SendOrder>().size(), 1u);
  const SendOrder order = emitted<SendOrder>()[0];
  EXPECT_EQ(order.kind, OrderKind::kFlatten);
  EXPECT_EQ(order.side, Side::kSell);
  EXPECT_EQ(order.type, OrderType::kImmediateOrCancel);
  EXPECT_EQ(order.price, Price{49'750'00}) << "half a percent into the book";
  EXPECT_EQ(order.quantity, Quantity{1000});
  fresh_second();
  EXPECT_TRUE(emitted<SendOrder>().empty()) << "one at a time";
  fill(order.sequence, 400, "t2");
  ASSERT_EQ(emitted<EngineUpdate>().size(), 1u) << "it would quote from a position that is gone";
  EXPECT_EQ(emitted<EngineUpdate>()[0].engine, kBtcEngine);
  EXPECT_EQ(emitted<EngineUpdate>()[0].kind, OrderUpdateKind::kPosition);
  EXPECT_EQ(emitted<EngineUpdate>()[0].position, Quantity{600});
  step(VenueCanceled{order.sequence, {400}});
  fresh_second();
  ASSERT_EQ(emitted<SendOrder>().size(), 1u);
  EXPECT_EQ(emitted<SendOrder>()[0].quantity, Quantity{600}) << "what is left";
  step(OrderUnsent{emitted<SendOrder>()[0].sequence, true});
  seal(Holder::kDrawdown, 3);
  fresh_second();
  EXPECT_TRUE(emitted<SendOrder>().empty()) << "a new seal voids the grant";
  EXPECT_FALSE(state().flatten.active);
}

TEST_F(FlattenTest, WaitsUntilNothingElseCanChangeThePosition) {
  fill(open(Side::kBuy), 1000, "t1");
  const OrderSequence resting = open(Side::kSell, 50'010'00, 500);
  seal(Holder::kOperator, 2);
  step(flatten(2));
  EXPECT_TRUE(emitted<SendOrder>().empty());
  step(VenueCanceled{resting, {200}});
  fresh_second();
  EXPECT_TRUE(emitted<SendOrder>().empty()) << "200 were sold and not seen yet";
  fill(resting, 200, "t2");
  fresh_second();
  ASSERT_EQ(emitted<SendOrder>().size(), 1u);
  EXPECT_EQ(emitted<SendOrder>()[0].quantity, Quantity{800});
}

TEST_F(FlattenTest, OnlyTriesThatCloseNothingUseUpAPosition) {
  hold(1000);
  seal(Holder::kOperator, 2);
  step(flatten(2));
  for (std::uint32_t i = 0; i < 3 * kFlattenTriesMax; ++i) {
    ASSERT_NO_FATAL_FAILURE(end(10)) << i;
    fresh_second();
  }
  for (std::uint32_t i = 0; i < kFlattenTriesMax; ++i) {
    ASSERT_NO_FATAL_FAILURE(end(0)) << i;
    EXPECT_TRUE(emitted<Alert>().empty()) << i;
    fresh_second();
  }
  EXPECT_TRUE(emitted<SendOrder>().empty());
  ASSERT_EQ(emitted<Alert>().size(), 1u);
  EXPECT_EQ(emitted<Alert>()[0].kind, AlertKind::kFlattenIncomplete);
  EXPECT_FALSE(state().flatten.active);
  step(flatten(2));
  EXPECT_EQ(emitted<SendOrder>().size(), 1u) << "a new grant begins anew";
}

TEST_F(FlattenTest, ThereIsAnEndOfOrdersThoughEachClosesALittle) {
  hold(1000);
  seal(Holder::kOperator, 2);
  step(flatten(2));
  ASSERT_EQ(emitted<GrantFlatten>().size(), 1u);
  EXPECT_EQ(emitted<GrantFlatten>()[0].orders_max, kFlattenOrdersMax);
  for (std::uint32_t i = 0; i < kFlattenOrdersMax; ++i) {
    ASSERT_NO_FATAL_FAILURE(end(1)) << i;
    fresh_second();
  }
  EXPECT_TRUE(emitted<SendOrder>().empty());
  EXPECT_EQ(emitted<Alert>().size(), 1u);
}

TEST_F(FlattenTest, NothingIsSentOrCountedByABookThatIsBrokenOrOld) {
  hold(1000);
  seal(Holder::kOperator, 2);
  BookGap gap;
  gap.symbol = kBtc;
  step(gap);
  step(flatten(2));
  EXPECT_EQ(answered(), AnswerCode::kDone);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(emitted<SendOrder>().empty()) << "a gap";
    second();
  }
  top(kBtc, 50'000'00, 50'001'00);
  step(Timer{}, 1600ms);
  EXPECT_TRUE(emitted<SendOrder>().empty()) << "whole, but old";
  top(kBtc, 0, 50'001'00);
  second();
  EXPECT_TRUE(emitted<SendOrder>().empty()) << "nobody buys";
  EXPECT_EQ(state().flatten.orders_sent, 0u);
  fresh_second();
  EXPECT_EQ(emitted<SendOrder>().size(), 1u);
}

TEST_F(FlattenTest, AShortPositionIsBoughtBackAndASmallPriceStaysAPrice) {
  hold(1000, Side::kSell);
  seal(Holder::kOperator, 2);
  step(flatten(2));
  ASSERT_EQ(emitted<SendOrder>().size(), 1u);
  EXPECT_EQ(emitted<SendOrder>()[0].side, Side::kBuy);
  EXPECT_EQ(emitted<SendOrder>()[0].price, Price{50'251'00})
      << "whole steps, never beyond the slip";
  ASSERT_NO_FATAL_FAILURE(end(0));
  top(kBtc, 1, 2);
  second();
  ASSERT_EQ(emitted<SendOrder>().size(), 1u);
  EXPECT_EQ(emitted<SendOrder>()[0].price, Price{2});
}

TEST_F(FlattenTest, WhatIsBelowTheVenuesMinimumIsLeft) {
  InstrumentDefined definition = state().instruments[kBtc.value].definition;
  definition.notional_min = Money{1'00000000};
  step(definition);
  hold(1000);
  seal(Holder::kOperator, 2);
  step(flatten(2));
  ASSERT_NO_FATAL_FAILURE(end(985));
  fresh_second();
  EXPECT_TRUE(emitted<SendOrder>().empty()) << "0.75 of at least 1";
  EXPECT_FALSE(state().flatten.active);
  step(flatten(2));
  EXPECT_EQ(answered(), AnswerCode::kNotFound);
}

}  // namespace
}  // namespace levi::machine
