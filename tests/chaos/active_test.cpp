// `levictl chaos status | stop | undo` and the lease, while a run is at work, hangs, or has died.
#include "chaos/guard/active.h"

#include <csignal>

#include "core/os/file.h"
#include "tests/chaos/stage_rig.h"

namespace levi::chaos {
namespace {

using test::eventually;

class Active : public StageRig {
 protected:
  void signal_guard(int signal) {
    const auto owned = owner();
    ASSERT_TRUE(owned);
    const auto pidfd = os::open_process(owned->guard);
    ASSERT_TRUE(pidfd);
    ASSERT_TRUE(os::send_signal(pidfd.value().get(), signal));
  }
  void kill_both() {
    ASSERT_TRUE(run().kill(SIGSTOP));
    ASSERT_NO_FATAL_FAILURE(signal_guard(SIGKILL));
    ASSERT_TRUE(run().kill(SIGKILL));
    (void)end_run();
  }
};

bool says(const Outcome& outcome, const std::string& words) {
  return outcome.text.find(words) != std::string::npos;
}

TEST_F(Active, WithNothingAtWorkStatusStopAndUndoSaySo) {
  for (const char* command : {"status", "stop", "undo"}) {
    const Outcome outcome = on_stage({"chaos", command});
    EXPECT_EQ(outcome.code, 0) << outcome.text;
    EXPECT_TRUE(says(outcome, "no chaos is active") || says(outcome, "nothing of ours is left"))
        << outcome.text;
  }
  EXPECT_EQ(on_stage({"chaos", "stop", "--all"}).code, 0);
  const Outcome unknown = on_stage({"chaos", "stop", "nobody"});
  EXPECT_EQ(unknown.code, 3) << unknown.text;
}

TEST_F(Active, ARunAtWorkIsShownIsNotUndoneAndKeepsOthersOut) {
  ASSERT_NO_FATAL_FAILURE(start_run_of(Kind::kHalfOpen, "observe"));
  const Outcome status = on_stage({"chaos", "status"});
  EXPECT_EQ(status.code, 0);
  EXPECT_TRUE(says(status, owner()->run) && says(status, "half-open") && says(status, "running"))
      << status.text;
  EXPECT_TRUE(says(on_stage({"status"}), owner()->run));  // "is this us?"
  const Outcome undo = on_stage({"chaos", "undo"});
  EXPECT_EQ(undo.code, 0);
  EXPECT_TRUE(says(undo, "its guard answers for it")) << undo.text;
  EXPECT_TRUE(fault_stands(Kind::kHalfOpen));
  const Outcome second = on_stage({"chaos", "run", scenario_file(Kind::kKill)});
  EXPECT_EQ(second.code, 6) << second.text;
  EXPECT_FALSE(is_sealed());

  const Outcome stop = on_stage({"chaos", "stop", owner()->run});
  EXPECT_EQ(stop.code, 0) << stop.text;
  EXPECT_EQ(end_run().code, 4);
  expect_nothing_left();
}

TEST_F(Active, StopEndsARunWhoseLevictlAndGuardAreBothStopped) {
  ASSERT_NO_FATAL_FAILURE(start_run_of(Kind::kDbLock, "observe"));
  ASSERT_TRUE(run().kill(SIGSTOP));
  ASSERT_NO_FATAL_FAILURE(signal_guard(SIGSTOP));
  EXPECT_TRUE(fault_stands(Kind::kDbLock));
  const Outcome stop = on_stage({"chaos", "stop", "--all"});
  EXPECT_EQ(stop.code, 0) << stop.text;
  EXPECT_EQ(end_run().code, 4);
  expect_nothing_left();
}

TEST_F(Active, AStoppedGuardGoesOnWhenLevictlIsKilled) {
  ASSERT_NO_FATAL_FAILURE(start_run_of(Kind::kDbLock, "observe"));
  ASSERT_NO_FATAL_FAILURE(signal_guard(SIGSTOP));
  ASSERT_TRUE(run().kill(SIGKILL));
  (void)end_run();
  expect_nothing_left();
}

// It hangs inside an undo and answers neither levictl nor a signal: killed, and undone in its
// place.
TEST_F(Active, StopEndsARunWhoseGuardHangs) {
  ASSERT_NO_FATAL_FAILURE(start_run_of(Kind::kHalfOpen, "guard-before-revert"));
  const auto runs = active_runs(undo_parent());
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_TRUE(runs[0].guarded);
  EXPECT_TRUE(runs[0].levictl_alive);
  const Status stopped = stop_run(runs[0], Nanos{200ms});
  EXPECT_TRUE(stopped) << stopped.error().text();
  (void)end_run();
  EXPECT_TRUE(fault_stands(Kind::kHalfOpen));
  EXPECT_EQ(on_stage({"chaos", "undo"}).code, 0);
  expect_nothing_left();
}

TEST_F(Active, UndoTellsHowManyFaultsItTookBack) {
  ASSERT_NO_FATAL_FAILURE(start_run_of(Kind::kHalfOpen, "observe"));
  ASSERT_NO_FATAL_FAILURE(kill_both());
  EXPECT_TRUE(fault_stands(Kind::kHalfOpen));
  const Outcome undo = on_stage({"chaos", "undo"});
  EXPECT_EQ(undo.code, 0);
  EXPECT_TRUE(says(undo, "took back 1 fault(s)")) << undo.text;
  expect_nothing_left();
}

TEST_F(Active, KillDoesNotStopToTakeBackWhatADeadRunLeft) {
  ASSERT_NO_FATAL_FAILURE(start_run_of(Kind::kHalfOpen, "observe"));
  ASSERT_NO_FATAL_FAILURE(kill_both());
  EXPECT_EQ(on_stage({"kill", "--reason", "test"}).code, 0);
  EXPECT_TRUE(fault_stands(Kind::kHalfOpen));
  const Outcome resumed = on_stage({"resume", "--reason", "test"});
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  expect_nothing_left();
}

TEST_F(Active, AnUndoLogThatCannotBeReadIsToldAndKept) {
  const std::string log = undo_parent() + "/broken01";
  ASSERT_TRUE(os::make_folders(log));
  ASSERT_TRUE(os::write_file_atomic(log + "/run.json",
                                    "{\"run\":\"broken01\",\"target\":" + to_text(target()) + "}"));
  ASSERT_TRUE(os::write_file_atomic(
      log + "/1.undo", "{\"kind\":\"fault.of.tomorrow\",\"tag\":\"chaos:broken01:1\"}"));
  for (const char* command : {"undo", "status", "stop"}) {
    const Outcome outcome = on_stage({"chaos", command});
    EXPECT_EQ(outcome.code, 5) << command << ": " << outcome.text;
    EXPECT_TRUE(says(outcome, log + "/1.undo") && says(outcome, "fault.of.tomorrow"))
        << outcome.text;
  }
  // Nothing new on top of it.
  EXPECT_EQ(on_stage({"chaos", "run", scenario_file(Kind::kDbLock)}).code, 5);
  EXPECT_TRUE(os::exists(log + "/1.undo"));
}

TEST_F(Active, AnUndoWithoutOurTagTouchesNothing) {
  const std::string log = undo_parent() + "/strange1";
  ASSERT_TRUE(os::make_folders(log));
  ASSERT_TRUE(os::write_file_atomic(log + "/run.json",
                                    "{\"run\":\"strange1\",\"target\":" + to_text(target()) + "}"));
  ASSERT_TRUE(os::write_file_atomic(log + "/1.undo", "{\"kind\":\"db.lock\",\"tag\":\"x\"}"));
  const Outcome outcome = on_stage({"chaos", "undo"});
  EXPECT_EQ(outcome.code, 5);
  EXPECT_TRUE(says(outcome, "without our tag")) << outcome.text;
}

// A guard that was killed before it wrote anything.
TEST_F(Active, AnEmptyUndoLogGoesWithTheNextCommand) {
  ASSERT_TRUE(os::make_folders(undo_parent() + "/empty001"));
  ASSERT_TRUE(os::write_file_atomic(undo_parent() + "/empty001/1.undo.tmp", "{\"kin"));
  EXPECT_EQ(on_stage({"chaos", "list"}).code, 0);
  expect_nothing_left();
}

}  // namespace
}  // namespace levi::chaos
