// The exit codes of `levictl chaos run` and `chaos gate` (docs/chaos.md): what was meant, what was
// refused, what was judged. Nothing is broken here.
#include <csignal>

#include "core/os/clock.h"
#include "core/os/file.h"
#include "levictl/chaos_target.h"
#include "reports/results.h"
#include "tests/chaos/stage_rig.h"

namespace levi::chaos {
namespace {

using reports::TrialRecord;
using reports::Verdict;

class ExitCode : public LevictlRig {
 protected:
  Outcome chaos_run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"chaos", "run", "--out", folder("reports")});
    return levictl(arguments);
  }
  std::string file(const std::string& name, const std::string& text) {
    EXPECT_TRUE(os::write_file_atomic(folder(name), text));
    return folder(name);
  }
  // Nothing was started and nothing was written.
  void expect_nothing_done() {
    EXPECT_TRUE(cli::stage_names().empty());
    EXPECT_FALSE(os::exists(folder("reports")));
    EXPECT_FALSE(os::exists(undo_parent()));
  }
};

TEST_F(ExitCode, OfWrongUsageIs2AndNothingIsDone) {
  EXPECT_EQ(chaos_run({"--target", ""}).code, 2);
  EXPECT_EQ(chaos_run({"--stage", "--target", "http://127.0.0.1:1"}).code, 2);
  EXPECT_EQ(chaos_run({"--trials", "0", "--stage"}).code, 2);
  EXPECT_EQ(chaos_run({"C-99", "--stage"}).code, 2);
  EXPECT_EQ(chaos_run({"--target-file", ""}).code, 2);
  EXPECT_EQ(chaos_run({"--target-file", folder("nothing.json")}).code, 2);
  EXPECT_EQ(chaos_run({"--gate", "nan", "--stage"}).code, 2);
  ASSERT_EQ(::setenv("LEVICTL_TARGET", "", 1), 0);
  const Outcome unnamed = chaos_run({});
  ASSERT_EQ(::unsetenv("LEVICTL_TARGET"), 0);
  EXPECT_EQ(unnamed.code, 2) << unnamed.text;
  ASSERT_EQ(::setenv("CI", "true", 1), 0);
  const Outcome in_ci = chaos_run({});
  ASSERT_EQ(::unsetenv("CI"), 0);
  EXPECT_EQ(in_ci.code, 2);
  EXPECT_NE(in_ci.text.find("--stage or --target"), std::string::npos) << in_ci.text;
  expect_nothing_done();
}

TEST_F(ExitCode, OfAnInvalidScenarioIs2WithFileLineAndFix) {
  const std::string bad = file("bad.yaml",
                               "id: X-1\nname: x\ntitle: x\nsteady: [feed.live]\n"
                               "inject: {fault: feed.half_opne}\n");
  for (const auto& arguments : {std::vector<std::string>{"chaos", "validate", bad},
                                std::vector<std::string>{"chaos", "run", "--stage", bad}}) {
    const Outcome outcome = levictl(arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.text.find(bad + ":5"), std::string::npos) << outcome.text;
    EXPECT_NE(outcome.text.find("feed.half_open"), std::string::npos) << outcome.text;
  }
  expect_nothing_done();
}

TEST_F(ExitCode, OfAProductionRunIs7) {
  EXPECT_EQ(chaos_run({"--production", "main", "--target", "http://127.0.0.1:1"}).code, 7);
  expect_nothing_done();
}

TEST_F(ExitCode, WithNothingRunningIs3NeverPassed) {
  EXPECT_EQ(chaos_run({}).code, 3);
  EXPECT_EQ(chaos_run({"--target", "http://127.0.0.1:1"}).code, 3);
}

// `latest` is this run, not the one before, though this one never came to a trial.
TEST_F(ExitCode, OfTheGateAfterARunThatFailedIs3WhateverTheRunBeforeCameTo) {
  reports::RunFacts facts;
  facts.trials_planned = 1;
  facts.complete = true;
  auto before = reports::ResultsWriter::create(folder("reports"), facts, os::wall_now());
  ASSERT_TRUE(before) << before.error().text();
  TrialRecord pass;
  pass.id = pass.name = "C-1";
  pass.status = Verdict::kPass;
  ASSERT_TRUE(before.value().append(pass));
  ASSERT_TRUE(before.value().write_summary({pass}, facts, reports::judge_gate({pass}, {})));
  const std::string latest = folder("reports/chaos/latest");
  EXPECT_EQ(levictl({"chaos", "gate", latest}).code, 0);
  EXPECT_EQ(chaos_run({"--target", "http://127.0.0.1:1"}).code, 3);
  const Outcome gate = levictl({"chaos", "gate", latest});
  EXPECT_EQ(gate.code, 3) << gate.text;
  EXPECT_NE(gate.text.find("target 127.0.0.1:1"), std::string::npos) << gate.text;
  EXPECT_NE(gate.text.find("it judged nothing"), std::string::npos) << gate.text;
}

