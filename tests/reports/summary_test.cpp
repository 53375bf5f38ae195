#include "reports/summary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/reports/samples.h"

namespace levi::reports {
namespace {

TEST(Summary, KeepsTheOriginalKeys) {
  const auto records = trials(9, 1);
  RunFacts facts;
  facts.timestamp = "2026-11-21T23:57:34Z";
  facts.seed = 42;
  facts.complete = true;
  facts.target = "stage at 127.0.0.1:1";
  const auto json = nlohmann::json::parse(summary_json(records, facts, judge_gate(records, {})));
  EXPECT_EQ(json["timestamp"], "2026-11-21T23:57:34Z");
  EXPECT_EQ(json["total_tests"], 10);
  EXPECT_EQ(json["passed"], 9);
  EXPECT_EQ(json["failed"], 1);
  EXPECT_EQ(json["pass_rate"], 0.9);
  EXPECT_EQ(json["target_pass_rate"], 0.9);
  EXPECT_EQ(json["gate"], "passed");
  EXPECT_EQ(json["complete"], true);
  EXPECT_EQ(json["scenarios"][0]["id"], "C-1");
}

TEST(Summary, FactsSurviveTheFile) {
  RunFacts facts;
  facts.timestamp = "t";
  facts.seed = 42;
  facts.pass_rate_target = 0.95;
  facts.trials_planned = 60;
  facts.interrupted = true;
  facts.target = "x";
  facts.leftovers = {"the latch is sealed"};
  const GateOptions options{0.95, 60, true, facts.leftovers};
  const auto parsed = parse_summary_facts(summary_json({}, facts, judge_gate({}, options)));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed.value().seed, 42u);
  EXPECT_EQ(parsed.value().pass_rate_target, 0.95);
  EXPECT_EQ(parsed.value().trials_planned, 60u);
  EXPECT_TRUE(parsed.value().interrupted);
  EXPECT_FALSE(parsed.value().complete);
  EXPECT_EQ(parsed.value().leftovers, facts.leftovers);
}

TEST(Summary, AbsentValuesAreCountedAndNotAveragedIn) {
  auto records = trials(3, 0);
  records[0].measures = {seconds("mttr", 10, 1, 100)};
  records[1].measures = {seconds("mttr", 30, 2, 100)};
  records[2].measures = {seconds("mttr", 0, 0, 100)};
  records[2].measures[0].value.reset();
  const MeasureSummary measure = summarise(records)[0].measures[0];
  EXPECT_EQ(measure.values, 2u);
  EXPECT_EQ(measure.absent, 1u);
  EXPECT_EQ(measure.min, 10);
  EXPECT_EQ(measure.max, 30);
  EXPECT_EQ(measure.error_max, 2);
}

TEST(Summary, WhatAnUndecidedTrialMeasuredIsNoEvidence) {
  auto records = trials(1, 1, 1);
  for (auto& record : records) record.measures = {seconds("mttr", 10, 0, 100)};
  records[2].measures[0].value = 999;
  MeasureSummary measure = summarise(records)[0].measures[0];
  EXPECT_EQ(measure.values, 2u);
  EXPECT_EQ(measure.max, 10);
  records[0].status = records[1].status = Verdict::kInvalid;
  records[0].measures[0].target.p50 = records[1].measures[0].target.p50 = 100;
  records.pop_back();
  measure = summarise(records)[0].measures[0];
  EXPECT_EQ(measure.values, 0u);
  EXPECT_EQ(measure.percentiles, Verdict::kInvalid) << "no value is no pass";
}

TEST(Summary, AScenariosIntervalIsOverTheTrialsThatItsGateCounts) {
  auto records = trials(9, 1);
  for (int i = 0; i < 10; ++i) {
    records.push_back(trial("C-1", 11 + i, Verdict::kSkipped));
    records.back().skip_approved = true;
  }
  const Gate gate = judge_gate(records, {});
  const auto json = nlohmann::json::parse(summary_json(records, {}, gate));
  EXPECT_EQ(json["scenarios"][0]["pass_rate_interval"], json["pass_rate_interval"]);
}

TEST(Summary, CountsThatWereNeverAboveZeroCarryTheirUpperBound) {
  auto records = trials(10, 0);
  for (auto& record : records) {
    record.measures = {seconds("lost", 0, 0, 0)};
    record.measures[0].unit = Unit::kCount;
  }
  EXPECT_NEAR(summarise(records)[0].measures[0].zero_upper_bound.value(), 0.2589, 1e-3);
  records[4].measures[0].value = 1;
  EXPECT_FALSE(summarise(records)[0].measures[0].zero_upper_bound.has_value());
}

}  // namespace
}  // namespace levi::reports
