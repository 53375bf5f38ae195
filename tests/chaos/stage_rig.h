// What the tests of whole chaos runs share: a quiet stage with the real levid, engine and exchange,
// the real levictl that is stopped at a named step, and every look that says whether something of
// ours is left.
//
// The stage is quiet (one engine, one order per 50 ms) so that a run to any step takes a fraction
// of a second. levictl dies with the test; its guard then does what a guard is for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chaos/guard/undo_log.h"
#include "tests/integration/rig.h"

namespace levi::chaos {

// A fault that the exchange must take back, one that a child of the guard holds, the one that only
// levictl may lift, the core's own death, over which the lease must not be forgotten, and two that
// are over as soon as they landed.
enum class Kind { kHalfOpen, kDbLock, kKill, kCoreKill, kEngineKill, kReset };
inline constexpr Kind kKinds[] = {Kind::kHalfOpen, Kind::kDbLock,     Kind::kKill,
                                  Kind::kCoreKill, Kind::kEngineKill, Kind::kReset};
const char* to_string(Kind kind);
std::string scenario_text(Kind kind);  // of two trials, with short waits

// What a command came to.
struct Outcome {
  int code = -1;  // exit code; -1: killed by a signal, or it did not end
  std::string text;
};

// levictl and its runs, in a state folder of the test's own. levictl dies with the test; its guard
// then does what a guard is for.
class LevictlRig : public test::IntegrationTest {
 protected:
  // levictl to its end, with `target` (a stage's name) as its target unless empty.
  Outcome levictl(const std::vector<std::string>& arguments, const std::string& target = "",
                  Nanos patience = test::kPatience);

  // `levictl chaos run` + arguments, which waits at `step`, in levictl or in its guard; returns
  // once it does, or at once where no step is given.
  void start_run(const std::vector<std::string>& arguments, const std::string& target,
                 const std::string& step);
  os::Child& run() { return *run_; }
  void go();  // lets the waiting process go on
  // Waits for the end of levictl.
  Outcome end_run();
  std::string run_log() const { return test::read_all(folder("run.log")); }

  // As the undo log names it, from the guard's first word on.
  std::optional<RunOwner> owner() const;
  // Every process of a levictl of this test, by the state folder in its environment; with `stages`
  // also those of the stages.
  std::vector<std::string> processes(bool stages) const;
  std::string undo_parent() const { return folder("levictl/undo"); }

 private:
  os::SpawnOptions options_of(const std::vector<std::string>& arguments, const std::string& target,
                              const std::string& log) const;
  std::optional<os::Child> run_;
};

// With a quiet stage (one engine, few orders), so that a run to any step takes a fraction of a
// second.
class StageRig : public LevictlRig {
 protected:
  void SetUp() override;
  // Its levid's configuration, with the marks that `levictl up` fills in.
  virtual std::string config() const;

  Outcome on_stage(const std::vector<std::string>& arguments) {
    return levictl(arguments, stage_.name);
  }
  // A run of two trials.
  void start_run_of(Kind kind, const std::string& step) {
    start_run({scenario_file(kind), "--gate", "0"}, stage_.name, step);
  }
  std::string scenario_file(Kind kind) const;
  TargetSpec target() const;

  bool fault_stands(Kind kind);
  bool is_sealed();  // by a chaos run
  // Nothing of ours is there, but perhaps a seal. Looks again for a while: a guard that was just
  // told of levictl's death needs a moment.
  void expect_nothing_left_but_seal();
  void expect_nothing_left();
  // A seal is named, with the command that lifts it, and that command does.
  void expect_seal_and_lift_it();

 private:
  std::string whats_left();
};

}  // namespace levi::chaos
