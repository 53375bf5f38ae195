#include "tests/machine/machine_fixture.h"

namespace levi::machine {
namespace {

using EnginesTest = MachineTest;

TEST_F(EnginesTest, AStartGivesTheEngineItsPosition) {
  const auto starts = picked<StartEngine>(start_effects_);
  ASSERT_EQ(starts.size(), 2u);
  EXPECT_EQ(starts[0].engine_incarnation, EngineIncarnation{1});
  EXPECT_EQ(picked<EngineUpdate>(start_effects_)[0].kind, OrderUpdateKind::kPosition);
}

TEST_F(EnginesTest, AFillIsTheOwnersUpdateAndTheOthersPosition) {
  EngineDefined second = engine_of(kBtcEngine).definition;
  second.engine = EngineId{2};
  second.name = "mm-btc-2";
  step(second);
  engine_up(second.engine);
  fill(open(Side::kBuy, 50'000'00, 1000), 1000, "t1");
  const auto told = emitted<EngineUpdate>();
  ASSERT_EQ(told.size(), 2u) << "nobody of another symbol is told";
  EXPECT_EQ(told[0].engine, kBtcEngine);
  EXPECT_EQ(told[0].kind, OrderUpdateKind::kFilled);
  EXPECT_EQ(told[1].engine, second.engine);
  EXPECT_EQ(told[1].kind, OrderUpdateKind::kPosition);
  EXPECT_EQ(told[1].position, Quantity{1000});
}

TEST_F(EnginesTest, ADeadEngineIsStartedAgainUntilItsBudgetIsSpent) {
  open(Side::kBuy);
  for (std::uint32_t i = 0; i < limits_.restarts_max; ++i) {
    engine_down(kBtcEngine);
    ASSERT_EQ(emitted<StartEngine>().size(), 1u) << i;
    engine_up(kBtcEngine, true);
  }
  engine_down(kBtcEngine);
  EXPECT_TRUE(emitted<StartEngine>().empty());
  EXPECT_EQ(engine_of(kBtcEngine).state, EngineState::kFailed);
  EXPECT_EQ(emitted<Alert>().size(), 1u);
  EXPECT_EQ(emitted<CancelOrder>().size(), 1u) << "nobody looks after its orders any more";
  EXPECT_TRUE(emitted<SealLatch>().empty()) << "no position is open";
  EXPECT_EQ(engine_of(kEthEngine).state, EngineState::kRunning);
}

TEST_F(EnginesTest, AFailedEngineWithAPositionTakesTheLatch) {
  fill(open(Side::kBuy), 1000, "t1");
  for (std::uint32_t i = 0; i <= limits_.restarts_max; ++i) engine_down(kBtcEngine);
  ASSERT_EQ(emitted<SealLatch>().size(), 1u);
  EXPECT_EQ(emitted<SealLatch>()[0].holder,
            static_cast<std::uint32_t>(latch::Holder::kEngineFailure));
}

TEST_F(EnginesTest, TheWindowSlidesAndOutlivesTheCore) {
  for (int i = 0; i < 4; ++i) {
    engine_down(kBtcEngine);
    engine_up(kBtcEngine);
  }
  start(2);  // a fifth: the engine died with the core
  EXPECT_EQ(engine_of(kBtcEngine).restart_times.size(), 5u);
  EXPECT_EQ(engine_of(kBtcEngine).state, EngineState::kStarting);
  reconcile();
  engine_up(kBtcEngine);
  engine_down(kBtcEngine, EngineDownWhy::kHung, limits_.restart_window);
  EXPECT_EQ(engine_of(kBtcEngine).state, EngineState::kStarting) << "all five have left the window";
}

TEST_F(EnginesTest, OnlyAStartCommandClearsTheBudget) {
  for (std::uint32_t i = 0; i <= limits_.restarts_max; ++i) engine_down(kBtcEngine);
  step(command(CommandKind::kEngineRestart));
  EXPECT_EQ(answered(), AnswerCode::kConflict);
  start(2);
  EXPECT_EQ(engine_of(kBtcEngine).state, EngineState::kFailed) << "a new core does not forgive";
  step(command(CommandKind::kEngineStart));
  EXPECT_EQ(answered(), AnswerCode::kDone);
  EXPECT_EQ(emitted<StartEngine>().size(), 1u);
  EXPECT_TRUE(engine_of(kBtcEngine).restart_times.empty());
}

TEST_F(EnginesTest, AStoppedEngineStaysStoppedAcrossTheCore) {
  open(Side::kBuy);
  step(command(CommandKind::kEngineStop));
  EXPECT_EQ(emitted<StopEngine>().size(), 1u);
  EXPECT_EQ(emitted<CancelOrder>().size(), 1u);
  engine_down(kBtcEngine, EngineDownWhy::kStopped);
  EXPECT_TRUE(emitted<StartEngine>().empty());
  start(2);
  EXPECT_EQ(picked<StartEngine>(start_effects_).size(), 1u) << "the other one only";
}

TEST_F(EnginesTest, ARestartCommandWaitsForTheOldProcess) {
  step(command(CommandKind::kEngineRestart));
  EXPECT_EQ(emitted<StopEngine>().size(), 1u);
  EXPECT_TRUE(emitted<StartEngine>().empty());
  engine_down(kBtcEngine, EngineDownWhy::kStopped);
  ASSERT_EQ(emitted<StartEngine>().size(), 1u);
  EXPECT_EQ(emitted<StartEngine>()[0].engine_incarnation, EngineIncarnation{2});
  EXPECT_EQ(engine_of(kBtcEngine).restart_times.size(), 1u);
}

TEST_F(EnginesTest, WithoutItsPredecessorsImageTheOldOrdersAreCancelled) {
  const OrderSequence old = open(Side::kBuy);
  engine_down(kBtcEngine);
  EXPECT_EQ(emitted<StartEngine>()[0].intents_seen, 1u);
  engine_up(kBtcEngine, true);
  EXPECT_TRUE(emitted<CancelOrder>().empty());
  engine_down(kBtcEngine);
  engine_up(kBtcEngine, false);
  ASSERT_EQ(emitted<CancelOrder>().size(), 1u);
  EXPECT_EQ(emitted<CancelOrder>()[0].sequence, old);
}

TEST_F(EnginesTest, WhatTheNewProcessPlacedAlreadyIsNotCancelledWithTheOld) {
  const OrderSequence old = open(Side::kBuy);
  engine_down(kBtcEngine);
  ASSERT_NE(place(Side::kBuy, 49'999'00).value, 0u);
  engine_up(kBtcEngine, false);
  ASSERT_EQ(emitted<CancelOrder>().size(), 1u);
  EXPECT_EQ(emitted<CancelOrder>()[0].sequence, old);
}

TEST_F(EnginesTest, AnIdKeepsItsNameForLife) {
  EngineDefined other;
  other.engine = kBtcEngine;
  other.name = "somebody-else";
  step(other);
  EXPECT_EQ(emitted<Alert>()[0].kind, AlertKind::kDefinitionRefused);
  EXPECT_EQ(engine_of(kBtcEngine).definition.name.view(), "mm-btc");
}

}  // namespace
}  // namespace levi::machine
