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

}  // namespace
}  // namespace levi::machine
