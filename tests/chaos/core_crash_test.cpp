// A core that crashes, or stays broken, under a run that has something else in mind.
#include <csignal>

#include "core/os/file.h"
#include "tests/chaos/stage_rig.h"

namespace levi::chaos {
namespace {

using test::ask;
using test::eventually;
using test::Json;

class CoreCrash : public StageRig {
 protected:
  void kill(const os::ProcessIdentity& process) {
    const auto pidfd = os::open_process(process);
    ASSERT_TRUE(pidfd) << pidfd.error().text();
    ASSERT_TRUE(os::send_signal(pidfd.value().get(), SIGKILL));
    ASSERT_TRUE(os::wait_exit(pidfd.value().get(), test::kPatience));
  }
  // Dead, and whole again before anybody minds.
  void crash_core() {
    const auto core = current().levid.identity;
    ASSERT_NO_FATAL_FAILURE(kill(core));
    ASSERT_TRUE(eventually([&] {
      const auto now = current().levid.identity;
      return now.pid != 0 && !(now == core) && os::is_alive(now);
    })) << logs();
    ASSERT_TRUE(ready()) << logs();
  }
  std::string scenario(const std::string& rest) {
    const std::string path = folder("crash.yaml");
    EXPECT_TRUE(os::write_file_atomic(
        path, "id: X-1\nname: x\nsettle: 20ms\ntimeout: 10s\ntrials: 1\n" + rest));
    return path;
  }
};

TEST_F(CoreCrash, UnderAnyOtherFaultIsAFailureThoughAllIsWholeAgain) {
  const std::string file =
      scenario("steady: [feed.live, engines.running]\ninject: {fault: engine.kill}\n");
  ASSERT_NO_FATAL_FAILURE(start_run({file, "--gate", "0"}, stage_.name, "observe"));
  ASSERT_NO_FATAL_FAILURE(crash_core());
  go();
  const Outcome outcome = end_run();
  EXPECT_EQ(outcome.code, 1) << outcome.text;
  EXPECT_NE(outcome.text.find("core.restarted: the core began anew 1 times"), std::string::npos)
      << outcome.text;
  expect_nothing_left();
}

TEST_F(CoreCrash, ASecondTimeIsAFailureOfTheScenarioThatKillsItOnce) {
  const std::string file = scenario("steady: [feed.live]\ninject: {fault: core.kill}\n");
  ASSERT_NO_FATAL_FAILURE(start_run({file, "--gate", "0"}, stage_.name, "settle"));
  ASSERT_NO_FATAL_FAILURE(crash_core());
  go();
  const Outcome twice = end_run();
  EXPECT_EQ(twice.code, 1) << twice.text;
  EXPECT_NE(twice.text.find("core.restarted"), std::string::npos) << twice.text;
  const Outcome once = on_stage({"chaos", "run", file, "--out", folder("reports")});
  EXPECT_EQ(once.code, 0) << once.text;
  expect_nothing_left();
}

// A chaos run kills it on purpose more often in a minute than a supervisor lets a core crash.
TEST_F(CoreCrash, ThatIsAKillFromOutsideIsNoBurstOfCrashes) {
  for (int i = 0; i < 32; ++i) ASSERT_NO_FATAL_FAILURE(crash_core()) << "kill " << i;
  const Json state = ask("GET", "unix:" + stage_.supervisor_socket + ":/state").body;
  EXPECT_FALSE(state.value("failed", true)) << state.dump();
}

// Of its engine nobody may think that the core repaired it, when we did.
class BrokenEngine : public CoreCrash {
 protected:
  std::string config() const override {
    std::string text = CoreCrash::config();
    const std::string many = "engine_restarts_max: 200";
    text.replace(text.find(many), many.size(), "engine_restarts_max: 1");
    return text;
  }
  Json engine() { return api("GET", "/engines/mm-btcusdt").body; }
};

TEST_F(BrokenEngine, IsNotStartedByTheRunThatJudgesIt) {
  const std::string file =
      scenario("steady: [feed.live, engines.running]\ninject: {fault: feed.reset}\n");
  ASSERT_NO_FATAL_FAILURE(start_run({file}, stage_.name, "settle"));
  ASSERT_TRUE(eventually([&] {
    const Json seen = engine();
    if (seen.value("status", "") == "failed") return true;
    const auto process = os::identify(seen["pid"].is_number() ? seen["pid"].get<pid_t>() : 0);
    if (!process || seen.value("status", "") != "running") return false;
    const auto pidfd = os::open_process(process.value());
    if (pidfd) (void)os::send_signal(pidfd.value().get(), SIGKILL);
    return false;
  })) << engine().dump();
  go();
  const Outcome outcome = end_run();
  EXPECT_EQ(outcome.code, 1) << outcome.text;
  EXPECT_NE(outcome.text.find("engines.running:"), std::string::npos) << outcome.text;
  EXPECT_EQ(engine().value("status", ""), "failed") << "the run started it";
}

// The folder of another core has none of this one's lines.
TEST_F(CoreCrash, IsNotSeenInTheDataFolderOfAnotherCore) {
  TargetSpec spec = target();
  spec.data = folder("other");
  ASSERT_TRUE(os::make_folders(spec.data + "/audit"));
  ASSERT_TRUE(os::write_file_atomic(folder("target.json"), to_text(spec)));
  const std::string file =
      scenario("steady: [feed.live]\ninject: {fault: engine.kill}\ninvariants: [audit.chained]\n");
  const Outcome outcome = levictl(
      {"chaos", "run", file, "--target-file", folder("target.json"), "--out", folder("reports")});
  EXPECT_EQ(outcome.code, 2) << outcome.text;
  EXPECT_NE(outcome.text.find("is not that of the core"), std::string::npos) << outcome.text;
  expect_nothing_left();
}

// It was seen to be ours and to stand, and nobody of us let go of it.
TEST_F(CoreCrash, ASealThatIsGoneBeforeItsReleaseIsAFailure) {
  ASSERT_NO_FATAL_FAILURE(start_run({scenario_file(Kind::kKill), "--trials", "1", "--gate", "0"},
                                    stage_.name, "revert"));
  const auto owned = owner();
  ASSERT_TRUE(owned);
  const Outcome resumed =
      levictl({"resume", "--target", stage_.api, "--control", stage_.control, "--holder", "chaos",
               "--actor", "chaos:" + owned->run, "--reason", "the test"});
  ASSERT_EQ(resumed.code, 0) << resumed.text;
  go();
  const Outcome outcome = end_run();
  EXPECT_EQ(outcome.code, 1) << outcome.text;
  EXPECT_NE(outcome.text.find("kill.unsealed"), std::string::npos) << outcome.text;
  expect_nothing_left();
}

// `levictl down` in the middle: the core has failed nothing.
TEST_F(CoreCrash, AStageThatIsTakenDownUnderARunIsUndecided) {
  const std::string file =
      scenario("steady: [feed.live]\ninject: {fault: engine.kill}\ninvariants: [audit.chained]\n");
  ASSERT_NO_FATAL_FAILURE(start_run({file}, stage_.name, "observe"));
  ASSERT_NO_FATAL_FAILURE(stop());
  go();
  const Outcome outcome = end_run();
  EXPECT_EQ(outcome.code, 3) << outcome.text;
  EXPECT_EQ(outcome.text.find("requests"), std::string::npos) << outcome.text;
}

}  // namespace
}  // namespace levi::chaos
