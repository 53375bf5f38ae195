#include "tests/machine/machine_fixture.h"

namespace levi::machine {
namespace {

using latch::Holder;

class LatchRulesTest : public MachineTest {
 protected:
  Command resume(Holder holder, std::uint64_t epoch = 0, const char* actor = "ops") {
    Command command = this->command(CommandKind::kResume);
    command.holder = static_cast<std::uint32_t>(holder);
    command.epoch = epoch;
    command.actor = actor;
    return command;
  }
};

TEST_F(LatchRulesTest, ASealCancelsEverythingUntilNothingIsOpen) {
  const OrderSequence sequence = open(Side::kBuy);
  seal(Holder::kOperator, 2);
  EXPECT_EQ(emitted<CancelAllOpen>().size(), 1u);
  second();
  EXPECT_EQ(emitted<CancelAllOpen>().size(), 1u) << "it is still open";
  EXPECT_EQ(emitted<QueryOrder>().size(), 1u) << "and asked for: the answer may be lost";
  step(VenueCanceled{sequence, {}});
  second();
  EXPECT_TRUE(emitted<CancelAllOpen>().empty());
}

TEST_F(LatchRulesTest, ForeignOrdersAlarmOnceAndAreCancelledOnlyWhileKilled) {
  ForeignOrder foreign{kBtc, "F1", "somebody"};
  step(foreign);
  EXPECT_EQ(emitted<Alert>().size(), 1u);
  step(foreign);
  EXPECT_TRUE(emitted<Alert>().empty());
  second();
  EXPECT_TRUE(emitted<CancelAllOpen>().empty());
  seal(Holder::kNewInstance, 2);
  EXPECT_TRUE(emitted<CancelAllOpen>().empty()) << "a new instance has nothing to cancel";
  seal(Holder::kOperator, 3);
  step(foreign);
  second();
  EXPECT_EQ(emitted<CancelAllOpen>().size(), 1u);
}

TEST_F(LatchRulesTest, AResumeOpensByTheEpochThatTheOperatorSaw) {
  seal(Holder::kOperator, 5);
  step(resume(Holder::kOperator, 4));
  EXPECT_EQ(answered(), AnswerCode::kConflict);
  step(resume(Holder::kDailyLoss));
  EXPECT_EQ(answered(), AnswerCode::kNotFound);
  step(resume(Holder::kOperator));
  ASSERT_EQ(emitted<OpenLatch>().size(), 1u);
  EXPECT_EQ(emitted<OpenLatch>()[0].epoch, 5u) << "never just the current one";
  EXPECT_TRUE(emitted<Answer>().empty()) << "the shell knows how it went";
  Command silent = resume(Holder::kOperator);
  silent.reason = "";
  step(silent);
  EXPECT_EQ(answered(), AnswerCode::kRefused);
}

TEST_F(LatchRulesTest, WhoSealedMayBeToldAMomentAfterTheSealItself) {
  LatchSeen seen;
  seen.word = sealed_word(Holder::kChaos, 2);
  seen.holders_new = 1u << static_cast<unsigned>(Holder::kChaos);
  step(seen);  // the word is there, its slot not yet
  step(resume(Holder::kChaos, 0, "chaos:7"));
  EXPECT_EQ(answered(), AnswerCode::kRefused);
  seen.actor = "chaos:7";
  step(seen);
  EXPECT_TRUE(emitted<CancelAllOpen>().empty()) << "it is the same seal";
  step(resume(Holder::kChaos, 0, "chaos:7"));
  EXPECT_EQ(emitted<OpenLatch>().size(), 1u);
}

TEST_F(LatchRulesTest, AChaosRunReleasesItsOwnSealAndNoOther) {
  seal(Holder::kChaos, 2);  // by chaos:7
  step(resume(Holder::kChaos, 0, "chaos:8"));
  EXPECT_EQ(answered(), AnswerCode::kRefused);
  step(resume(Holder::kChaos, 0, "chaos:7"));
  EXPECT_EQ(emitted<OpenLatch>().size(), 1u);
  step(resume(Holder::kChaos, 0, "ops"));
  EXPECT_EQ(emitted<OpenLatch>().size(), 1u) << "a person may";
  seal(Holder::kOperator, 3);
  step(resume(Holder::kOperator, 0, "chaos:7"));
  EXPECT_EQ(answered(), AnswerCode::kRefused);
}

TEST_F(LatchRulesTest, ReconcileIsReleasedOnlyWhenNothingIsUnsettled) {
  const OrderSequence sequence = open(Side::kBuy);
  start(2, sealed_word(Holder::kReconcile, 2));
  step(resume(Holder::kReconcile));
  EXPECT_EQ(answered(), AnswerCode::kRefused);
  reconcile();
  step(resume(Holder::kReconcile));
  EXPECT_EQ(answered(), AnswerCode::kRefused) << "one order is unknown";
  step(VenueCanceled{sequence, {}});
  step(resume(Holder::kReconcile));
  EXPECT_EQ(emitted<OpenLatch>().size(), 1u);
}

TEST_F(LatchRulesTest, AWantedSealIsAskedForUntilItIsSeen) {
  limits_.daily_loss_max = Money{1};
  step(limits_);
  VenueFill fill = fill_of(open(Side::kBuy), 1000, "t1");
  fill.fee = Money{5};
  step(fill);
  EXPECT_EQ(emitted<SealLatch>().size(), 1u);
  EXPECT_EQ(state().trading, TradingState::kHalted) << "at once, not when the seal is seen";
  second();
  EXPECT_EQ(emitted<SealLatch>().size(), 1u);
  start(2);
  EXPECT_EQ(picked<SealLatch>(start_effects_).size(), 1u) << "and across a crash";
  seal(Holder::kDailyLoss, 2);
  second();
  EXPECT_TRUE(emitted<SealLatch>().empty());
}

TEST_F(LatchRulesTest, AFeedThatStaysDownIsPolled) {
  FeedUp up;
  up.connection = 1;
  step(up);
  FeedDown down;
  down.connection = 1;
  step(down);
  EXPECT_FALSE(state().instruments[0].book_valid);
  for (int i = 0; i < 4; ++i) second();
  EXPECT_TRUE(emitted<PollRest>().empty());
  second();
  ASSERT_EQ(emitted<PollRest>().size(), 1u);
  EXPECT_TRUE(emitted<PollRest>()[0].on);
  up.connection = 2;
  step(up);
  ASSERT_EQ(emitted<PollRest>().size(), 1u);
  EXPECT_FALSE(emitted<PollRest>()[0].on);
}

}  // namespace
}  // namespace levi::machine
