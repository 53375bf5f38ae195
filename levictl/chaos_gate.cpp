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

namespace {

// Whose verdict this is: `latest` alone does not tell.
void print_facts(const reports::RunFacts& facts) {
  std::printf("run %s of %s, target %s\n", facts.run.empty() ? "?" : facts.run.c_str(),
              facts.timestamp.c_str(), facts.target.empty() ? "?" : facts.target.c_str());
  if (!facts.failure.empty()) std::printf("it judged nothing: %s\n", facts.failure.c_str());
}

}  // namespace

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
  // One that ended before its first trial was not cut short: there was nothing to judge.
  const bool begun = !run.records.empty();
  const bool cut_short =
      run.facts.interrupted || run.last_line_torn || (begun && !run.facts.complete);
  const auto gate = reports::judge_gate(
      run.records, {rate, run.facts.trials_planned, cut_short, run.facts.leftovers});
  if (output == "json") {
    reports::RunFacts facts = run.facts;
    facts.pass_rate_target = rate;
    std::printf("%s", reports::summary_json(run.records, facts, gate).c_str());
  } else {
    print_facts(run.facts);
    const bool colour = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    std::printf("%s", reports::run_table(run.records, gate, rate, colour).c_str());
  }
  return reports::exit_code(gate);
}

}  // namespace levi::cli