class ExitCodeOnStage : public StageRig {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    EXPECT_TRUE(os::write_file_atomic(folder(name), text));
    return folder(name);
  }
  Outcome run_on(const TargetSpec& spec, std::vector<std::string> arguments) {
    EXPECT_TRUE(os::write_file_atomic(folder("target.json"), to_text(spec)));
    arguments.insert(arguments.begin(), {"chaos", "run", "--target-file", folder("target.json"),
                                         "--out", folder("reports")});
    return levictl(arguments);
  }
};

TEST_F(ExitCodeOnStage, OfAnotherTargetThanTheOneMeantIs7) {
  TargetSpec spec = target();
  spec.expect["instance"] = "another";
  const Outcome outcome = run_on(spec, {scenario_file(Kind::kKill)});
  EXPECT_EQ(outcome.code, 7);
  EXPECT_NE(outcome.text.find("its instance is"), std::string::npos) << outcome.text;
  spec = target();
  spec.name = "stage-of-somebody";
  EXPECT_EQ(run_on(spec, {scenario_file(Kind::kKill)}).code, 7);
  spec = target();
  spec.environment = "production";
  EXPECT_EQ(run_on(spec, {scenario_file(Kind::kKill)}).code, 7);
  expect_nothing_left();
}

TEST_F(ExitCodeOnStage, WhereTheTargetLacksWhatIsNeededIs3UnlessSkipsAreApprovedAndOthersPass) {
  TargetSpec spec = target();
  spec.data.clear();
  const Outcome skipped = run_on(spec, {"C-3", "--trials", "1"});
  EXPECT_EQ(skipped.code, 3);
  EXPECT_NE(skipped.text.find("needs data-folder"), std::string::npos) << skipped.text;
  // Approved, it does not count; but a run of which nothing is judged has decided nothing.
  EXPECT_EQ(run_on(spec, {"C-3", "--trials", "1", "--approve-skip", "C-3"}).code, 3);
  const std::string kill = scenario_file(Kind::kKill);
  EXPECT_EQ(run_on(spec, {"C-3", kill, "--trials", "1"}).code, 1);
  const Outcome approved = run_on(spec, {"C-3", kill, "--trials", "1", "--approve-skip", "C-3"});
  EXPECT_EQ(approved.code, 0) << approved.text;
  expect_nothing_left();
}

// That the gate is missed would be a verdict, and nothing was judged.
TEST_F(ExitCodeOnStage, WhereNothingCouldBeDecidedIs3) {
  ASSERT_TRUE(os::write_file_atomic(folder("file"), ""));
  const Outcome unwritable = on_stage(
      {"chaos", "run", scenario_file(Kind::kKill), "--trials", "1", "--out", folder("file/x")});
  EXPECT_EQ(unwritable.code, 3) << unwritable.text;
  ASSERT_EQ(::setenv("LEVICTL_ACTOR", std::string(200, 'x').c_str(), 1), 0);
  const Outcome long_name = on_stage(
      {"chaos", "run", scenario_file(Kind::kKill), "--trials", "1", "--out", folder("reports")});
  ASSERT_EQ(::unsetenv("LEVICTL_ACTOR"), 0);
  EXPECT_EQ(long_name.code, 0) << long_name.text;
  expect_nothing_left();
}

