// Whole runs against the fake target: sound it passes, and with one behaviour broken the matching
// scenario fails.
#include "chaos/experiment/run.h"

#include <gtest/gtest.h>

#include "chaos/experiment/catalogue.h"
#include "chaos/experiment/selftest.h"
#include "chaos/guard/undo.h"
#include "core/base/json_fields.h"
#include "reports/results.h"
#include "tests/chaos/fake_target.h"
#include "tests/chaos/rig.h"

namespace levi::chaos {
namespace {

// A shipped scenario, with shorter waits.
Scenario shipped(const std::string& id, int trials = 1) {
  Scenario scenario = load_scenarios({id}).value().front();
  scenario.trials = trials;
  scenario.settle = Nanos{60ms};
  scenario.timeout = Nanos{2s};
  if (!scenario.holds.empty()) scenario.holds = {Nanos{500ms}};
  return scenario;
}

class Run : public testing::Test {
 protected:
  RunResult run(const FakeTarget& target, const std::vector<Scenario>& scenarios,
                bool leave_out = false) {
    RunOptions options = run_options(target.spec(), scratch_);
    options.leave_out = leave_out;
    auto result = run_scenarios(scenarios, options);
    EXPECT_TRUE(result) << result.error().text();
    EXPECT_TRUE(os::list_folder(undo_folder()).value().empty()) << "an undo log is left";
    return result ? std::move(result).value() : RunResult{};
  }
  Scratch scratch_;
};

struct ScenarioCase {
  const char* id;
  Broken broken;
};

class EachScenario : public Run, public testing::WithParamInterface<ScenarioCase> {};

TEST_P(EachScenario, PassesOnASoundTarget) {
  const FakeTarget target;
  const RunResult result = run(target, {shipped(GetParam().id)});
  ASSERT_EQ(result.records.size(), 1u);
  EXPECT_EQ(result.records[0].status, reports::Verdict::kPass) << to_line(result.records[0]);
  EXPECT_FALSE(result.records[0].fault.proof.empty());
  EXPECT_EQ(reports::exit_code(result.gate), 0);
}

TEST_P(EachScenario, IsInvalidWithTheFaultLeftOut) {
  const FakeTarget target;
  const RunResult result = run(target, {shipped(GetParam().id)}, true);
  ASSERT_EQ(result.records.size(), 1u);
  EXPECT_EQ(result.records[0].status, reports::Verdict::kInvalid) << to_line(result.records[0]);
  EXPECT_NE(result.records[0].reason.find("not seen to land"), std::string::npos)
      << result.records[0].reason;
  EXPECT_EQ(reports::exit_code(result.gate), 3);
}

TEST_P(EachScenario, FailsWithItsDefenceOff) {
  const FakeTarget target(GetParam().broken);
  const RunResult result = run(target, {shipped(GetParam().id)});
  ASSERT_EQ(result.records.size(), 1u);
  EXPECT_EQ(result.records[0].status, reports::Verdict::kFail) << to_line(result.records[0]);
  EXPECT_EQ(reports::exit_code(result.gate), 1);
}

INSTANTIATE_TEST_SUITE_P(Shipped, EachScenario,
                         testing::Values(ScenarioCase{"C-1", {.takeover = true}},
                                         ScenarioCase{"C-2", {.reconnect = true}},
                                         ScenarioCase{"C-2b", {.watchdog = true}},
                                         ScenarioCase{"C-3", {.async_store = true}},
                                         ScenarioCase{"C-6", {.latch_check = true}},
                                         ScenarioCase{"K-1", {.reconcile = true}}),
                         [](const auto& tested) {
                           std::string name = tested.param.id;
                           name.erase(name.find('-'), 1);
                           return name;
                         });

TEST_F(Run, EveryWayIntoTheKillSwitchSeals) {
  const FakeTarget target;
  const RunResult result = run(target, {shipped("C-6", 6)});
  ASSERT_EQ(result.records.size(), 6u);
  for (const auto& record : result.records) {
    EXPECT_EQ(record.status, reports::Verdict::kPass) << to_line(record);
  }
  EXPECT_EQ(result.records[2].variant, "file");
}

TEST_F(Run, AKillWithoutOrderFlowProvesNothing) {
  const FakeTarget target({.no_flow = true});
  Scenario scenario = shipped("C-6");
  std::erase(scenario.steady, "orders.flowing");
  const RunResult result = run(target, {scenario});
  ASSERT_EQ(result.records.size(), 1u);
  EXPECT_EQ(result.records[0].status, reports::Verdict::kInvalid) << to_line(result.records[0]);
  EXPECT_NE(result.records[0].reason.find("no order flow"), std::string::npos)
      << result.records[0].reason;
}

TEST_F(Run, WithoutASteadyStateNothingIsInjected) {
  const FakeTarget target({.no_flow = true});
  const RunResult result = run(target, {shipped("K-1")});
  ASSERT_EQ(result.records.size(), 1u);
  EXPECT_EQ(result.records[0].status, reports::Verdict::kInvalid);
  EXPECT_TRUE(result.records[0].fault.injected_at.empty());
}

TEST_F(Run, AChangingRequestWithoutAnAuditLineIsAViolation) {
  const FakeTarget target({.audit = true});
  const RunResult result = run(target, {shipped("C-1")});
  ASSERT_EQ(result.records.size(), 1u);
  EXPECT_EQ(result.records[0].status, reports::Verdict::kFail) << to_line(result.records[0]);
}

TEST_F(Run, WhatTheTargetLacksIsSkippedAndCountsAgainstTheGateUnlessApproved) {
  const FakeTarget target;
  TargetSpec spec = target.spec();
  spec.data.clear();
  RunOptions options = run_options(spec, scratch_);
  auto result = run_scenarios({shipped("C-3")}, options);
  ASSERT_TRUE(result);
  EXPECT_EQ(result.value().records[0].status, reports::Verdict::kSkipped);
  EXPECT_EQ(result.value().gate.required, 1u);
  options.run = os::random_text(8);
  options.skips_approved = {"C-3"};
  result = run_scenarios({shipped("C-3")}, options);
  ASSERT_TRUE(result);
  EXPECT_EQ(result.value().gate.required, 0u);
}

TEST_F(Run, AProductionSystemIsRefused) {
  const FakeTarget target({.production = true});
  const auto result = run_scenarios({shipped("C-1")}, run_options(target.spec(), scratch_));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kRefused);
}

TEST_F(Run, AnotherTargetThanTheOneMeantIsRefused) {
  const FakeTarget target;
  TargetSpec spec = target.spec();
  spec.expect["instance"] = "another";
  const auto result = run_scenarios({shipped("C-1")}, run_options(spec, scratch_));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kRefused);
  EXPECT_NE(result.error().message.find("instance"), std::string::npos);
}

