// From everything that a trial found to its verdict (DESIGN §7). Pure.
//
// A broken invariant is a finding whatever else was undecided, and whatever interrupted the trial;
// a missed measure counts only in a valid trial. What nobody but the target itself has seen passes
// neither kill nor ledger.
#pragma once

#include <string>

#include "reports/record.h"

namespace levi::chaos {

struct Findings {
  bool skipped = false;
  bool left_behind = false;
  bool violated = false;
  bool needs_witness = false;  // it judges a kill, a ledger or the flow
  reports::Assurance assurance = reports::Assurance::kSelfReported;
  reports::Undecided undecided = reports::Undecided::kNone;
  std::string invalid;  // why it decides nothing, or is skipped; empty: it decides
  std::string failed;   // the first thing that was not as it must be; empty: nothing
};

struct Decision {
  reports::Verdict status = reports::Verdict::kInvalid;
  reports::Undecided undecided = reports::Undecided::kNone;
  std::string reason;  // empty for a pass
};
Decision decide(const Findings& findings);

}  // namespace levi::chaos
