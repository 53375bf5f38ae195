#include "chaos/experiment/scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "chaos/experiment/catalogue.h"
#include "chaos/fault/registry.h"

namespace levi::chaos {
namespace {

constexpr const char* kGood = R"(id: C-2
name: feed-reset
title: The exchange resets the market-data socket
steady: [feed.live, engines.running, core.healthy]
inject: {fault: feed.reset, on: market}
measure: {reconnect: {max: 5s}, mttr: {max: 120s}, lost: {max: 0}}
invariants: [ledger.reconciled, audit.chained]
trials: 10
needs: [exchange-admin]
)";

TEST(Scenario, TheDesignsOwnExampleIsRead) {
  const auto parsed = parse_scenario(kGood, "c2.yaml");
  ASSERT_TRUE(parsed) << parsed.error().text();
  const Scenario& scenario = parsed.value();
  EXPECT_EQ(scenario.id, "C-2");
  EXPECT_EQ(scenario.fault, "feed.reset");
  EXPECT_EQ(scenario.parameters.at("on"), "market");
  ASSERT_EQ(scenario.measures.size(), 3u);
  EXPECT_EQ(scenario.measures[0].name, "mttr");  // in the vocabulary's order
  EXPECT_EQ(scenario.measures[0].target.max, 120'000'000'000);
  EXPECT_EQ(scenario.measures[2].unit, reports::Unit::kCount);
  EXPECT_EQ(scenario.settle, Nanos{300ms});
  EXPECT_EQ(scenario.trials, 10);
}

TEST(Scenario, HoldsAndVariantsAreDealtOutByTrial) {
  Scenario scenario;
  scenario.holds = {Nanos{10s}, Nanos{1s}};
  scenario.variants = {"a", "b", "c"};
  EXPECT_EQ(scenario.hold(1), Nanos{10s});
  EXPECT_EQ(scenario.hold(2), Nanos{1s});
  EXPECT_EQ(scenario.hold(10), Nanos{1s});
  EXPECT_EQ(scenario.variant(1), "a");
  EXPECT_EQ(scenario.variant(4), "a");
  EXPECT_EQ(scenario.variant(6), "c");
}

struct BadInput {
  const char* what;
  const char* replaced;  // in kGood
  const char* by;
  const char* expected;  // in the message
  int line;
};

class BadScenario : public testing::TestWithParam<BadInput> {};

TEST_P(BadScenario, IsNamedWithFileLineAndFix) {
  std::string text = kGood;
  const std::string replaced = GetParam().replaced;
  ASSERT_NE(text.find(replaced), std::string::npos);
  text.replace(text.find(replaced), replaced.size(), GetParam().by);
  const auto parsed = parse_scenario(text, "bad.yaml");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid);
  const std::string place = "bad.yaml:" + std::to_string(GetParam().line) + ":";
  EXPECT_NE(parsed.error().text().find(place), std::string::npos) << parsed.error().text();
  EXPECT_NE(parsed.error().text().find(GetParam().expected), std::string::npos)
      << parsed.error().text();
  EXPECT_FALSE(parsed.error().fix.empty()) << parsed.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadScenario,
    testing::Values(
        BadInput{"UnknownKey", "trials: 10", "trails: 10", "did you mean 'trials'", 8},
        BadInput{"UnknownFault", "feed.reset", "feed.explode", "known: engine.kill", 5},
        BadInput{"NoFault", "{fault: feed.reset, on: market}", "{on: market}",
                 "'inject.fault' is missing", 5},
        BadInput{"NoInject", "inject: {fault: feed.reset, on: market}", "tags: [x]",
                 "'inject' is missing", 1},
        BadInput{"FaultParameter", "on: market}", "of: market}", "takes no parameter 'of'", 5},
        BadInput{"FaultParameterValue", "on: market}", "on: moon}", "expected one of: market", 5},
        // Nothing of the private feed's own would show that it broke.
        BadInput{"FeedThatCantBeProven", "on: market}", "on: private}", "expected one of: market",
                 5},
        BadInput{"UnknownProbe", "feed.live", "feed.alive", "unknown probe 'feed.alive'", 4},
        BadInput{"NoProbes", "[feed.live, engines.running, core.healthy]", "[]", "names no probe",
                 4},
        BadInput{"UnknownMeasure", "reconnect: {max: 5s}", "reconect: {max: 5s}",
                 "did you mean 'reconnect'", 6},
        BadInput{"LedgerMeasureWithoutLedger", "[ledger.reconciled, audit.chained]",
                 "[audit.chained]", "counted by the invariant ledger.reconciled", 6},
        BadInput{"KillMeasureWithoutKill", "reconnect: {max: 5s}", "kill_ack: {max: 5s}",
                 "presses the kill switch", 6},
        BadInput{"FlowMeasureWithoutFlow", "reconnect: {max: 5s}", "orders_per_second: {}",
                 "in the window of 'flow'", 6},
        BadInput{"UnknownLimit", "reconnect: {max: 5s}", "reconnect: {maximum: 5s}", "unknown key",
                 6},
        BadInput{"BadDuration", "{max: 5s}", "{max: 5 seconds}", "is not a duration", 6},
        BadInput{"BareNumberForATime", "{max: 5s}", "{max: 5}", "is not a duration", 6},
        BadInput{"DurationForACount", "lost: {max: 0}", "lost: {max: 5s}",
                 "expected a whole number", 6},
        BadInput{"UnknownInvariant", "ledger.reconciled", "ledger.balanced", "unknown invariant",
                 7},
        BadInput{"InvariantTwice", "audit.chained", "ledger.reconciled", "stands twice", 7},
        BadInput{"NoTrials", "trials: 10", "trials: 0", "from 1 to", 8},
        BadInput{"TrialsNoNumber", "trials: 10", "trials: ten", "from 1 to", 8},
        BadInput{"P95NeedsTrials", "{max: 5s}", "{p95: 5s}", "which needs 59", 8},
        BadInput{"P99NeedsTrials", "{max: 5s}", "{p99: 5s}", "which needs 299", 8},
        BadInput{"UnknownNeed", "exchange-admin", "root-beer", "unknown need", 9},
        BadInput{"HoldOfAnInstantFault", "trials: 10", "for: 5s", "is over at once", 8},
        BadInput{"HeldFaultWithoutHold", "{fault: feed.reset, on: market}", "{fault: db.lock}",
                 "how long", 1},
        BadInput{"VariantOfAnotherFault", "trials: 10", "variants: [file]", "unknown variant", 8},
        BadInput{"TimeoutBelowSettle", "trials: 10", "timeout: 100ms", "no time to settle", 8},
        BadInput{"ZeroSettle", "trials: 10", "settle: 0s", "longer than nothing", 8},
        BadInput{"BadId", "id: C-2", "id: C 2", "letters, digits", 1},
        BadInput{"UnknownDefence", "trials: 10",
                 "controls: {off: [{defence: everything, fails: recovered, because: x}]}",
                 "unknown defence 'everything'", 8},
        BadInput{"CheckThatIsNotMade", "trials: 10",
                 "controls: {off: [{defence: audit, fails: 'throughout:feed.live', because: x}]}",
                 "has no check 'throughout:feed.live'", 8},
        BadInput{"InvariantThatIsNotJudged", "invariants: [ledger.reconciled, audit.chained]",
                 "controls: {off: [{defence: audit, fails: audit.chained, because: x}]}",
                 "has no check 'audit.chained'", 7},
        BadInput{"ControlForAnyReason", "trials: 10",
                 "controls: {off: [{defence: audit, fails: recovered, because: ''}]}",
                 "any failure would do", 8},
        BadInput{"ControlWithoutACheck", "trials: 10",
                 "controls: {off: [{defence: audit, because: x}]}", "fails' is missing", 8},
        BadInput{"ControlWithMoreFlow", "trials: 10",
                 "controls: {off: [{defence: audit, fails: recovered, because: x, flow_min: 9}]}",
                 "more than the scenario's own flow", 8},
        BadInput{"UnknownUndecided", "trials: 10", "controls: {left_out: {undecided: perhaps}}",
                 "expected one of", 8},
        BadInput{"SabotageOfOld", "trials: 10", "sabotage: audit", "unknown key", 8},
        BadInput{"FlowWithoutMinimum", "trials: 10", "flow: {window: 20ms}",
                 "'flow.min' is missing", 8},
        BadInput{"ListForText", "name: feed-reset", "name: [feed, reset]", "must be text", 2},
        BadInput{"KeyTwice", "trials: 10", "trials: 10\ntrials: 11", "stands twice", 9},
        BadInput{"NotYaml", "title: The", "title: {The", "bad.yaml:", 3}),
    [](const auto& tested) { return std::string(tested.param.what); });

bool needs(const Scenario& scenario, const std::string& need) {
  return std::count(scenario.needs.begin(), scenario.needs.end(), need) == 1;
}

// Where the target does not have it the scenario is skipped, and not passed unlooked at.
TEST(Scenario, NeedsWhatItsChecksAreLookedAtWith) {
  constexpr const char* kHead =
      "id: X-1\nname: x\nsteady: [feed.live]\ninject: {fault: engine.kill}\n";
  const auto read = [&](const std::string& more) {
    const auto parsed = parse_scenario(kHead + more, "x.yaml");
    EXPECT_TRUE(parsed) << parsed.error().text();
    return parsed ? parsed.value() : Scenario{};
  };
  EXPECT_EQ(read("").needs, std::vector<std::string>{"local-process"});
  EXPECT_TRUE(needs(read("invariants: [audit.chained]\n"), "data-folder"));
  EXPECT_FALSE(needs(read("invariants: [audit.chained]\n"), "exchange-admin"));
  EXPECT_TRUE(needs(read("invariants: [ledger.reconciled]\n"), "exchange-admin"));
  EXPECT_TRUE(needs(read("flow: {min: 5}\n"), "exchange-admin"));
  EXPECT_TRUE(needs(read("throughout: [orders.flowing]\n"), "exchange-admin"));
  EXPECT_TRUE(needs(read("needs: [data-folder]\ninvariants: [audit.chained]\n"), "data-folder"));
  const auto shipped = load_scenarios({});
  ASSERT_TRUE(shipped);
  for (const auto& scenario : shipped.value()) {
    EXPECT_TRUE(needs(scenario, "data-folder")) << scenario.id;
    EXPECT_TRUE(needs(scenario, "exchange-admin")) << scenario.id;
  }
}

TEST(Scenario, OnlyWhatAFaultNeedNotCauseMayHaveNoValue) {
  const Scenario scenario = parse_scenario(kGood, "x.yaml").value();
  EXPECT_FALSE(scenario.measures[0].required) << "mttr";
  EXPECT_TRUE(scenario.measures[1].required) << "reconnect";
  EXPECT_TRUE(scenario.measures[2].required) << "lost";
  std::string text = kGood;
  text.replace(text.find("mttr: {max"), 10, "mttr: {p50");
  EXPECT_TRUE(parse_scenario(text, "x.yaml").value().measures[0].required) << "a percentile";
}

TEST(Scenario, ANumberOfTrialsGivenLaterIsLintedToo) {
  auto scenario = parse_scenario(kGood, "x.yaml").value();
  scenario.measures[0].target.p95 = 5;
  scenario.trials = 58;
  EXPECT_FALSE(lint(scenario));
  scenario.trials = 59;
  EXPECT_TRUE(lint(scenario));
  scenario.measures[0].target = {};
  scenario.measures[0].target.p50 = 5;
  scenario.trials = 4;
  EXPECT_FALSE(lint(scenario)) << "the largest of four lies below the median once in sixteen times";
  scenario.trials = 5;
  EXPECT_TRUE(lint(scenario));
}

TEST(Catalogue, TheSixShippedScenariosAreBuiltIn) {
  const auto all = load_scenarios({});
  ASSERT_TRUE(all) << all.error().text();
  std::vector<std::string> ids;
  std::set<std::string> caught;
  for (const auto& scenario : all.value()) {
    ids.push_back(scenario.id);
    EXPECT_FALSE(scenario.controls.off.empty()) << scenario.id << " has no negative control";
    for (const auto& off : scenario.controls.off) caught.insert(off.fails);
    EXPECT_EQ(scenario.trials, 10) << scenario.id;
    EXPECT_EQ(scenario.invariants.size(), scenario.id == "C-3" ? 3u : 2u) << scenario.id;
    EXPECT_EQ(scenario.must_pass, scenario.id == "C-6") << scenario.id;
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"C-1", "C-2", "C-2b", "C-3", "C-6", "K-1"}));
  // Each kind of check has been seen to fail.
  for (const char* check : {"recovered", "throughout:orders.flowing", "kill.beyond-s",
                            "ledger.reconciled", "audit.chained"}) {
    EXPECT_TRUE(caught.contains(check)) << check;
  }
}

TEST(Catalogue, KillTrialsRotateThroughEverySealingWayIn) {
  const auto all = load_scenarios({"kill-switch"});
  ASSERT_TRUE(all);
  const auto& tried = all.value()[0].variants;
  const FaultKind* kind = find_fault("kill.switch");
  ASSERT_NE(kind, nullptr);
  EXPECT_EQ(std::set(tried.begin(), tried.end()),
            std::set(kind->variants.begin(), kind->variants.end()));
  EXPECT_LE(tried.size(), static_cast<std::size_t>(all.value()[0].trials));
}

TEST(Catalogue, WhatIsNotThereIsNamedWithWhatIs) {
  const auto missing = load_scenarios({"C-99"});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().text().find("C-2b"), std::string::npos);
  EXPECT_FALSE(load_scenarios({"C-1", "engine-kill"})) << "one scenario named twice";
  EXPECT_FALSE(load_scenarios({"/nonexistent/x.yaml"}));
}

}  // namespace
}  // namespace levi::chaos