TEST_F(Run, AnotherRunsLeaseIsRespected) {
  FakeTarget target;
  target.lease_to("somebody");
  const auto result = run_scenarios({shipped("C-1")}, run_options(target.spec(), scratch_));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kConflict);
  const auto lease = Target(target.spec()).api("GET", "/chaos/lease");
  ASSERT_TRUE(lease);
  EXPECT_EQ(text_at(object_at(lease.value(), "lease"), "run"), "somebody");
}

TEST_F(Run, ATargetThatIsNotThereIsUnreachable) {
  TargetSpec spec;
  spec.api = "127.0.0.1:1";
  const auto result = run_scenarios({shipped("C-1")}, run_options(spec, scratch_));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnreachable);
}

TEST_F(Run, TheLeaseIsGivenBackAndTheResultsCanBeJudgedAgain) {
  const FakeTarget target;
  const RunResult result = run(target, {shipped("C-2"), shipped("C-1", 2)});
  const auto lease = Target(target.spec()).api("GET", "/chaos/lease");
  ASSERT_TRUE(lease);
  EXPECT_TRUE(value_at(lease.value(), "lease").is_null());
  const auto stored = reports::read_run(scratch_.folder() + "/reports/chaos/latest");
  ASSERT_TRUE(stored) << stored.error().text();
  EXPECT_EQ(stored.value().records.size(), 3u);
  EXPECT_TRUE(stored.value().facts.complete);
  EXPECT_EQ(to_line(stored.value().records[2]), to_line(result.records[2]));
}

TEST_F(Run, ARunThatIsInterruptedStopsAndSaysSo) {
  const FakeTarget target;
  RunOptions options = run_options(target.spec(), scratch_);
  bool stop = false;
  options.interrupted = [&] { return stop; };
  options.on_progress = [&](const Progress& progress) {
    stop |= progress.trial == 2 && progress.step == "observe";
  };
  const auto result = run_scenarios({shipped("C-2b", 5)}, options);
  ASSERT_TRUE(result);
  EXPECT_EQ(result.value().records.size(), 2u);
  EXPECT_EQ(result.value().records[1].status, reports::Verdict::kInvalid);
  EXPECT_EQ(reports::exit_code(result.value().gate), 4);
  const auto faults = Target(target.spec()).exchange("GET", "/faults");
  ASSERT_TRUE(faults);
  EXPECT_TRUE(list_at(faults.value(), "faults").empty());
}

// Stages for the selftest: a fake each, broken as asked.
class FakeStages : public StageProvider {
 public:
  Result<TargetSpec> start(const std::string& sabotage) override {
    Broken broken;
    broken.takeover = sabotage == "takeover" && !lie_;
    broken.latch_check = sabotage == "latch-check";
    target_ = std::make_unique<FakeTarget>(broken);
    return target_->spec();
  }
  Status stop() override {
    target_.reset();
    return ok();
  }
  explicit FakeStages(bool lie) : lie_(lie) {}

 private:
  const bool lie_;
  std::unique_ptr<FakeTarget> target_;
};

TEST_F(Run, TheSelftestShowsThatEachCheckCanFail) {
  FakeStages stages(false);
  const auto result =
      run_selftest({shipped("C-1"), shipped("C-6")}, run_options({}, scratch_), stages, {});
  ASSERT_TRUE(result);
  ASSERT_EQ(result.value().controls.size(), 4u);
  for (const auto& control : result.value().controls) {
    EXPECT_TRUE(control.as_expected)
        << control.scenario << " " << control.control << ": " << control.got;
  }
}

TEST_F(Run, ASabotageThatDoesNothingIsFoundOut) {
  FakeStages stages(true);
  const auto result = run_selftest({shipped("C-1")}, run_options({}, scratch_), stages, {});
  ASSERT_TRUE(result);
  ASSERT_EQ(result.value().controls.size(), 2u);
  EXPECT_FALSE(result.value().controls[1].as_expected);
  EXPECT_EQ(result.value().controls[1].got, "pass");
}

}  // namespace
}  // namespace levi::chaos
