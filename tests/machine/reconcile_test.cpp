// Reconciliations that take their time.
#include "tests/machine/machine_fixture.h"

namespace levi::machine {
namespace {

using latch::Holder;

class ReconcileTest : public MachineTest {
 protected:
  Command resume() {
    Command command = this->command(CommandKind::kResume);
    command.holder = static_cast<std::uint32_t>(Holder::kReconcile);
    return command;
  }
};

TEST_F(ReconcileTest, OneThatTakesAMinuteInMidRunSealsOnceAndIsReleasedOnceItHasEnded) {
  step(ReconcileStarted{});
  for (int i = 0; i < 59; ++i) {
    second();
    ASSERT_TRUE(emitted<SealLatch>().empty()) << i;
  }
  second();
  ASSERT_EQ(emitted<SealLatch>().size(), 1u);
  EXPECT_EQ(emitted<SealLatch>()[0].holder, static_cast<std::uint32_t>(Holder::kReconcile));
  EXPECT_EQ(emitted<Alert>().size(), 1u);
  seal(Holder::kReconcile, 2);
  for (int i = 0; i < 100; ++i) {
    second();
    ASSERT_TRUE(emitted<SealLatch>().empty() && emitted<Alert>().empty()) << "said once";
  }
  step(resume());
  EXPECT_EQ(answered(), AnswerCode::kRefused) << "it still runs";
  step(ReconcileDone{});
  step(resume());
  ASSERT_EQ(emitted<OpenLatch>().size(), 1u);
  unseal(2);
  second();
  EXPECT_TRUE(emitted<SealLatch>().empty());
  EXPECT_EQ(state().trading, TradingState::kActive);
}

TEST_F(ReconcileTest, AStartWaitsForItsVenueAsLongAsItTakes) {
  start(2);
  for (int i = 0; i < 100; ++i) {
    second();
    ASSERT_TRUE(emitted<SealLatch>().empty());
  }
  reconcile();
  EXPECT_EQ(state().trading, TradingState::kActive);
}

TEST_F(ReconcileTest, TheTimeThatOneTakesIsKeptInASnapshot) {
  step(ReconcileStarted{});
  for (int i = 0; i < 30; ++i) second();
  const auto restored = Machine::deserialize(machine_.serialize());
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored.value().state().reconciling_since, state().reconciling_since);
  EXPECT_EQ(restored.value().state_hash(), machine_.state_hash());
}

TEST_F(ReconcileTest, FillsAreKnownUpToNowWhilePushesCome) {
  reconcile();
  second();
  EXPECT_EQ(state().reconciled_to, now_);
  const Instant before = now_;
  private_feed(false);
  second();
  private_feed(true);
  second();
  EXPECT_EQ(state().reconciled_to, before) << "nobody has asked yet what was missed";
  step(ReconcileStarted{});
  const Instant begun = now_;
  second();
  EXPECT_EQ(state().reconciled_to, before);
  step(ReconcileDone{});
  EXPECT_EQ(state().reconciled_to, begun) << "what came later was pushed, or is asked for yet";
  second();
  EXPECT_EQ(state().reconciled_to, now_);
  seal(Holder::kJournal, 2);
  const Instant sealed = state().reconciled_to;
  second();
  EXPECT_EQ(state().reconciled_to, sealed) << "pushes may have been dropped";
}

TEST_F(ReconcileTest, AStartWhoseReconciliationNeverEndedForgetsNothing) {
  reconcile();
  second();
  const Instant known = state().reconciled_to;
  for (std::uint32_t incarnation = 2; incarnation < 5; ++incarnation) {
    start(incarnation);
    private_feed(true);
    step(ReconcileStarted{});
    for (int i = 0; i < 100; ++i) second();
    EXPECT_EQ(state().reconciled_to, known) << incarnation;
  }
  EXPECT_EQ(Machine::deserialize(machine_.serialize()).value().state().reconciled_to, known);
}

TEST_F(ReconcileTest, OneThatLeftSomethingOpenOrLookedAtAPartIsDoneAgainFromTheSameInstant) {
  reconcile();
  second();
  const Instant known = state().reconciled_to;
  private_feed(false);
  private_feed(true);
  reconcile(1);
  second();
  EXPECT_EQ(state().reconciled_to, known) << "trades could not be had";
  step(ReconcileStarted{known + 1ms});
  step(ReconcileDone{});
  second();
  EXPECT_EQ(state().reconciled_to, known) << "it left out a millisecond";
  step(ReconcileStarted{known});
  step(ReconcileDone{});
  second();
  EXPECT_EQ(state().reconciled_to, now_);
}

}  // namespace
}  // namespace levi::machine
