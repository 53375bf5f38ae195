#include "chaos/experiment/control.h"

#include <gtest/gtest.h>

#include "core/base/sabotage.h"

namespace levi::chaos {
namespace {

using reports::TrialRecord;
using reports::Undecided;
using reports::Verdict;

const OffControl kTakeover{"takeover", "recovered", "engines.running:"};

TrialRecord left_out() {
  TrialRecord record;
  record.status = Verdict::kInvalid;
  record.undecided = Undecided::kUnproven;
  record.reason = "the fault was not seen to land";
  return record;
}

TrialRecord caught() {
  TrialRecord record;
  record.status = Verdict::kFail;
  record.violations = {{"kill.orders", "something else as well"},
                       {"recovered", "not within 6000 ms: engines.running: 0 of 1"}};
  return record;
}

TEST(Control, AFaultThatWasLeftOutIsInvalidForWantOfItsProofAndForNothingElse) {
  EXPECT_TRUE(is_left_out(left_out(), Undecided::kUnproven));
  EXPECT_FALSE(is_left_out(left_out(), Undecided::kNoEffect));
  for (const Undecided other : {Undecided::kNone, Undecided::kNoSteady, Undecided::kGap,
                                Undecided::kNoAnswer, Undecided::kInterrupted}) {
    TrialRecord record = left_out();
    record.undecided = other;
    EXPECT_FALSE(is_left_out(record, Undecided::kUnproven)) << to_string(other);
  }
  TrialRecord violated = left_out();
  violated.violations = {{"audit.chained", "the line does not match its hash"}};
  EXPECT_FALSE(is_left_out(violated, Undecided::kUnproven));
  TrialRecord left = left_out();
  left.leftovers = {"the latch is sealed"};
  EXPECT_FALSE(is_left_out(left, Undecided::kUnproven));
  TrialRecord passed = left_out();
  passed.status = Verdict::kPass;
  EXPECT_FALSE(is_left_out(passed, Undecided::kUnproven));
}

TEST(Control, AFailureCountsOnlyByItsOwnCheckAndForItsOwnReason) {
  EXPECT_TRUE(is_caught(caught(), kTakeover));
  EXPECT_FALSE(is_caught(caught(), {"takeover", "settled", "engines.running:"}));
  EXPECT_FALSE(is_caught(caught(), {"takeover", "recovered", "feed.live:"}));
  TrialRecord missed = caught();  // only a measure missed its target
  missed.violations.clear();
  EXPECT_FALSE(is_caught(missed, kTakeover));
  TrialRecord left = caught();
  left.leftovers = {"the latch is sealed"};
  EXPECT_FALSE(is_caught(left, kTakeover));
  TrialRecord invalid = caught();
  invalid.status = Verdict::kInvalid;
  EXPECT_FALSE(is_caught(invalid, kTakeover));
}

TEST(Control, WhatWasSeenShowsTheCheckThatWasMeant) {
  EXPECT_EQ(outcome_text(left_out(), ""), "invalid: unproven: the fault was not seen to land");
  EXPECT_EQ(outcome_text(caught(), "recovered"),
            "fail: recovered: not within 6000 ms: engines.running: 0 of 1");
  EXPECT_EQ(outcome_text(caught(), "settled"), "fail: kill.orders: something else as well");
}

TEST(Control, EveryDefenceOfTheSabotagedBuildCanBeNamed) {
  std::vector<std::string> defences;
  for (int i = 0; i < kDefenceCount; ++i) defences.emplace_back(to_string(static_cast<Defence>(i)));
  EXPECT_EQ(known_defences(), defences);
}

}  // namespace
}  // namespace levi::chaos
