// The gate: yes or no over all trials of a run (DESIGN §7). Pure; any thread.
//
// Pass rate = passed ÷ required. Invalid trials, and skips that nobody approved, are required and
// not passed. A trial marked must_pass that did not pass, a broken ledger, store or audit chain,
// any kill that was not whole, a core that restarted by itself, a missed percentile target and
// anything left behind, by a trial or at the end of the run, fail the gate alone, whatever the
// rate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "reports/record.h"
#include "reports/statistics.h"

namespace levi::reports {

struct GateOptions {
  double pass_rate_min = 0.9;
  std::size_t trials_planned = 0;  // 0: those recorded are all there were
  bool interrupted = false;
  std::vector<std::string> leftovers = {};  // what was there at the end of the run
};

enum class GateOutcome { kPassed, kMissed, kUndecided };
const char* to_string(GateOutcome outcome);  // "passed", "missed", "undecided"

struct Gate {
  GateOutcome outcome = GateOutcome::kUndecided;
  std::size_t total = 0;
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t invalid = 0;
  std::size_t skipped = 0;
  std::size_t required = 0;  // the denominator of the pass rate
  double pass_rate = 0;
  Interval pass_interval;              // Clopper–Pearson, 95 %
  std::vector<std::string> reasons;    // why it was missed or is undecided; one line each
  std::vector<std::string> leftovers;  // of all trials, and at the end; each once
  bool interrupted = false;
};

Gate judge_gate(const std::vector<TrialRecord>& records, const GateOptions& options);

// 5 leftovers, 1 missed, 4 interrupted, 3 undecided, 0 passed: the first that applies (DESIGN §10).
int exit_code(const Gate& gate);

}  // namespace levi::reports
