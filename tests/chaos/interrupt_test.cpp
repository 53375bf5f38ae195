// levictl or its guard dies, or is told to stop, at every step of an experiment: nothing of ours is
// left after the guard, or after the next command where both died, but the seal that `levictl
// resume` lifts.
#include <csignal>

#include "tests/chaos/stage_rig.h"

namespace levi::chaos {
namespace {

// In the order in which a run comes by. The first and the last are the same whatever the fault.
const std::vector<std::string> kBefore{"begin",     "guard-begin", "lease",  "witnesses",
                                       "preflight", "steady",      "inject", "guard-before-log"};
const std::vector<std::string> kAround{
    "guard-before-inject", "guard-after-inject", "prove", "observe", "revert",
    "guard-before-revert", "guard-after-revert"};
const std::vector<std::string> kAfter{"settle", "judge", "recorded", "end", "guard-before-end"};

bool waits_in_guard(const std::string& step) { return step.rfind("guard-", 0) == 0; }
// All trials are over: what comes now cuts none short.
bool all_done(const std::string& step) { return step == "end" || step == "guard-before-end"; }
bool has_guard(const std::string& step) { return step != "begin"; }
// What breaks at once and comes back by itself: only around the injection is there a difference.
bool comes_back_by_itself(Kind kind) {
  return kind == Kind::kCoreKill || kind == Kind::kEngineKill || kind == Kind::kReset;
}
bool stands_at(Kind kind, const std::string& step) {
  if (comes_back_by_itself(kind)) return false;  // its supervisor may be quicker than the look
  return step == "prove" || step == "observe" || step == "guard-after-inject";
}

class Interrupt : public StageRig, public testing::WithParamInterface<Kind> {
 protected:
  std::vector<std::string> steps() const {
    // The core's feed waits longer after each loss: many of these in a row would take minutes.
    if (GetParam() == Kind::kHalfOpen)
      return {"guard-after-inject", "observe", "guard-before-revert", "guard-after-revert"};
    if (GetParam() == Kind::kCoreKill) return {"guard-after-inject", "prove", "observe"};
    if (comes_back_by_itself(GetParam()))
      return {"guard-before-inject", "guard-after-inject", "prove", "observe"};
    std::vector<std::string> all = kAround;
    if (GetParam() != Kind::kKill) return all;
    all.insert(all.begin(), kBefore.begin(), kBefore.end());
    all.insert(all.end(), kAfter.begin(), kAfter.end());
    return all;
  }

  void run_to(const std::string& step) {
    ASSERT_NO_FATAL_FAILURE(start_run_of(GetParam(), step));
    if (stands_at(GetParam(), step)) {
      EXPECT_TRUE(fault_stands(GetParam())) << "nothing to take back";
    }
  }
  void tell_to_stop(int signal) {
    for (const auto& step : steps()) {
      SCOPED_TRACE(step);
      ASSERT_NO_FATAL_FAILURE(run_to(step));
      ASSERT_TRUE(run().kill(signal));
      if (waits_in_guard(step) || all_done(step)) go();
      const Outcome outcome = end_run();
      EXPECT_TRUE(outcome.code == 4 || (all_done(step) && outcome.code != 5))
          << outcome.code << outcome.text;
      EXPECT_TRUE(processes(false).empty()) << "levictl left before its guard";
      expect_nothing_left();
    }
  }
  void kill_guard(const std::string& step) {
    const auto owned = owner();
    ASSERT_TRUE(owned || step == "guard-before-end") << "no run.json";
    // Its log is gone already: the process that waits is the guard.
    const auto waits = os::identify(std::atoi(test::read_all(folder("pause/at")).c_str()));
    ASSERT_TRUE(owned || waits);
    const auto pidfd = os::open_process(owned ? owned->guard : waits.value());
    ASSERT_TRUE(pidfd) << pidfd.error().text();
    ASSERT_TRUE(os::send_signal(pidfd.value().get(), SIGKILL));
    ASSERT_TRUE(os::wait_exit(pidfd.value().get(), test::kPatience));
  }
};

TEST_P(Interrupt, ByCtrlCItTakesEverythingBackAndSaysSo) { tell_to_stop(SIGINT); }
TEST_P(Interrupt, BySigtermItTakesEverythingBackAndSaysSo) { tell_to_stop(SIGTERM); }

TEST_P(Interrupt, KilledItIsClearedUpAfterByItsGuard) {
  for (const auto& step : steps()) {
    SCOPED_TRACE(step);
    ASSERT_NO_FATAL_FAILURE(run_to(step));
    ASSERT_TRUE(run().kill(SIGKILL));
    (void)end_run();
    if (waits_in_guard(step)) go();
    expect_nothing_left_but_seal();
    // Nothing is injected for a levictl that is dead: only it could let go of the seal.
    if (step == "guard-before-log" || step == "guard-before-inject") {
      EXPECT_FALSE(is_sealed());
    }
    if (is_sealed()) {
      ASSERT_NO_FATAL_FAILURE(expect_seal_and_lift_it());
    }
    expect_nothing_left();
  }
}

TEST_P(Interrupt, AKilledGuardIsReplacedByLevictl) {
  for (const auto& step : steps()) {
    if (!has_guard(step)) continue;
    SCOPED_TRACE(step);
    ASSERT_NO_FATAL_FAILURE(run_to(step));
    ASSERT_NO_FATAL_FAILURE(kill_guard(step));
    go();
    const Outcome outcome = end_run();
    // Before it answered for the first time there was no run yet.
    const int expected = step == "guard-begin" ? 3 : 4;
    if (!all_done(step)) {
      EXPECT_EQ(outcome.code, expected) << outcome.text;
    }
    EXPECT_NE(outcome.code, 5) << outcome.text;
    expect_nothing_left();
  }
}

TEST_P(Interrupt, WhereBothDieTheNextCommandTakesEverythingBack) {
  for (const auto& step : steps()) {
    if (!has_guard(step)) continue;
    SCOPED_TRACE(step);
    ASSERT_NO_FATAL_FAILURE(run_to(step));
    ASSERT_TRUE(run().kill(SIGSTOP));  // it must not step in between the two
    ASSERT_NO_FATAL_FAILURE(kill_guard(step));
    ASSERT_TRUE(run().kill(SIGKILL));
    (void)end_run();
    const bool held_by_guard = GetParam() == Kind::kDbLock;  // its child goes with it
    if (stands_at(GetParam(), step) && !held_by_guard) {
      EXPECT_TRUE(fault_stands(GetParam()));
    }
    if (is_sealed()) {
      ASSERT_NO_FATAL_FAILURE(expect_seal_and_lift_it());
    } else {
      (void)on_stage({"status"});
    }
    expect_nothing_left();
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Interrupt, testing::ValuesIn(kKinds), [](const auto& tested) {
  std::string name = to_string(tested.param);
  std::erase(name, '-');
  return name;
});

}  // namespace
}  // namespace levi::chaos
