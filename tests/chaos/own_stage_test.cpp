// `levictl chaos run --stage`: the stage is the run's own. However levictl ends, its processes and
// folders go, too.
#include <poll.h>
#include <sys/inotify.h>

#include <csignal>

#include "core/os/file.h"
#include "core/os/thread.h"
#include "tests/chaos/stage_rig.h"

namespace levi::chaos {
namespace {

using test::eventually;

class OwnStage : public LevictlRig {
 protected:
  void start(const std::string& step) {
    ASSERT_TRUE(os::write_file_atomic(folder("kill.yaml"), scenario_text(Kind::kKill)));
    ASSERT_NO_FATAL_FAILURE(start_run({folder("kill.yaml"), "--stage"}, "", step));
    ASSERT_TRUE(eventually([this] { return look() || !os::is_alive(run().identity()); }));
    ASSERT_TRUE(look()) << run_log();
  }

  // The stage, as its file says; false while there is none.
  bool look() {
    for (const auto& name : cli::stage_names()) {
      auto found = cli::read_stage(name);
      if (!found) continue;
      own_ = std::move(found).value();
      return true;
    }
    return false;
  }

  void expect_all_gone() {
    EXPECT_TRUE(eventually([this] { return processes(true).empty(); }))
        << processes(true).front() << "\n"
        << run_log();
    // Not at once: a supervisor that was still to write the file takes it back by itself.
    for (const std::string& path : {cli::stage_file(own_.name), own_.folder, own_.runtime})
      EXPECT_TRUE(eventually([&] { return !os::exists(path); })) << path;
    EXPECT_FALSE(owner().has_value()) << "an undo log is left";
  }

  void kill_supervisor() {
    const auto pidfd = os::open_process(own_.supervisor.identity);
    ASSERT_TRUE(pidfd) << pidfd.error().text();
    ASSERT_TRUE(os::send_signal(pidfd.value().get(), SIGKILL));
  }

