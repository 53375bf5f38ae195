#include "chaos/experiment/verdict.h"

#include <gtest/gtest.h>

namespace levi::chaos {
namespace {

using reports::Assurance;
using reports::Undecided;
using reports::Verdict;

Findings clean() {
  Findings findings;
  findings.assurance = Assurance::kWitnessed;
  findings.needs_witness = true;
  return findings;
}

TEST(Decide, NothingFoundIsAPass) {
  EXPECT_EQ(decide(clean()).status, Verdict::kPass);
  EXPECT_EQ(decide(clean()).reason, "");
}

TEST(Decide, ASkipIsASkipWhateverElse) {
  Findings findings = clean();
  findings.skipped = findings.violated = true;
  findings.invalid = "needs data-folder";
  EXPECT_EQ(decide(findings).status, Verdict::kSkipped);
  EXPECT_EQ(decide(findings).reason, "needs data-folder");
}

TEST(Decide, AnInterruptHidesNoViolation) {
  Findings findings = clean();
  findings.violated = true;
  findings.failed = "kill.beyond-s: order 7";
  findings.invalid = "interrupted";
  findings.undecided = Undecided::kInterrupted;
  EXPECT_EQ(decide(findings).status, Verdict::kFail);
  EXPECT_EQ(decide(findings).reason, "kill.beyond-s: order 7");
  EXPECT_EQ(decide(findings).undecided, Undecided::kNone);
}

TEST(Decide, WhatWasLeftBehindIsAFailureEvenOfAnInvalidTrial) {
  Findings findings = clean();
  findings.left_behind = true;
  findings.invalid = "interrupted";
  EXPECT_EQ(decide(findings).status, Verdict::kFail);
}

TEST(Decide, AMissedMeasureCountsOnlyInAValidTrial) {
  Findings findings = clean();
  findings.failed = "mttr missed its target";
  EXPECT_EQ(decide(findings).status, Verdict::kFail);
  findings.invalid = "no order flow";
  findings.undecided = Undecided::kNoFlow;
  EXPECT_EQ(decide(findings).status, Verdict::kInvalid);
  EXPECT_EQ(decide(findings).undecided, Undecided::kNoFlow);
}

TEST(Decide, WhatOnlyTheTargetItselfSaysPassesNeitherKillNorLedger) {
  Findings findings = clean();
  findings.assurance = Assurance::kSelfReported;
  EXPECT_EQ(decide(findings).status, Verdict::kInvalid);
  EXPECT_EQ(decide(findings).undecided, Undecided::kUnwitnessed);
  findings.needs_witness = false;
  EXPECT_EQ(decide(findings).status, Verdict::kPass);
}

}  // namespace
}  // namespace levi::chaos
