#include "reports/record.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/reports/samples.h"

namespace levi::reports {
namespace {

TrialRecord full_record() {
  TrialRecord record = trial("C-6", 3, Verdict::kFail);
  record.variant = "control-port";
  record.fault = {
      "kill.switch", {{"way", "control-port"}}, "latch sealed", "2026-11-21T23:57:34Z", ""};
  record.measures = {seconds("kill_ack", 1'234'567, 1'000, 500'000'000)};
  Measure lost;
  lost.name = "lost";
  lost.unit = Unit::kCount;
  lost.value = 2;
  lost.target.max = 0;
  record.measures.push_back(lost);
  Measure absent;
  absent.name = "mttr";
  absent.required = true;
  record.measures.push_back(absent);
  record.violations = {{"ledger.reconciled", "2 fills are missing"}};
  record.leftovers = {"seal of chaos:r1"};
  record.environment = {{"target", "stage"}};
  record.reason = "two fills were lost";
  record.must_pass = true;
  return record;
}

TEST(Record, FailingTrialsAreFoundByTheRunbooksGrep) {
  EXPECT_NE(to_line(full_record()).find("\"status\":\"fail\""), std::string::npos);
  EXPECT_EQ(to_line(full_record()).find('\n'), std::string::npos);
  EXPECT_EQ(to_line(full_record()).rfind("{\"id\":\"C-6\",\"name\":", 0), 0u);
}

TEST(Record, SurvivesTheFile) {
  const TrialRecord before = full_record();
  const auto parsed = parse_line(to_line(before));
  ASSERT_TRUE(parsed) << parsed.error().text();
  const TrialRecord& after = parsed.value();
  EXPECT_EQ(to_line(after), to_line(before));
  EXPECT_EQ(after.measures[0].value, 1'234'567);
  EXPECT_EQ(after.measures[0].target.max, 500'000'000);
  EXPECT_EQ(after.measures[1].value, 2);
  EXPECT_FALSE(after.measures[2].value.has_value());
  EXPECT_TRUE(after.measures[2].required);
  EXPECT_FALSE(after.measures[1].required);
  EXPECT_TRUE(after.must_pass);
  EXPECT_EQ(after.leftovers, before.leftovers);
}

TEST(Record, AMeasureWithoutAValueIsNullAndNeverZero) {
  const auto line = nlohmann::json::parse(to_line(full_record()));
  EXPECT_TRUE(line["measures"]["mttr"]["value"].is_null());
}

TEST(Record, BytesThatAreNotUtf8DoNotBreakTheLine) {
  TrialRecord record = full_record();
  record.reason = "bad \xff byte";
  EXPECT_TRUE(parse_line(to_line(record)));
}

TEST(Record, WhyNothingWasDecidedIsACodeThatSurvivesTheFile) {
  TrialRecord record = trial("C-1", 1, Verdict::kInvalid);
  EXPECT_EQ(to_line(record).find("undecided"), std::string::npos);
  for (const auto& name : known_undecided()) {
    record.undecided = *parse_undecided(name);
    EXPECT_EQ(to_string(record.undecided), name);
    const auto parsed = parse_line(to_line(record));
    ASSERT_TRUE(parsed) << name;
    EXPECT_EQ(parsed.value().undecided, record.undecided);
  }
  EXPECT_FALSE(parse_line("{\"id\":\"C-1\",\"status\":\"invalid\",\"undecided\":\"perhaps\"}"));
}

TEST(Record, AnythingButARecordIsRefused) {
  for (const char* text :
       {"", "[]", "{}", "{\"id\":\"C-1\"}", "{\"id\":\"C-1\",\"status\":\"maybe\"}",
        "{\"status\":\"pass\"}", "{\"id\":\"C-1\",\"status\":\"pass\""}) {
    EXPECT_FALSE(parse_line(text)) << text;
  }
}

TEST(Record, AValueIsJudgedWithItsError) {
  struct Case {
    std::int64_t value, error;
    Verdict verdict;
  };
  for (const Case& c : {Case{90, 10, Verdict::kPass}, Case{90, 11, Verdict::kInvalid},
                        Case{110, 10, Verdict::kInvalid}, Case{111, 10, Verdict::kFail}}) {
    EXPECT_EQ(judge(seconds("mttr", c.value, c.error, 100)), c.verdict)
        << c.value << " ± " << c.error;
  }
}

TEST(Record, WithoutATargetThereIsNothingToMiss) {
  Measure measure = seconds("impact", 5, 0, 1);
  measure.target.max.reset();
  EXPECT_EQ(judge(measure), Verdict::kPass);
}

TEST(Record, WithoutAValueWhatMustBeSeenIsUndecidedAndTheRestNotApplicable) {
  Measure measure = seconds("mttr", 5, 0, 1);
  measure.value.reset();
  EXPECT_EQ(judge(measure), Verdict::kPass);
  measure.required = true;
  EXPECT_EQ(judge(measure), Verdict::kInvalid);
  measure.target = {};
  EXPECT_EQ(judge(measure), Verdict::kInvalid) << "asked for, and not seen";
}

TEST(Record, AnOrderThroughASealedLatchMayNeverBeOutvoted) {
  for (const char* check : {"ledger.reconciled", "kill.beyond-s", "kill.s-missing"})
    EXPECT_TRUE(always_must_hold(check)) << check;
  for (const char* check : {"recovered", "settled", "throughout:orders.flowing"})
    EXPECT_FALSE(always_must_hold(check)) << check;
}

TEST(Record, NoBookKeptWrongNoSealThatLeaksAndNoCrashOfTheCoreMayBeOutvoted) {
  for (const char* check : {"store.reconciled", "audit.chained", "core.restarted",
                            "kill.connections", "kill.orders", "kill.exit", "kill.unsealed"})
    EXPECT_TRUE(always_must_hold(check)) << check;
}

}  // namespace
}  // namespace levi::reports
