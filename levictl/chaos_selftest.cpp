// `levictl chaos selftest`: proves for each scenario that it can fail.
#include <cstdio>

#include "chaos/experiment/catalogue.h"
#include "chaos/experiment/selftest.h"
#include "core/os/thread.h"
#include "levictl/chaos.h"
#include "levictl/chaos_target.h"
#include "levictl/exit_code.h"
#include "reports/table.h"

namespace levi::cli {
namespace {

const char* verdict(const chaos::Control& control) {
  if (control.as_expected) return "ok";
  return control.decided ? "WRONG" : "undecided";
}

int print(const chaos::SelftestResult& result) {
  reports::Table table({"ID", "CONTROL", "VERDICT", "EXPECTED", "SEEN"});
  for (const auto& control : result.controls) {
    table.add(
        {control.scenario, control.control, verdict(control), control.expected, control.seen});
  }
  std::printf("%s", table.text().c_str());
  for (const auto& leftover : result.leftovers)
    std::fprintf(stderr, "levictl: left: %s\n", leftover.c_str());
  return selftest_exit(result);
}

}  // namespace

int selftest_exit(const chaos::SelftestResult& result) {
  if (!result.leftovers.empty()) return kLeftovers;
  bool all_as_expected = !result.controls.empty();
  for (const auto& control : result.controls) {
    // What is decided wrongly stays wrong, whatever else could not be decided.
    if (control.decided && !control.as_expected) return kFailed;
    all_as_expected &= control.as_expected;
  }
  if (result.interrupted) return kInterrupted;
  return all_as_expected ? kDone : kUndecided;
}

int chaos_selftest(const ChaosRunOptions& options) {
  const auto scenarios = chaos::load_scenarios(options.scenarios);
  if (!scenarios) return chaos_fail(scenarios.error());
  os::catch_interrupts();
  if (!take_back_leftovers()) return kLeftovers;
  chaos::RunOptions run = chaos_run_options(options);
  run.reports_folder += "/selftest";  // `latest` stays with the real runs
  OwnStage stages;
  const auto result =
      chaos::run_selftest(scenarios.value(), run, stages, [](const chaos::Control& control) {
        std::fprintf(stderr, "%s, %s: %s (%s)\n", control.scenario.c_str(), control.control.c_str(),
                     control.seen.c_str(), verdict(control));
      });
  if (!result) return chaos_fail(result.error());
  return print(result.value());
}

}  // namespace levi::cli
