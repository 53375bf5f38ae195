#include "reports/gate.h"

#include <algorithm>

#include "core/base/check.h"
#include "reports/summary.h"
#include "reports/table.h"

namespace levi::reports {
namespace {

std::string label(const TrialRecord& record) {
  return record.id + " trial " + std::to_string(record.trial) +
         (record.variant.empty() ? "" : " (" + record.variant + ")");
}

void count(const TrialRecord& record, Gate& gate) {
  ++gate.total;
  switch (record.status) {
    case Verdict::kPass:
      ++gate.passed;
      break;
    case Verdict::kFail:
      ++gate.failed;
      break;
    case Verdict::kInvalid:
      ++gate.invalid;
      break;
    case Verdict::kSkipped:
      ++gate.skipped;
      break;
  }
  if (record.status != Verdict::kSkipped || !record.skip_approved) ++gate.required;
}

bool add_once(std::vector<std::string>& all, const std::string& one) {
  if (std::find(all.begin(), all.end(), one) != all.end()) return false;
  all.push_back(one);
  return true;
}

// True where this trial alone fails the gate.
bool fails_alone(const TrialRecord& record, Gate& gate) {
  bool fails = false;
  for (const auto& violation : record.violations) {
    if (!always_must_hold(violation.check)) continue;
    gate.reasons.push_back(label(record) + ": " + violation.check + ": " + violation.detail);
    fails = true;
  }
  for (const auto& leftover : record.leftovers) {
    gate.reasons.push_back(label(record) + " left behind: " + leftover);
    add_once(gate.leftovers, leftover);
    fails = true;
  }
  const bool excused = record.status == Verdict::kSkipped && record.skip_approved;
  if (record.must_pass && record.status != Verdict::kPass && !excused) {
    gate.reasons.push_back(label(record) + " must pass and is " + to_string(record.status) +
                           (record.reason.empty() ? "" : ": " + record.reason));
    // An interrupted must_pass trial decided nothing: that alone is no failure of the target.
    fails |= record.status == Verdict::kFail || !gate.interrupted;
  }
  return fails;
}

// Percentile targets belong to a scenario as a whole: the worst verdict of all.
Verdict judge_percentiles(const std::vector<TrialRecord>& records, Gate& gate) {
  Verdict worst = Verdict::kPass;
  for (const auto& scenario : summarise(records)) {
    for (const auto& measure : scenario.measures) {
      if (measure.percentiles == Verdict::kPass) continue;
      const bool missed = measure.percentiles == Verdict::kFail;
      gate.reasons.push_back(scenario.id + ": the percentile target of " + measure.name +
                             (missed ? " is missed" : " cannot be decided by these trials"));
      if (worst != Verdict::kFail) worst = measure.percentiles;
    }
  }
  return worst;
}

// The rate that the run can still reach: an interrupted run is missed only where the trials not run
// cannot save it.
double best_rate(const Gate& gate, const GateOptions& options) {
  if (!gate.interrupted) return gate.pass_rate;
  const std::size_t left =
      options.trials_planned > gate.total ? options.trials_planned - gate.total : 0;
  const std::size_t all = gate.required + left;
  // The trial that was cut short would have been run again.
  return all == 0
             ? 1
             : static_cast<double>(gate.passed + left + gate.invalid) / static_cast<double>(all);
}

}  // namespace

const char* to_string(GateOutcome outcome) {
  switch (outcome) {
    case GateOutcome::kPassed:
      return "passed";
    case GateOutcome::kMissed:
      return "missed";
    case GateOutcome::kUndecided:
      return "undecided";
  }
  LEVI_UNREACHABLE();
}

Gate judge_gate(const std::vector<TrialRecord>& records, const GateOptions& options) {
  Gate gate;
  gate.interrupted = options.interrupted;
  bool alone = false;
  for (const auto& record : records) {
    count(record, gate);
    alone |= fails_alone(record, gate);
  }
  for (const auto& leftover : options.leftovers) {
    if (add_once(gate.leftovers, leftover))
      gate.reasons.push_back("left behind at the end: " + leftover);
    alone = true;
  }
  if (!gate.interrupted && options.trials_planned > gate.total) {
    gate.required += options.trials_planned - gate.total;
    gate.reasons.push_back(std::to_string(options.trials_planned - gate.total) +
                           " planned trials were never run");
  }
  gate.pass_rate = gate.required == 0
                       ? 0
                       : static_cast<double>(gate.passed) / static_cast<double>(gate.required);
  gate.pass_interval = clopper_pearson(gate.passed, gate.required);
  const Verdict percentiles = judge_percentiles(records, gate);
  alone |= percentiles == Verdict::kFail;
  const bool decided = gate.passed + gate.failed > 0;
  if (alone && (decided || !gate.leftovers.empty())) {
    gate.outcome = GateOutcome::kMissed;
  } else if (!decided) {
    gate.reasons.push_back("no trial was decided");
  } else if (best_rate(gate, options) < options.pass_rate_min) {
    gate.outcome = GateOutcome::kMissed;
    gate.reasons.push_back("pass rate " + format_percent(gate.pass_rate) + " is below " +
                           format_percent(options.pass_rate_min));
  } else {
    const bool open = gate.interrupted || percentiles != Verdict::kPass;
    gate.outcome = open ? GateOutcome::kUndecided : GateOutcome::kPassed;
  }
  return gate;
}

int exit_code(const Gate& gate) {
  if (!gate.leftovers.empty()) return 5;
  if (gate.outcome == GateOutcome::kMissed) return 1;
  if (gate.interrupted) return 4;
  return gate.outcome == GateOutcome::kPassed ? 0 : 3;
}

}  // namespace levi::reports
