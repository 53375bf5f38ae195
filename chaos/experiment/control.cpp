#include "chaos/experiment/control.h"

#include <algorithm>

namespace levi::chaos {

using reports::TrialRecord;
using reports::Verdict;
using reports::Violation;

// Spelt as core/base/sabotage.h has them: chaos knows a core only from outside.
const std::vector<std::string>& known_defences() {
  static const std::vector<std::string> kDefences{"takeover",    "reconnect",   "watchdog",
                                                  "async-store", "latch-check", "incarnation",
                                                  "reconcile",   "audit",       "book-fills"};
  return kDefences;
}

const std::vector<std::string>& known_checks() {
  static const std::vector<std::string> kChecks{
      "recovered",        "settled",           "core.restarted",   "kill.beyond-s",
      "kill.connections", "kill.orders",       "kill.unsealed",    "kill.s-missing",
      "kill.exit",        "ledger.reconciled", "store.reconciled", "audit.chained"};
  return kChecks;
}

bool is_left_out(const TrialRecord& record, reports::Undecided expected) {
  return record.status == Verdict::kInvalid && record.undecided == expected &&
         record.violations.empty() && record.leftovers.empty();
}

bool is_caught(const TrialRecord& record, const OffControl& control) {
  const auto matches = [&](const Violation& violation) {
    return violation.check == control.fails &&
           violation.detail.find(control.because) != std::string::npos;
  };
  return record.status == Verdict::kFail && record.leftovers.empty() &&
         std::any_of(record.violations.begin(), record.violations.end(), matches);
}

std::string outcome_text(const TrialRecord& record, const std::string& check) {
  std::string text = to_string(record.status);
  if (record.status == Verdict::kInvalid) text += std::string(": ") + to_string(record.undecided);
  const auto& all = record.violations;
  auto shown = std::find_if(all.begin(), all.end(),
                            [&](const Violation& violation) { return violation.check == check; });
  if (shown == all.end()) shown = all.begin();
  if (shown != all.end()) return text + ": " + shown->check + ": " + shown->detail;
  return record.reason.empty() ? text : text + ": " + record.reason;
}

}  // namespace levi::chaos
