// One scenario's trials in a few numbers, and summary.json of a whole run (DESIGN §9). Pure; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/gate.h"
#include "reports/record.h"

namespace levi::reports {

// One measure over the trials that decided something, and have a value.
struct MeasureSummary {
  std::string name;
  Unit unit = Unit::kSeconds;
  Target target;
  std::size_t values = 0;
  std::size_t absent = 0;  // decided trials without one; a percentile target counts them as never
  std::int64_t min = 0;
  std::int64_t p50 = 0;
  std::int64_t p95 = 0;  // nearest rank; what it says about the true p95 is `percentiles`
  std::int64_t p99 = 0;
  std::int64_t max = 0;
  std::int64_t sum = 0;
  std::int64_t error_max = 0;
  std::optional<double>
      zero_upper_bound;  // counts that were never above 0: the rate of trials is below this (95 %)
  // Of the percentile targets, judged with 95 % confidence by order statistics; kPass where there
  // is no such target, kInvalid where the values are too few, or none.
  Verdict percentiles = Verdict::kPass;
};

struct ScenarioSummary {
  std::string id;
  std::string name;
  std::size_t trials = 0;
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t invalid = 0;
  std::size_t skipped = 0;
  std::size_t excused = 0;  // of those, the approved ones: the gate does not count them
  bool must_pass = false;
  Nanos duration{0};  // of all its trials
  std::vector<MeasureSummary> measures;
  std::vector<std::string> problems;  // reasons and violations, each once
};

// In the order of first appearance.
std::vector<ScenarioSummary> summarise(const std::vector<TrialRecord>& records);

struct RunFacts {
  std::string timestamp;  // ISO 8601 UTC of the start
  std::uint64_t seed = 0;
  double pass_rate_target = 0.9;
  std::size_t trials_planned = 0;
  bool complete = false;  // every planned trial has its record
  bool interrupted = false;
  std::string run;                     // its id, which everything that it left bears
  std::string target;                  // what was tested: a name and an address
  std::string failure;                 // why it ended without a judgement; empty: it did not
  std::vector<std::string> leftovers;  // at the end; read back: also those of the trials
};

// The original keys (timestamp, total_tests, passed, failed, pass_rate, target_pass_rate) and ours.
std::string summary_json(const std::vector<TrialRecord>& records, const RunFacts& facts,
                         const Gate& gate);
Result<RunFacts> parse_summary_facts(const std::string& text);

}  // namespace levi::reports
