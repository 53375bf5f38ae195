#include "recover/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/os/file.h"
#include "recover/recovery.h"

namespace levi::recover {
namespace {

Observation healthy() {
  Observation seen;
  seen.api_answers = seen.control_answers = true;
  seen.process = ProcessSeen::kAlive;
  seen.health = "healthy";
  seen.components = {{"journal", "healthy", ""}, {"market_feed", "healthy", ""}};
  seen.engines = std::vector<EngineSeen>{{"mm-btc", "running", "", 5}};
  seen.market_feed = "up";
  seen.sealed = false;
  return seen;
}

std::vector<FindingKind> kinds(const Plan& plan) {
  std::vector<FindingKind> list;
  for (const auto& finding : plan.findings) list.push_back(finding.kind);
  return list;
}

TEST(Diagnosis, FindsNothingInAHealthyCore) {
  const Plan plan = diagnose(healthy());
  EXPECT_TRUE(plan.healthy);
  EXPECT_TRUE(plan.findings.empty());
}

TEST(Diagnosis, SaysThatNothingRunsWhereNobodyAnswersAndNoSupervisorLives) {
  Observation seen;
  seen.api_error = "connection refused";
  const Plan plan = diagnose(seen);
  EXPECT_FALSE(plan.running);
  EXPECT_FALSE(plan.healthy);
  EXPECT_TRUE(plan.acts.empty());
  EXPECT_THAT(kinds(plan), testing::ElementsAre(FindingKind::kNothingRunning));
}

TEST(Diagnosis, UnknownIsNotHealthy) {
  Observation no_engines = healthy();
  no_engines.engines.reset();
  EXPECT_FALSE(diagnose(no_engines).healthy);
  Observation no_health = healthy();
  no_health.health.clear();
  EXPECT_FALSE(diagnose(no_health).healthy);
}

TEST(Diagnosis, RestartsADeadOrHungCoreThroughItsSupervisor) {
  Observation dead;
  dead.process = ProcessSeen::kDead;
  dead.supervisor_answers = true;
  dead.supervisor_gave_up = true;
  EXPECT_THAT(kinds(diagnose(dead)), testing::ElementsAre(FindingKind::kCoreDead));
  ASSERT_EQ(diagnose(dead).acts.size(), 1u);
  EXPECT_EQ(diagnose(dead).acts[0].kind, ActKind::kRestartCore);

  Observation hung = dead;
  hung.process = ProcessSeen::kAlive;
  hung.supervisor_gave_up = false;
  hung.silent = kStartUpMax;
  EXPECT_THAT(kinds(diagnose(hung)), testing::ElementsAre(FindingKind::kCoreHung));
  ASSERT_EQ(diagnose(hung).acts.size(), 1u);
  EXPECT_EQ(diagnose(hung).acts[0].kind, ActKind::kRestartCore);
}

// One that is coming up answers nothing either: a restart would only begin that anew.
TEST(Diagnosis, AwaitsACoreThatItsSupervisorHasNotGivenUpUntilItsStartMustBeOver) {
  for (const ProcessSeen process :
       {ProcessSeen::kAlive, ProcessSeen::kDead, ProcessSeen::kUnknown}) {
    Observation starting;
    starting.process = process;
    starting.supervisor_answers = true;
    starting.silent = kStartUpMax - 1ms;
    const Plan plan = diagnose(starting);
    EXPECT_FALSE(plan.healthy);
    ASSERT_EQ(plan.acts.size(), 1u);
    EXPECT_EQ(plan.acts[0].kind, ActKind::kAwait) << describe(plan.acts[0]);
    starting.silent = kStartUpMax;
    EXPECT_EQ(diagnose(starting).acts.at(0).kind, ActKind::kRestartCore);
  }
}

TEST(Diagnosis, LeavesAHungCoreWithoutSupervisorToAHuman) {
  Observation hung;
  hung.process = ProcessSeen::kAlive;
  const Plan plan = diagnose(hung);
  EXPECT_TRUE(plan.acts.empty());
  EXPECT_FALSE(plan.for_a_human.empty());
  EXPECT_FALSE(plan.healthy);
}

TEST(Diagnosis, StartsStoppedAndFailedEngines) {
  Observation seen = healthy();
  seen.engines = std::vector<EngineSeen>{
      {"a", "running", "", 5}, {"b", "stopped", "", 5}, {"c", "failed", "killed", 0}};
  const Plan plan = diagnose(seen);
  EXPECT_THAT(kinds(plan),
              testing::ElementsAre(FindingKind::kEngineStopped, FindingKind::kEngineFailed));
  ASSERT_EQ(plan.acts.size(), 2u);
  EXPECT_EQ(plan.acts[0].subject, "b");
  EXPECT_EQ(plan.acts[1].subject, "c");
}

TEST(Diagnosis, AnEngineThatIsStillStartingIsAwaitedAndNotHealthy) {
  Observation seen = healthy();
  seen.health = "degraded";
  seen.engines->front().status = "starting";
  seen.components.push_back({"engines", "degraded", "0 of 1 running"});
  const Plan plan = diagnose(seen);
  EXPECT_FALSE(plan.healthy);
  EXPECT_THAT(kinds(plan), testing::ElementsAre(FindingKind::kEngineStarting));
  ASSERT_EQ(plan.acts.size(), 1u);
  EXPECT_EQ(plan.acts[0].kind, ActKind::kAwait);
}

TEST(Diagnosis, EnginesThatAreNotWellThoughEachRunsAreAFindingOfTheirOwn) {
  Observation seen = healthy();
  seen.health = "degraded";
  seen.components.push_back({"engines", "degraded", "one is silent"});
  const Plan plan = diagnose(seen);
  EXPECT_FALSE(plan.healthy);
  EXPECT_THAT(kinds(plan), testing::ElementsAre(FindingKind::kComponent));
}

TEST(Diagnosis, ACoreThatCallsItselfUnhealthyIsNeverHealthy) {
  Observation seen = healthy();
  seen.health = "unhealthy";
  EXPECT_FALSE(diagnose(seen).healthy);
  EXPECT_THAT(kinds(diagnose(seen)), testing::ElementsAre(FindingKind::kUnhealthy));
  seen.components.push_back({"latch", "unhealthy", "the file was replaced: restart levid"});
  EXPECT_THAT(kinds(diagnose(seen)), testing::ElementsAre(FindingKind::kComponent));
}

TEST(Diagnosis, AwaitsAFeedAndAStoreRatherThanRestartingTheCore) {
  Observation seen = healthy();
  seen.market_feed = "down";
  seen.components = {{"market_feed", "unhealthy", "closed"},
                     {"store", "degraded", "database is locked"}};
  const Plan plan = diagnose(seen);
  EXPECT_THAT(kinds(plan), testing::ElementsAre(FindingKind::kFeedDown, FindingKind::kStoreBehind));
  for (const Act& act : plan.acts) EXPECT_EQ(act.kind, ActKind::kAwait);
  EXPECT_FALSE(plan.healthy);
}

TEST(Diagnosis, NeverPlansToOpenTheLatch) {
  Observation seen = healthy();
  seen.sealed = true;
  seen.holders = {{"operator", "prices look wrong", "ann"}};
  const Plan plan = diagnose(seen);
  EXPECT_TRUE(plan.acts.empty());
  EXPECT_TRUE(plan.healthy);  // Nothing to repair: somebody wants it stopped.
  EXPECT_THAT(kinds(plan), testing::ElementsAre(FindingKind::kLatchSealed));
  ASSERT_EQ(plan.for_a_human.size(), 1u);
  EXPECT_THAT(plan.for_a_human[0], testing::HasSubstr("levictl resume --reason"));
}

TEST(Diagnosis, EachHolderIsNamedInTheCommandThatLetsItGo) {
  Observation seen = healthy();
  seen.sealed = true;
  seen.holders = {{"daily-loss", "limit", "levid"}, {"chaos", "test", "chaos:r1"}};
  const Plan plan = diagnose(seen);
  ASSERT_EQ(plan.for_a_human.size(), 2u);
  EXPECT_THAT(plan.for_a_human[0], testing::HasSubstr("levictl resume --holder daily-loss"));
  EXPECT_THAT(plan.for_a_human[1],
              testing::HasSubstr("levictl resume --holder chaos --actor chaos:r1 --reason"));
}

TEST(Diagnosis, RefusesToActIntoAChaosRun) {
  Observation seen = healthy();
  seen.chaos_run = "r1";
  seen.engines->front().status = "failed";
  const Plan plan = diagnose(seen);
  EXPECT_TRUE(plan.refused);
}

TEST(Recovery, AChaosRunOfThisHostIsRefusedThoughNobodyAnswers) {
  RecoveryOptions options;
  options.reach = {"nobody", "http://127.0.0.1:1", "http://127.0.0.1:1", "", ""};
  options.act = true;
  options.say = [](const std::string&) {};
  options.chaos_run = [] { return std::string("r1"); };
  const auto outcome = recover_now(options);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome.value().end, RecoveryEnd::kRefused);
}

TEST(Recovery, WithNothingRunningActsOnNothing) {
  std::vector<std::string> lines;
  RecoveryOptions options;
  options.reach = {"nobody", "http://127.0.0.1:1", "http://127.0.0.1:1", "", ""};
  options.act = true;
  options.say = [&](const std::string& line) { lines.push_back(line); };
  const auto outcome = recover_now(options);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome.value().end, RecoveryEnd::kNotRunning);
  EXPECT_THAT(lines, testing::Contains(testing::HasSubstr("nothing is running")));
  EXPECT_THAT(lines, testing::Not(testing::Contains(testing::HasSubstr("done:"))));
}

}  // namespace
}  // namespace levi::recover
