// `levictl chaos gate`: judges a results folder again.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "levictl/chaos.h"
#include "levictl/exit_code.h"
#include "levictl/paths.h"
#include "reports/results.h"
#include "reports/table.h"

namespace levi::cli {

int chaos_gate(const std::string& given, double gate_given_value, bool gate_given,
               const std::string& output) {
  const std::string folder = given.empty() ? reports_folder() + "/chaos/latest" : given;
  const auto stored = reports::read_run(folder);
  if (!stored) {
    Error problem = stored.error();
    if (problem.code == ErrorCode::kNotFound)
      problem.fix = "give the folder of a run, with results.jsonl in it";
    if (problem.code == ErrorCode::kCorrupt) problem.code = ErrorCode::kInvalid;
    return fail(problem);
  }
  const reports::StoredRun& run = stored.value();
  const double rate = gate_given ? gate_given_value : run.facts.pass_rate_target;
  const bool cut_short = run.facts.interrupted || run.last_line_torn || !run.facts.complete;
  const auto gate = reports::judge_gate(
      run.records, {rate, run.facts.trials_planned, cut_short, run.facts.leftovers});
  if (output == "json") {
    reports::RunFacts facts = run.facts;
    facts.pass_rate_target = rate;
    std::printf("%s", reports::summary_json(run.records, facts, gate).c_str());
  } else {
    const bool colour = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    std::printf("%s", reports::run_table(run.records, gate, rate, colour).c_str());
  }
  return reports::exit_code(gate);
}

}  // namespace levi::cli
