// A run: scenarios against one target, trial after trial, under one guard and one lease.
//
// Blocking; one thread, one loop. Everything was validated before. Whatever ends it (done,
// interrupted, guard dead), what was injected is taken back, what could not be is in the result,
// and every finished trial is in results.jsonl.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "chaos/experiment/scenario.h"
#include "chaos/fault/target.h"
#include "reports/gate.h"
#include "reports/record.h"
#include "reports/results.h"

namespace levi::chaos {

struct Progress {
  std::size_t done = 0;
  std::size_t planned = 0;
  std::string scenario;  // "C-1 engine-kill"
  int trial = 0;
  int trials = 0;
  std::string step;
};

struct RunOptions {
  TargetSpec target;
  std::string run;    // "k3j9x2ab"; what we leave in the target bears chaos:<run>
  std::string owner;  // a person or a pipeline, for the lease
  std::uint64_t seed = 0;
  std::string program;  // levictl itself: started as the guard
  std::string reports_folder;
  double pass_rate_min = 0.9;
  bool leave_out = false;                   // negative control: nothing is injected
  std::vector<std::string> skips_approved;  // scenario ids that may be skipped
  Nanos time_max{0};                        // of the whole run; 0: no limit
  std::function<bool()> interrupted;        // asked often
  std::function<void(const Progress&)> on_progress;
};

struct RunResult {
  std::vector<reports::TrialRecord> records;
  reports::Gate gate;
  std::string folder;              // of the reports
  std::vector<std::string> notes;  // what the operator must know: commands that lift what is left
  bool interrupted = false;
};

// The run's folder, which says that nothing was judged so far, with `latest` at it: made before
// anything that can fail, so that nobody takes the run before for this one.
Result<reports::ResultsWriter> open_results(const std::vector<Scenario>& scenarios,
                                            const RunOptions& options);
// It ended before its first trial, and why.
Status note_failure(reports::ResultsWriter& writer, const std::vector<Scenario>& scenarios,
                    const RunOptions& options, const Error& why);

// kConflict: another run holds the lease (exit 6). kRefused: this is not the target that was meant
// (exit 7). kUnreachable: it does not answer (exit 3).
Result<RunResult> run_scenarios(const std::vector<Scenario>& scenarios, const RunOptions& options,
                                reports::ResultsWriter& writer);

}  // namespace levi::chaos