  cli::Stage own_;
};

TEST_F(OwnStage, GoesWithARunThatIsToldToStop) {
  const std::pair<int, const char*> cases[] = {{SIGINT, "inject"},
                                               {SIGTERM, "observe"},
                                               {SIGINT, "observe"},
                                               {SIGTERM, "revert"},
                                               {SIGINT, "end"}};
  for (const auto& [signal, step] : cases) {
    SCOPED_TRACE(step);
    ASSERT_NO_FATAL_FAILURE(start(step));
    ASSERT_TRUE(run().kill(signal));
    const bool all_done = std::string(step) == "end";
    if (all_done) go();
    const Outcome outcome = end_run();
    EXPECT_TRUE(outcome.code == 4 || (all_done && outcome.code != 5)) << outcome.code << run_log();
    EXPECT_TRUE(processes(true).empty()) << "levictl left before its stage";
    expect_all_gone();
  }
}

TEST_F(OwnStage, GoesWithARunThatIsToldToStopWhileItStarts) {
  ASSERT_NO_FATAL_FAILURE(start(""));
  ASSERT_TRUE(run().kill(SIGINT));
  EXPECT_EQ(end_run().code, 4) << run_log();
  expect_all_gone();
}

// The seal goes with the stage: there is nothing to lift.
TEST_F(OwnStage, GoesWithARunThatIsKilledAndSoDoesItsSeal) {
  for (const char* step : {"inject", "observe", "revert", "end"}) {
    SCOPED_TRACE(step);
    ASSERT_NO_FATAL_FAILURE(start(step));
    ASSERT_TRUE(run().kill(SIGKILL));
    (void)end_run();
    EXPECT_TRUE(eventually([this] { return processes(true).empty(); })) << processes(true).front();
    EXPECT_EQ(levictl({"chaos", "undo"}).code, 0);
    expect_all_gone();
  }
}

TEST_F(OwnStage, OfARunKilledWhileItStartsGoesAtTheLatestWithTheNextCommand) {
  ASSERT_NO_FATAL_FAILURE(start(""));
  ASSERT_TRUE(run().kill(SIGKILL));
  (void)end_run();
  EXPECT_TRUE(eventually([this] { return processes(true).empty(); })) << processes(true).front();
  (void)levictl({"status"});
  expect_all_gone();
}

TEST_F(OwnStage, WhoseSupervisorIsKilledTooGoesWithTheNextCommand) {
  ASSERT_NO_FATAL_FAILURE(start("observe"));
  ASSERT_TRUE(look());
  ASSERT_TRUE(run().kill(SIGSTOP));
  ASSERT_NO_FATAL_FAILURE(kill_supervisor());
  ASSERT_TRUE(run().kill(SIGKILL));
  (void)end_run();
  EXPECT_TRUE(eventually([this] { return processes(true).empty(); })) << processes(true).front();
  EXPECT_TRUE(os::exists(own_.folder)) << "nothing to take back";
  (void)levictl({"doctor"});
  expect_all_gone();
}

// Two at once want the stage of one name.
class SameName : public test::IntegrationTest {
 protected:
  static Result<cli::Stage> start_it() {
    cli::StageOptions options;
    options.name = "twice";
    options.end_with_owner = true;
    return cli::start_stage(options);
  }
  void TearDown() override {
    const auto stage = cli::read_stage("twice");
    if (!stage) return;
    const Status stopped = cli::stop_stage(stage.value());
    EXPECT_TRUE(stopped) << stopped.error().text();
  }
};

// Until a stage is ready its file names no supervisor: that is no dead stage.
TEST_F(SameName, AStageThatIsBeingStartedIsNotClearedAwayByAnotherStart) {
  cli::Stage half;
  half.name = "twice";
  half.folder = folder("half");
  half.data = half.folder + "/data";
  half.runtime = folder("half-runtime");
  ASSERT_TRUE(os::make_folders(half.data));
  ASSERT_TRUE(cli::write_stage(half));
  const std::string path = folder("levictl/stages/lock");
  std::optional<os::FileLock> starting = std::move(os::FileLock::take(path)).value();
  const os::Fd opens(::inotify_init1(IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(opens.get(), path.c_str(), IN_OPEN), 0);
  std::optional<Result<cli::Stage>> started;
  os::Thread second = os::start_thread("second", [&] { started.emplace(start_it()); });
  pollfd asked{opens.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&asked, 1, static_cast<int>(test::kPatience / 1ms)), 1)
      << "it does not ask whether another start is at work";
  EXPECT_TRUE(os::exists(half.data)) << "cleared away";
  starting.reset();  // that start died: now it is a dead stage
  second.join();
  ASSERT_TRUE(*started) << started->error().text();
  EXPECT_FALSE(os::exists(half.data));
  EXPECT_NE(started->value().folder, half.folder);
}

TEST_F(SameName, OneGetsItAndTheOtherHearsThatItIsUp) {
  std::optional<Result<cli::Stage>> one;
  std::optional<Result<cli::Stage>> two;
  os::Thread first = os::start_thread("first", [&] { one.emplace(start_it()); });
  os::Thread second = os::start_thread("second", [&] { two.emplace(start_it()); });
  first.join();
  second.join();
  ASSERT_NE(one->has_value(), two->has_value());
  const auto& winner = *one ? *one : *two;
  const auto& loser = *one ? *two : *one;
  EXPECT_EQ(loser.error().code, ErrorCode::kConflict) << loser.error().text();
  EXPECT_TRUE(winner.value().alive());
  EXPECT_TRUE(os::is_alive(winner.value().levid.identity));
}

// What its own supervisor left unwritten must not take the next one's file along.
TEST_F(SameName, TheEndOfAnOldStageLeavesTheFileOfANewOne) {
  const auto started = start_it();
  ASSERT_TRUE(started) << started.error().text();
  cli::Stage old = started.value();
  old.folder = folder("old");
  old.runtime = folder("old-runtime");
  old.supervisor = old.levid = old.practice_exchange = {};
  ASSERT_TRUE(cli::stop_stage(old));
  const auto stage = cli::read_stage("twice");
  ASSERT_TRUE(stage) << stage.error().text();
  EXPECT_TRUE(stage.value().alive());
}

}  // namespace
}  // namespace levi::chaos
