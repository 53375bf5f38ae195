#include "reports/gate.h"

#include <gtest/gtest.h>

#include "tests/reports/samples.h"

namespace levi::reports {
namespace {

TEST(Gate, NineOfTenMeetsNinetyPercentAndEightDoNot) {
  EXPECT_EQ(judge_gate(trials(9, 1), {}).outcome, GateOutcome::kPassed);
  EXPECT_EQ(exit_code(judge_gate(trials(9, 1), {})), 0);
  EXPECT_EQ(judge_gate(trials(8, 2), {}).outcome, GateOutcome::kMissed);
  EXPECT_EQ(exit_code(judge_gate(trials(8, 2), {})), 1);
}

TEST(Gate, InvalidTrialsCountAgainstThePassRate) {
  EXPECT_EQ(judge_gate(trials(8, 0, 2), {}).outcome, GateOutcome::kMissed);
  EXPECT_EQ(judge_gate(trials(8, 0, 2), {}).required, 10u);
}

TEST(Gate, OnlyApprovedSkipsAreExcused) {
  auto records = trials(9, 0);
  records.push_back(trial("C-2", 1, Verdict::kSkipped));
  records.push_back(trial("C-2", 2, Verdict::kSkipped));
  EXPECT_EQ(judge_gate(records, {}).outcome, GateOutcome::kMissed);
  for (auto& record : records) record.skip_approved = true;
  EXPECT_EQ(judge_gate(records, {}).outcome, GateOutcome::kPassed);
  EXPECT_EQ(judge_gate(records, {}).required, 9u);
}

TEST(Gate, WithoutADecidedTrialItIsNotJudged) {
  EXPECT_EQ(exit_code(judge_gate({}, {})), 3);
  EXPECT_EQ(exit_code(judge_gate(trials(0, 0, 5), {})), 3);
  auto records = trials(0, 0, 2);
  records[0].must_pass = true;
  EXPECT_EQ(exit_code(judge_gate(records, {})), 3);
}

TEST(Gate, AMustPassScenarioFailsItAlone) {
  auto records = trials(99, 0);
  records.push_back(trial("C-6", 1, Verdict::kFail));
  EXPECT_EQ(judge_gate(records, {}).outcome, GateOutcome::kPassed);
  records.back().must_pass = true;
  EXPECT_EQ(judge_gate(records, {}).outcome, GateOutcome::kMissed);
  records.back().status = Verdict::kInvalid;
  EXPECT_EQ(judge_gate(records, {}).outcome, GateOutcome::kMissed);
}

TEST(Gate, ABrokenLedgerFailsItAloneInAnyScenario) {
  auto records = trials(99, 1);
  records.back().violations = {{"ledger.reconciled", "1 fill is lost"}};
  EXPECT_EQ(judge_gate(records, {}).outcome, GateOutcome::kMissed);
  records.back().violations = {{"kill.beyond-s", "order 7"}};
  EXPECT_EQ(exit_code(judge_gate(records, {0.9, 200, true})), 1) << "an interrupt hides nothing";
  records.back().violations = {{"audit.chained", "line 3"}};
  EXPECT_EQ(judge_gate(records, {}).outcome, GateOutcome::kMissed);
  records.back().violations = {{"recovered", "not within 6000 ms"}};
  EXPECT_EQ(judge_gate(records, {}).outcome, GateOutcome::kPassed);
}

TEST(Gate, LeftoversComeBeforeEverything) {
  auto records = trials(8, 2);
  records.back().leftovers = {"a frozen socket"};
  EXPECT_EQ(exit_code(judge_gate(records, {0.9, 0, true})), 5);
}

TEST(Gate, WhatIsLeftAtTheEndFailsItWhateverTheTrialsSaid) {
  GateOptions options;
  options.leftovers = {"the latch is sealed"};
  auto records = trials(10, 0);
  Gate gate = judge_gate(records, options);
  EXPECT_EQ(gate.outcome, GateOutcome::kMissed);
  EXPECT_EQ(exit_code(gate), 5);
  EXPECT_EQ(gate.reasons, std::vector<std::string>{"left behind at the end: the latch is sealed"});
  records.back().leftovers = options.leftovers;
  gate = judge_gate(records, options);
  EXPECT_EQ(gate.leftovers.size(), 1u) << "told once";
  EXPECT_EQ(gate.reasons.size(), 1u);
}

TEST(Gate, InterruptedIsFourUnlessTheRestCouldNotSaveIt) {
  EXPECT_EQ(exit_code(judge_gate(trials(3, 0), {0.9, 10, true})), 4);
  EXPECT_EQ(exit_code(judge_gate(trials(3, 1), {0.9, 10, true})), 4);
  EXPECT_EQ(exit_code(judge_gate(trials(3, 2), {0.9, 10, true})), 1);
  EXPECT_EQ(exit_code(judge_gate({}, {0.9, 10, true})), 4);
  auto records = trials(3, 0, 1);  // the trial that was cut short
  records.back().must_pass = true;
  EXPECT_EQ(exit_code(judge_gate(records, {0.9, 5, true})), 4);
}

TEST(Gate, PlannedTrialsThatNeverRanCountAgainstIt) {
  EXPECT_EQ(judge_gate(trials(5, 0), {0.9, 10, false}).outcome, GateOutcome::kMissed);
}

TEST(Gate, APercentileTargetIsJudgedOverAllTrials) {
  auto records = trials(60, 0);
  for (auto& record : records) {
    record.measures = {seconds("kill_ack", 10, 0, 1000)};
    record.measures[0].target.p95 = 20;
  }
  EXPECT_EQ(judge_gate(records, {}).outcome, GateOutcome::kPassed);
  for (std::size_t i = 0; i < 20; ++i) records[i].measures[0].value = 30;
  EXPECT_EQ(judge_gate(records, {}).outcome, GateOutcome::kMissed);
  for (auto& record : records) record.measures[0].value.reset();
  EXPECT_EQ(judge_gate(records, {}).outcome, GateOutcome::kUndecided) << "nothing was measured";
  records.resize(50);
  for (auto& record : records) record.measures[0].value = 10;
  EXPECT_EQ(judge_gate(records, {}).outcome, GateOutcome::kUndecided)
      << "50 trials are too few for p95";
}

// A hundred trials of which some never recovered: those have no time to show.
std::vector<TrialRecord> never_recovered(std::size_t absent) {
  auto records = trials(100 - absent, absent);
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].measures = {seconds("mttr", 10, 1, 1'000)};
    records[i].measures[0].target = {};
    records[i].measures[0].target.p95 = 100;
    if (i >= 100 - absent) records[i].measures[0].value.reset();
  }
  return records;
}

TEST(Gate, WhatNeverRecoveredIsSlowerThanAnyTarget) {
  EXPECT_EQ(judge_gate(never_recovered(0), {}).outcome, GateOutcome::kPassed);
  EXPECT_EQ(judge_gate(never_recovered(9), {}).outcome, GateOutcome::kUndecided)
      << "9 of 100 prove neither that p95 holds nor, with 95 % confidence, that it does not";
  EXPECT_EQ(judge_gate(never_recovered(10), {}).outcome, GateOutcome::kMissed);
  auto unlisted = never_recovered(10);
  for (auto& record : unlisted) {
    if (!record.measures[0].value) record.measures.clear();
  }
  EXPECT_EQ(judge_gate(unlisted, {}).outcome, GateOutcome::kMissed) << "not even named";
}

}  // namespace
}  // namespace levi::reports
