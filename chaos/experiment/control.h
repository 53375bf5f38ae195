// Negative controls: what a scenario's check must say when it is right to fail (DESIGN §7). Plain
// values; pure.
//
// "It failed" proves nothing: it must fail by the check that guards the defence which is off, and
// for that reason. "It was invalid" neither: it must be for want of the fault that was left out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reports/record.h"

namespace levi::chaos {

// A run against a target with one defence switched off.
struct OffControl {
  std::string defence;  // of levid-sabotage: "takeover"
  std::string fails;    // the check that must be violated: "recovered", "ledger.reconciled"
  std::string because;  // stands in that violation's detail
  // Orders per second that such a core still has; 0: as many as the scenario's `flow` wants.
  std::int64_t flow_min = 0;
};

struct Controls {
  // Of the trial whose injecting call is left out.
  reports::Undecided left_out = reports::Undecided::kUnproven;
  std::vector<OffControl> off;
};

// The names that `controls` in a scenario may use. A check of `throughout` is "throughout:<probe>".
const std::vector<std::string>& known_defences();
const std::vector<std::string>& known_checks();

// Invalid by that code, with nothing violated and nothing left.
bool is_left_out(const reports::TrialRecord& record, reports::Undecided expected);

// Failed, with nothing left, and a violation of that check for that reason among what was found.
bool is_caught(const reports::TrialRecord& record, const OffControl& control);

// "invalid: unproven", "fail: recovered: engines.running: 0 of 1 …": what a trial came to, in one
// line. Of several violations, the one of `check` where there is one.
std::string outcome_text(const reports::TrialRecord& record, const std::string& check);

}  // namespace levi::chaos
