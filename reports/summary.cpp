#include "reports/summary.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/json_fields.h"
#include "reports/statistics.h"

namespace levi::reports {
namespace {

using Json = nlohmann::ordered_json;

// Of a decided trial that has no value: what it waited for never came.
constexpr std::int64_t kNever = INT64_MAX;

// With 95 % confidence: the order statistic above the quantile is within the target (pass), the one
// below is not (fail).
Verdict judge_quantile(const std::vector<std::int64_t>& sorted, double quantile,
                       std::optional<std::int64_t> target, std::int64_t error) {
  if (!target) return Verdict::kPass;
  const auto upper = upper_rank(sorted.size(), quantile);
  if (upper && sorted[*upper] <= *target - error) return Verdict::kPass;
  const auto lower = lower_rank(sorted.size(), quantile);
  if (lower && sorted[*lower] - error > *target) return Verdict::kFail;
  return Verdict::kInvalid;
}

Verdict worse(Verdict a, Verdict b) {
  if (a == Verdict::kFail || b == Verdict::kFail) return Verdict::kFail;
  return a == Verdict::kPass ? b : a;
}

// What an undecided trial measured is no evidence: of a fault that was not seen to land, say.
bool decided(const TrialRecord& record) {
  return record.status == Verdict::kPass || record.status == Verdict::kFail;
}

Verdict judge_percentiles(std::vector<std::int64_t> sorted, const MeasureSummary& summary) {
  const Target& target = summary.target;
  // Where no trial had any, nothing was measured.
  if (!sorted.empty()) sorted.resize(sorted.size() + summary.absent, kNever);
  return worse(judge_quantile(sorted, 0.50, target.p50, summary.error_max),
               worse(judge_quantile(sorted, 0.95, target.p95, summary.error_max),
                     judge_quantile(sorted, 0.99, target.p99, summary.error_max)));
}

MeasureSummary summarise_measure(const std::string& name,
                                 const std::vector<const TrialRecord*>& records) {
  MeasureSummary summary;
  summary.name = name;
  std::vector<std::int64_t> values;
  for (const TrialRecord* record : records) {
    summary.absent += decided(*record) ? 1 : 0;  // until its value is found
    for (const Measure& measure : record->measures) {
      if (measure.name != name) continue;
      summary.unit = measure.unit;
      summary.target = measure.target;
      if (!decided(*record) || !measure.value) continue;
      --summary.absent;
      values.push_back(*measure.value);
      summary.sum += *measure.value;
      summary.error_max = std::max(summary.error_max, measure.error);
    }
  }
  summary.values = values.size();
  std::sort(values.begin(), values.end());
  summary.percentiles = judge_percentiles(values, summary);
  if (values.empty()) return summary;
  summary.min = values.front();
  summary.max = values.back();
  summary.p50 = percentile(values, 0.50);
  summary.p95 = percentile(values, 0.95);
  summary.p99 = percentile(values, 0.99);
  if (summary.unit == Unit::kCount && summary.max == 0)
    summary.zero_upper_bound = upper_bound_of_zero(values.size());
  return summary;
}

void add_problem(ScenarioSummary& scenario, const std::string& text) {
  constexpr std::size_t kProblemsMax = 20;
  auto& problems = scenario.problems;
  if (text.empty() || problems.size() >= kProblemsMax) return;
  if (std::find(problems.begin(), problems.end(), text) == problems.end()) problems.push_back(text);
}

void add_trial(ScenarioSummary& scenario, const TrialRecord& record) {
  ++scenario.trials;
  scenario.duration += record.duration;
  scenario.must_pass |= record.must_pass;
  switch (record.status) {
    case Verdict::kPass:
      ++scenario.passed;
      break;
    case Verdict::kFail:
      ++scenario.failed;
      break;
    case Verdict::kInvalid:
      ++scenario.invalid;
      break;
    case Verdict::kSkipped:
      ++scenario.skipped;
      scenario.excused += record.skip_approved ? 1 : 0;
      break;
  }
  add_problem(scenario, record.reason);
  for (const auto& violation : record.violations)
    add_problem(scenario, violation.check + ": " + violation.detail);
}

std::vector<MeasureSummary> summarise_measures(const std::vector<const TrialRecord*>& records) {
  std::vector<std::string> names;
  for (const TrialRecord* record : records) {
    for (const auto& measure : record->measures) {
      if (std::find(names.begin(), names.end(), measure.name) == names.end())
        names.push_back(measure.name);
    }
  }
  std::vector<MeasureSummary> summaries;
  for (const auto& name : names) summaries.push_back(summarise_measure(name, records));
  return summaries;
}

Json amount(std::int64_t value, Unit unit) {
  if (unit != Unit::kSeconds) return value;
  return static_cast<double>(value) / 1e9;
}

Json measure_json(const MeasureSummary& measure) {
  Json entry = Json::object();
  entry["unit"] = to_string(measure.unit);
  entry["values"] = measure.values;
  entry["absent"] = measure.absent;
  if (measure.values > 0) {
    entry["min"] = amount(measure.min, measure.unit);
    entry["p50"] = amount(measure.p50, measure.unit);
    entry["p95"] = amount(measure.p95, measure.unit);
    entry["p99"] = amount(measure.p99, measure.unit);
    entry["max"] = amount(measure.max, measure.unit);
    entry["error_max"] = amount(measure.error_max, measure.unit);
  }
  if (measure.target.max) entry["target_max"] = amount(*measure.target.max, measure.unit);
  if (measure.zero_upper_bound) entry["zero_upper_bound"] = *measure.zero_upper_bound;
  if (measure.target.p50 || measure.target.p95 || measure.target.p99) {
    entry["percentiles"] = to_string(measure.percentiles);
  }
  return entry;
}

Json scenario_json(const ScenarioSummary& scenario) {
  Json entry = Json::object();
  entry["id"] = scenario.id;
  entry["name"] = scenario.name;
  entry["trials"] = scenario.trials;
  entry["passed"] = scenario.passed;
  entry["failed"] = scenario.failed;
  entry["invalid"] = scenario.invalid;
  entry["skipped"] = scenario.skipped;
  entry["must_pass"] = scenario.must_pass;
  entry["duration"] = amount(scenario.duration.count(), Unit::kSeconds);
  const Interval interval = clopper_pearson(scenario.passed, scenario.trials - scenario.excused);
  entry["pass_rate_interval"] = {interval.low, interval.high};
  entry["measures"] = Json::object();
  for (const auto& measure : scenario.measures)
    entry["measures"][measure.name] = measure_json(measure);
  entry["problems"] = scenario.problems;
  return entry;
}

}  // namespace

std::vector<ScenarioSummary> summarise(const std::vector<TrialRecord>& records) {
  std::vector<ScenarioSummary> summaries;
  std::vector<std::vector<const TrialRecord*>> trials;
  for (const auto& record : records) {
    const auto same = [&](const ScenarioSummary& s) { return s.id == record.id; };
    auto found = std::find_if(summaries.begin(), summaries.end(), same);
    if (found == summaries.end()) {
      ScenarioSummary fresh;
      fresh.id = record.id;
      fresh.name = record.name;
      summaries.push_back(std::move(fresh));
      trials.emplace_back();
      found = summaries.end() - 1;
    }
    add_trial(*found, record);
    trials[static_cast<std::size_t>(found - summaries.begin())].push_back(&record);
  }
  for (std::size_t i = 0; i < summaries.size(); ++i)
    summaries[i].measures = summarise_measures(trials[i]);
  return summaries;
}

std::string summary_json(const std::vector<TrialRecord>& records, const RunFacts& facts,
                         const Gate& gate) {
  Json root = Json::object();
  root["timestamp"] = facts.timestamp;
  root["total_tests"] = gate.total;
  root["passed"] = gate.passed;
  root["failed"] = gate.failed;
  root["pass_rate"] = gate.pass_rate;
  root["target_pass_rate"] = facts.pass_rate_target;
  root["invalid"] = gate.invalid;
  root["skipped"] = gate.skipped;
  root["gate"] = to_string(gate.outcome);
  root["gate_reasons"] = gate.reasons;
  root["pass_rate_interval"] = {gate.pass_interval.low, gate.pass_interval.high};
  root["leftovers"] = gate.leftovers;
  root["seed"] = facts.seed;
  root["complete"] = facts.complete;
  root["interrupted"] = facts.interrupted;
  root["planned"] = facts.trials_planned;
  root["run"] = facts.run;
  root["target"] = facts.target;
  if (!facts.failure.empty()) root["failure"] = facts.failure;
  root["scenarios"] = Json::array();
  for (const auto& scenario : summarise(records))
    root["scenarios"].push_back(scenario_json(scenario));
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<RunFacts> parse_summary_facts(const std::string& text) {
  const Json root = Json::parse(text, nullptr, false);
  if (!root.is_object()) return error(ErrorCode::kCorrupt, "summary.json is not a JSON object");
  RunFacts facts;
  facts.timestamp = text_at(root, "timestamp");
  facts.seed = static_cast<std::uint64_t>(integer_at(root, "seed"));
  const Json& rate = value_at(root, "target_pass_rate");
  if (rate.is_number()) facts.pass_rate_target = rate.get<double>();
  facts.trials_planned =
      static_cast<std::size_t>(std::max<std::int64_t>(0, integer_at(root, "planned")));
  facts.complete = boolean_at(root, "complete");
  facts.interrupted = boolean_at(root, "interrupted");
  facts.run = text_at(root, "run");
  facts.target = text_at(root, "target");
  facts.failure = text_at(root, "failure");
  for (const auto& leftover : list_at(root, "leftovers")) {
    if (leftover.is_string()) facts.leftovers.push_back(leftover.get<std::string>());
  }
  return facts;
}

}  // namespace levi::reports