// `levictl kill --venue` as a way into the switch: judged by what the exchange has, also its exit
// code. Where no keys are known to it, it is skipped by name.
TEST_F(ExitCodeOnStage, OfAKillByTheCommandIs0AndIsSkippedWhereTheTargetIsNoStage) {
  std::string text = scenario_text(Kind::kKill);
  const std::string variants = "variants: [control-port, file]";
  text.replace(text.find(variants), variants.size(), "variants: [command]");
  ASSERT_TRUE(os::write_file_atomic(folder("command.yaml"), text));
  const Outcome passed =
      on_stage({"chaos", "run", folder("command.yaml"), "--out", folder("reports")});
  EXPECT_EQ(passed.code, 0) << passed.text;
  TargetSpec nameless = target();
  nameless.name.clear();
  const Outcome skipped = run_on(nameless, {folder("command.yaml")});
  EXPECT_EQ(skipped.code, 3) << skipped.text;
  EXPECT_NE(skipped.text.find("keys of a stage only"), std::string::npos) << skipped.text;
  expect_nothing_left();
}

// A fault that was proven when it landed, and was gone long before its time: nothing was tested.
TEST_F(ExitCodeOnStage, OfALockThatEndsBeforeItsHoldIs3) {
  ASSERT_NO_FATAL_FAILURE(start_run({scenario_file(Kind::kDbLock), "--trials", "1", "--gate", "0"},
                                    stage_.name, "observe"));
  pid_t holder = 0;
  const std::string before_pid = "process ";
  for (const auto& line : processes(false)) {
    if (line.find("hold-lock") != std::string::npos)
      holder = std::stoi(line.substr(before_pid.size()));
  }
  ASSERT_GT(holder, 1) << "nobody holds the lock";
  const auto identity = os::identify(holder);
  ASSERT_TRUE(identity);
  const auto pidfd = os::open_process(identity.value());
  ASSERT_TRUE(pidfd);
  ASSERT_TRUE(os::send_signal(pidfd.value().get(), SIGKILL));
  ASSERT_TRUE(os::wait_exit(pidfd.value().get(), test::kPatience));
  go();
  const Outcome outcome = end_run();
  EXPECT_EQ(outcome.code, 3) << outcome.text;
  EXPECT_NE(outcome.text.find("did not stand to its end"), std::string::npos) << outcome.text;
  expect_nothing_left();
}

TEST_F(ExitCodeOnStage, IsNever0WhereTheWitnessOfAnInvariantIsMissing) {
  const std::string quiet =
      file("quiet.yaml",
           "id: X-1\nname: x\nsteady: [feed.live]\nsettle: 20ms\ntimeout: 5s\ntrials: 1\n"
           "inject: {fault: engine.kill}\ninvariants: [ledger.reconciled, audit.chained]\n");
  const Outcome whole = run_on(target(), {quiet});
  EXPECT_EQ(whole.code, 0) << whole.text;
  TargetSpec unaudited = target();
  unaudited.data.clear();
  TargetSpec unwitnessed = target();
  unwitnessed.exchange_admin.clear();
  for (const auto& spec : {unaudited, unwitnessed}) {
    const Outcome skipped = run_on(spec, {quiet});
    EXPECT_EQ(skipped.code, 3) << skipped.text;
    EXPECT_NE(skipped.text.find("skipped"), std::string::npos) << skipped.text;
  }
  expect_nothing_left();
}

TEST_F(ExitCodeOnStage, AfterAPassIs0AndTheGateSaysSoAgain) {
  const Outcome passed = on_stage(
      {"chaos", "run", scenario_file(Kind::kKill), "--out", folder("reports"), "--trials", "2"});
  EXPECT_EQ(passed.code, 0) << passed.text;
  const Outcome again = levictl({"chaos", "gate", folder("reports/chaos/latest")});
  EXPECT_EQ(again.code, 0) << again.text;
  EXPECT_NE(again.text.find("2 of 2"), std::string::npos) << again.text;
  expect_nothing_left();
}

TEST(SelftestExit, WhatIsDecidedWronglyCountsMoreThanWhatIsUndecided) {
  const Control right{"C-1", "takeover off", "", "", true, true};
  const Control wrong{"C-2", "reconnect off", "", "", true, false};
  const Control undecided{"C-3", "async-store off", "", "", false, false};
  EXPECT_EQ(cli::selftest_exit({{right}, {}, false}), 0);
  EXPECT_EQ(cli::selftest_exit({{right, undecided, wrong}, {}, false}), 1);
  EXPECT_EQ(cli::selftest_exit({{wrong}, {}, true}), 1);
  EXPECT_EQ(cli::selftest_exit({{right, undecided}, {}, false}), 3);
  EXPECT_EQ(cli::selftest_exit({{right}, {}, true}), 4);
  EXPECT_EQ(cli::selftest_exit({{wrong}, {"the latch is sealed"}, true}), 5);
  EXPECT_EQ(cli::selftest_exit({}), 3);
}

