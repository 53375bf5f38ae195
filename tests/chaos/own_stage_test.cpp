// `levictl chaos run --stage`: the stage is the run's own. However levictl ends, its processes and
// folders go, too.
#include <csignal>

#include "core/os/file.h"
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
    EXPECT_FALSE(os::exists(cli::stage_file(own_.name)));
    EXPECT_FALSE(os::exists(own_.folder)) << own_.folder;
    EXPECT_FALSE(os::exists(own_.runtime)) << own_.runtime;
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
  for (const int signal : {SIGINT, SIGTERM}) {
    SCOPED_TRACE(signal);
    ASSERT_NO_FATAL_FAILURE(start("observe"));
    ASSERT_TRUE(run().kill(signal));
    EXPECT_EQ(end_run().code, 4) << run_log();
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
  ASSERT_NO_FATAL_FAILURE(start("observe"));
  ASSERT_TRUE(run().kill(SIGKILL));
  (void)end_run();
  EXPECT_TRUE(eventually([this] { return processes(true).empty(); })) << processes(true).front();
  EXPECT_EQ(levictl({"chaos", "undo"}).code, 0);
  expect_all_gone();
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

}  // namespace
}  // namespace levi::chaos
