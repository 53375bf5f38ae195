#include "chaos/experiment/selftest.h"

#include "core/os/clock.h"

namespace levi::chaos {
namespace {

// One trial of one scenario.
Result<RunResult> run_once(Scenario scenario, RunOptions options, const TargetSpec& target,
                           bool leave_out) {
  scenario.trials = 1;
  options.target = target;
  options.leave_out = leave_out;
  options.run = os::random_text(8);  // one lease and one undo log each
  return run_scenarios({scenario}, options);
}

class Selftest {
 public:
  Selftest(const RunOptions& options, StageProvider& stages,
           const std::function<void(const Control&)>& on_control)
      : options_(options), stages_(stages), on_control_(on_control) {}

  SelftestResult run(const std::vector<Scenario>& scenarios) {
    leave_out_all(scenarios);
    for (const auto& scenario : scenarios) {
      if (result_.interrupted) break;
      if (!scenario.sabotage.empty()) switch_off(scenario);
    }
    return std::move(result_);
  }

 private:
  void leave_out_all(const std::vector<Scenario>& scenarios) {
    const auto target = stages_.start("");
    for (const auto& scenario : scenarios) {
      Control control{scenario.id, "fault left out", reports::Verdict::kInvalid, "", "", false};
      if (!target) {
        control.got = "no stage: " + target.error().text();
      } else {
        judge(run_once(scenario, options_, target.value(), true), control);
      }
      tell(control);
      if (result_.interrupted) break;
    }
    if (target) stop();
  }

  void switch_off(const Scenario& scenario) {
    Control control{scenario.id, scenario.sabotage + " off", reports::Verdict::kFail, "", "",
                    false};
    const auto target = stages_.start(scenario.sabotage);
    if (!target) control.got = "no stage: " + target.error().text();
    for (int trial = 0; target && trial < kControlTrialsMax; ++trial) {
      judge(run_once(scenario, options_, target.value(), false), control);
      if (control.got != "invalid" || result_.interrupted) break;
    }
    tell(control);
    if (target) stop();
  }

  void judge(const Result<RunResult>& run, Control& control) {
    if (!run) {
      control.got = run.error().text();
      result_.interrupted |= run.error().code == ErrorCode::kInterrupted;
      return;
    }
    for (const auto& leftover : run.value().gate.leftovers) result_.leftovers.push_back(leftover);
    result_.interrupted |= run.value().interrupted;
    if (run.value().records.empty()) {
      control.got = "no trial was run";
      return;
    }
    const auto& record = run.value().records.front();
    control.got = to_string(record.status);
    control.why = record.reason;
    // An invalid trial for lack of a steady state would say nothing about the check: the fault must
    // have been tried.
    const bool tried = !record.fault.injected_at.empty();
    control.as_expected = record.status == control.expected && tried;
  }

  void tell(const Control& control) {
    result_.controls.push_back(control);
    if (on_control_) on_control_(control);
  }

  void stop() {
    const Status stopped = stages_.stop();
    if (!stopped) result_.leftovers.push_back("the stage did not end: " + stopped.error().text());
  }

  const RunOptions& options_;
  StageProvider& stages_;
  const std::function<void(const Control&)>& on_control_;
  SelftestResult result_;
};

}  // namespace

Result<SelftestResult> run_selftest(const std::vector<Scenario>& scenarios,
                                    const RunOptions& options, StageProvider& stages,
                                    const std::function<void(const Control&)>& on_control) {
  if (scenarios.empty())
    return error(ErrorCode::kInvalid, "no scenario to test", "levictl chaos list shows them");
  return Selftest(options, stages, on_control).run(scenarios);
}

}  // namespace levi::chaos
