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

int print(const chaos::SelftestResult& result) {
  reports::Table table({"ID", "CONTROL", "EXPECTED", "GOT", "VERDICT", "WHY"});
  bool all_as_expected = !result.controls.empty();
  bool all_run = true;
  for (const auto& control : result.controls) {
    table.add({control.scenario, control.control, to_string(control.expected), control.got,
               control.as_expected ? "ok" : "WRONG", control.why});
    all_as_expected &= control.as_expected;
    all_run &= reports::parse_verdict(control.got).has_value();
  }
  std::printf("%s", table.text().c_str());
  for (const auto& leftover : result.leftovers)
    std::fprintf(stderr, "levictl: left: %s\n", leftover.c_str());
  if (!result.leftovers.empty()) return kLeftovers;
  if (result.interrupted) return kInterrupted;
  if (!all_run) return kUndecided;
  return all_as_expected ? kDone : kFailed;
}

}  // namespace

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
                     control.got.c_str(), control.as_expected ? "as expected" : "WRONG");
      });
  if (!result) return chaos_fail(result.error());
  return print(result.value());
}

}  // namespace levi::cli