// Results folders as a run writes them.
class GateExitCode : public LevictlRig {
 protected:
  static TrialRecord record(Verdict status, int trial) {
    TrialRecord record;
    record.id = "C-1";
    record.name = "engine-kill";
    record.trial = trial;
    record.status = status;
    return record;
  }
  int gate_of(const std::vector<TrialRecord>& records, std::size_t planned,
              const std::vector<std::string>& more = {}) {
    reports::RunFacts facts;
    facts.timestamp = os::format_utc(os::wall_now());
    facts.trials_planned = planned;
    facts.complete = planned == records.size();
    facts.interrupted = !facts.complete;
    auto writer = reports::ResultsWriter::create(home_.path(), facts, os::wall_now());
    EXPECT_TRUE(writer) << writer.error().text();
    for (const auto& one : records) EXPECT_TRUE(writer.value().append(one));
    facts.leftovers = leftovers_;
    reports::Gate gate;
    gate.leftovers = leftovers_;
    EXPECT_TRUE(writer.value().write_summary(records, facts, gate));
    folder_ = writer.value().folder();
    std::vector<std::string> arguments{"chaos", "gate", folder_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return levictl(arguments).code;
  }
  std::string folder_;
  std::vector<std::string> leftovers_;  // that the run found at its end
};

TEST_F(GateExitCode, IsThatOfTheWorstThingInTheFolder) {
  const TrialRecord pass = record(Verdict::kPass, 1);
  const TrialRecord fail = record(Verdict::kFail, 2);
  const TrialRecord invalid = record(Verdict::kInvalid, 2);
  TrialRecord leftover = record(Verdict::kFail, 2);
  leftover.leftovers = {"the latch is sealed"};
  EXPECT_EQ(gate_of({pass, pass}, 2), 0);
  EXPECT_EQ(gate_of({pass, fail}, 2), 1);
  EXPECT_EQ(gate_of({pass, fail}, 2, {"--gate", "0.5"}), 0);
  EXPECT_EQ(gate_of({pass, invalid}, 2), 1);
  EXPECT_EQ(gate_of({invalid, invalid}, 2), 3);
  EXPECT_EQ(gate_of({}, 2), 4);
  EXPECT_EQ(gate_of({pass}, 2), 4);
  EXPECT_EQ(gate_of({pass, leftover}, 2, {"--gate", "0"}), 5);
  leftovers_ = {"the kill latch is sealed by chaos:r1"};
  EXPECT_EQ(gate_of({pass, pass}, 2), 5) << "no trial knows of it";
}

TEST_F(GateExitCode, IsOneForASingleFailureOfWhatMustPass) {
  TrialRecord fail = record(Verdict::kFail, 20);
  fail.must_pass = true;
  std::vector<TrialRecord> records(19, record(Verdict::kPass, 1));
  records.push_back(fail);
  EXPECT_EQ(gate_of(records, 20), 1);
}

TEST_F(GateExitCode, IsNeverZeroWithoutResultsOrWithDamagedOnes) {
  EXPECT_EQ(levictl({"chaos", "gate", folder("nothing")}).code, 3);
  EXPECT_EQ(gate_of({record(Verdict::kPass, 1)}, 1), 0);
  ASSERT_TRUE(os::write_file_atomic(folder_ + "/results.jsonl", "{\"id\":1}\n"));
  const Outcome damaged = levictl({"chaos", "gate", folder_});
  EXPECT_EQ(damaged.code, 2);
  EXPECT_NE(damaged.text.find("results.jsonl:1"), std::string::npos) << damaged.text;
}

// A run that was killed while it wrote its last line: what is whole counts, and it is not complete.
TEST_F(GateExitCode, OfAFolderWithATornLastLineIs4) {
  EXPECT_EQ(gate_of({record(Verdict::kPass, 1), record(Verdict::kPass, 2)}, 2), 0);
  auto text = os::read_file(folder_ + "/results.jsonl");
  ASSERT_TRUE(text);
  ASSERT_TRUE(os::write_file_atomic(folder_ + "/results.jsonl",
                                    text.value().substr(0, text.value().size() - 9)));
  EXPECT_EQ(levictl({"chaos", "gate", folder_}).code, 4);
}

}  // namespace
}  // namespace levi::chaos
