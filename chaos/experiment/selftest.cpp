#include "chaos/experiment/selftest.h"

#include <algorithm>
#include <optional>

#include "chaos/experiment/control.h"
#include "core/os/clock.h"

namespace levi::chaos {

using reports::TrialRecord;
using reports::Verdict;

namespace {

// One trial of one scenario.
Result<RunResult> run_once(Scenario scenario, RunOptions options, const TargetSpec& target,
                           bool leave_out) {
  scenario.trials = 1;
  options.target = target;
  options.leave_out = leave_out;
  options.run = os::random_text(8);  // one lease and one undo log each
  LEVI_TRY(writer, open_results({scenario}, options));
  return run_scenarios({scenario}, options, writer);
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
      for (const auto& defence : defences_of(scenario)) {
        if (!result_.interrupted) switch_off(scenario, defence);
      }
    }
    return std::move(result_);
  }

 private:
  void leave_out_all(const std::vector<Scenario>& scenarios) {
    const auto target = stages_.start("");
    for (const auto& scenario : scenarios) {
      const auto expected = scenario.controls.left_out;
      Control control{scenario.id, "fault left out",
                      std::string("invalid: ") + to_string(expected)};
      if (!target) control.seen = "no stage: " + target.error().text();
      Scenario quick = scenario;  // what is not there needs not be held for long
      if (!quick.holds.empty())
        quick.holds = {*std::min_element(quick.holds.begin(), quick.holds.end())};
      for (int trial = 0; target && trial < kControlTrialsMax; ++trial) {
        const auto record = run(quick, target.value(), true, control);
        if (!record) break;
        control.seen = outcome_text(*record, "");
        control.as_expected = is_left_out(*record, expected);
        // Invalid is what it must be; but it must have come as far as the call that is left out.
        control.decided = !record->fault.injected_at.empty() && !result_.interrupted;
        if (control.decided || result_.interrupted) break;
      }
      tell(control);
      if (result_.interrupted) break;
    }
    if (target) stop();
  }

  // What is named first comes first; each once.
  static std::vector<std::string> defences_of(const Scenario& scenario) {
    std::vector<std::string> defences;
    for (const auto& off : scenario.controls.off) {
      if (std::find(defences.begin(), defences.end(), off.defence) == defences.end())
        defences.push_back(off.defence);
    }
    return defences;
  }

  // One trial for all checks that must see that this defence is off.
  void switch_off(Scenario scenario, const std::string& defence) {
    std::vector<OffControl> offs;
    std::vector<Control> controls;
    for (const auto& off : scenario.controls.off) {
      if (off.defence != defence) continue;
      offs.push_back(off);
      auto& flow_min = scenario.flow.orders_per_second_min;
      if (off.flow_min > 0) flow_min = std::min(flow_min, off.flow_min);
      controls.push_back(
          {scenario.id, defence + " off", "fail: " + off.fails + ": " + off.because});
    }
    const auto target = stages_.start(defence);
    for (auto& control : controls) {
      if (!target) control.seen = "no stage: " + target.error().text();
    }
    for (int trial = 0; target && trial < kControlTrialsMax; ++trial) {
      const auto record = run(scenario, target.value(), false, controls.front());
      for (std::size_t i = 0; i < offs.size(); ++i) {
        if (record)
          see(*record, offs[i], controls[i]);
        else
          controls[i].seen = controls.front().seen;
      }
      if (!record || controls.front().decided || result_.interrupted) break;
    }
    for (const auto& control : controls) tell(control);
    if (target) stop();
  }

  static void see(const TrialRecord& record, const OffControl& off, Control& control) {
    control.seen = outcome_text(record, off.fails);
    control.as_expected = is_caught(record, off);
    control.decided = record.status == Verdict::kFail || record.status == Verdict::kPass;
  }

  // Its one trial; none where there is none, and why.
  std::optional<TrialRecord> run(const Scenario& scenario, const TargetSpec& target, bool leave_out,
                                 Control& control) {
    const auto ended = run_once(scenario, options_, target, leave_out);
    if (!ended) {
      control.seen = ended.error().text();
      result_.interrupted |= ended.error().code == ErrorCode::kInterrupted;
      return std::nullopt;
    }
    for (const auto& leftover : ended.value().gate.leftovers) result_.leftovers.push_back(leftover);
    result_.interrupted |= ended.value().interrupted;
    if (!ended.value().records.empty()) return ended.value().records.front();
    control.seen = "no trial was run";
    return std::nullopt;
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
