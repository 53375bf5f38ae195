// Negative controls: a check that can't fail proves nothing (DESIGN §7).
//
// Each scenario runs again: with everything but the injecting call, on a sound target (it must be
// `invalid`, since what did not happen was not seen), and with its fault against a target of which
// one defence is switched off (it must fail by the check that its `controls` name, for the reason
// that stands there).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "chaos/experiment/run.h"
#include "chaos/experiment/scenario.h"

namespace levi::chaos {

// Starts targets to be broken. `sabotage` names the defence that is off; empty: none.
class StageProvider {
 public:
  virtual ~StageProvider() = default;
  virtual Result<TargetSpec> start(const std::string& sabotage) = 0;
  virtual Status stop() = 0;  // of the one that was started last
};

struct Control {
  std::string scenario;   // "C-1"
  std::string control;    // "fault left out", "takeover off"
  std::string expected;   // "invalid: unproven", "fail: recovered: engines.running:"
  std::string seen = {};  // "fail: recovered: engines.running: 0 of 1 …", or what went wrong
  bool decided = false;   // a trial was run, and came to a verdict that counts
  bool as_expected = false;
};

struct SelftestResult {
  std::vector<Control> controls;
  std::vector<std::string> leftovers;
  bool interrupted = false;
};

// `options.target` is ignored: the provider starts what is needed. One trial for a fault left out,
// and one for each defence of a scenario, judged by all controls that name it; a trial that could
// not be decided is tried again, `kControlTrialsMax` times at most.
inline constexpr int kControlTrialsMax = 3;
Result<SelftestResult> run_selftest(const std::vector<Scenario>& scenarios,
                                    const RunOptions& options, StageProvider& stages,
                                    const std::function<void(const Control&)>& on_control);

}  // namespace levi::chaos
