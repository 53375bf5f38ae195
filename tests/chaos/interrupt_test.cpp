// levictl or its guard dies, or is told to stop, at every step of an experiment: nothing of ours is
// left (issue 2, bad luck).
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "chaos/guard/active.h"
#include "chaos/guard/undo.h"
#include "core/base/json_fields.h"
#include "core/os/loop.h"
#include "core/os/process.h"
#include "tests/chaos/fake_target.h"
#include "tests/chaos/rig.h"

namespace levi::chaos {
namespace {

constexpr Nanos kPatience = 30s;

// A fault that must be taken back, one held by a child of the guard, and the one that only levictl
// may lift.
const std::map<std::string, std::string> kScenarios{
    {"half-open", "steady: [feed.live]\ninject: {fault: feed.half_open}\n"},
    {"db-lock", "steady: [feed.live]\ninject: {fault: db.lock}\nfor: 300ms\n"},
    {"kill", "steady: [feed.live]\ninject: {fault: kill.switch}\nvariants: [control-port]\n"}};

bool wait_until(const std::function<bool()>& so) {
  os::Loop loop;
  const MonoTime deadline = os::mono_now() + kPatience;
  while (!so()) {
    if (os::mono_now() >= deadline) return false;
    loop.run_until(os::mono_now() + 2ms);
  }
  return true;
}

class Interrupt : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(os::write_file_atomic(file("target.json"), to_text(target_.spec())));
    for (const auto& [name, text] : kScenarios) {
      ASSERT_TRUE(os::write_file_atomic(file(name + ".yaml"),
                                        "id: " + name + "\nname: " + name + "\nsettle: 30ms\n" +
                                            "trials: 2\ntimeout: 2s\n" + text));
    }
  }

  std::string file(const std::string& name) const { return scratch_.folder() + "/" + name; }

  // A run of `scenario` that waits at `step`; returns once it does. `pid_at`: of the process that
  // waits, levictl or guard.
  os::Child run_to(const std::string& scenario, const std::string& step) {
    (void)::unlink(file("at").c_str());
    (void)::unlink(file("go").c_str());
    os::SpawnOptions options;
    options.program = levictl();
    options.arguments = {"chaos",
                         "run",
                         file(scenario + ".yaml"),
                         "--target-file",
                         file("target.json"),
                         "--out",
                         file("reports"),
                         "--gate",
                         "0"};
    options.environment_add = {{"LEVI_CHAOS_PAUSE_AT", step},
                               {"LEVI_CHAOS_PAUSE_DIR", scratch_.folder()}};
    options.stdout_path = options.stderr_path = file("log");
    options.parent_death_signal = SIGKILL;
    auto child = os::Child::spawn(options);
    EXPECT_TRUE(child) << child.error().text();
    EXPECT_TRUE(wait_until([&] { return os::exists(file("at")); })) << step << "\n" << log();
    return std::move(child).value();
  }

  void go() { ASSERT_TRUE(os::write_file_atomic(file("go"), "go\n")); }
  std::string log() const {
    const auto text = os::read_file(file("log"));
    return text ? text.value() : "";
  }

  os::ProcessIdentity guard_of(const os::Child& run) {
    for (const auto& name : os::list_folder("/proc").value()) {
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const auto stat = os::read_file("/proc/" + name + "/stat");
      const auto line = os::read_file("/proc/" + name + "/cmdline");
      if (!stat || !line || line.value().find(std::string("\0guard\0", 7)) == std::string::npos)
        continue;
      const std::string after =
          stat.value().substr(stat.value().rfind(')') + 4);  // past the state: the parent's pid
      if (std::atoi(after.c_str()) != run.pid()) continue;
      if (auto identity = os::identify(std::atoi(name.c_str()))) return identity.value();
    }
    return {};
  }

  static void kill(const os::ProcessIdentity& identity, int signal) {
    const auto pidfd = os::open_process(identity);
    ASSERT_TRUE(pidfd) << pidfd.error().text();
    ASSERT_TRUE(os::send_signal(pidfd.value().get(), signal));
  }

  void expect_guards_end() {
    EXPECT_TRUE(wait_until([] {
      for (const auto& run : active_runs(undo_folder())) {
        if (run.guarded) return false;
      }
      return true;
    })) << "a guard does not end";
  }

  bool faults_gone() const {
    const auto faults = Target(target_.spec()).exchange("GET", "/faults");
    return faults && list_at(faults.value(), "faults").empty();
  }
  bool lease_gone() const {
    const auto lease = Target(target_.spec()).api("GET", "/chaos/lease");
    return lease && value_at(lease.value(), "lease").is_null();
  }
  bool sealed() const {
    const auto status = Target(target_.spec()).api("GET", "/live/kill");
    return !status || boolean_at(status.value(), "sealed", true);
  }
  static bool lock_holder_lives() {
    for (const auto& name : os::list_folder("/proc").value()) {
      const auto line = os::read_file("/proc/" + name + "/cmdline");
      if (line && line.value().find(std::string("\0hold-lock\0", 11)) != std::string::npos)
        return true;
    }
    return false;
  }

  void expect_nothing_left() {
    EXPECT_TRUE(faults_gone());
    EXPECT_TRUE(lease_gone());
    EXPECT_FALSE(lock_holder_lives());
    const auto undo = os::list_folder(undo_folder());
    EXPECT_TRUE(!undo || undo.value().empty()) << "an undo log is left: " << undo.value().front();
  }

  // Where levictl can't release it any more the seal stands: then the undo says so, and the resume
  // lifts it.
  void lift_seal_if_any() {
    if (!sealed()) return;
    const Leftovers left = undo_leftovers(undo_folder());
    ASSERT_EQ(left.undone.leftovers.size(), 1u) << log();
    EXPECT_NE(left.undone.leftovers[0].fix.find("levictl resume --holder chaos --actor chaos:"),
              std::string::npos);
    ASSERT_TRUE(Target(target_.spec())
                    .api("POST", "/live/restore", Json{{"holder", "chaos"}, {"reason", "test"}}));
    EXPECT_TRUE(undo_leftovers(undo_folder()).undone.leftovers.empty());
  }

  const std::vector<std::string> steps_{"begin", "preflight", "steady", "inject",
                                        "prove", "observe",   "revert", "settle",
                                        "judge", "recorded",  "end"};
  const std::vector<std::string> guard_steps_{"guard-before-log",   "guard-before-inject",
                                              "guard-after-inject", "guard-before-revert",
                                              "guard-after-revert", "guard-before-end"};
  Scratch scratch_;
  FakeTarget target_;
};

TEST_F(Interrupt, ASignalAtAnyStepEndsTheRunWithEverythingTakenBack) {
  for (const auto& [scenario, text] : kScenarios) {
    for (const auto& step : steps_) {
      for (const int signal : {SIGINT, SIGTERM}) {
        SCOPED_TRACE(scenario + " " + step + " signal " + std::to_string(signal));
        os::Child run = run_to(scenario, step);
        ASSERT_TRUE(run.kill(signal));
        const auto status = run.wait(kPatience);
        ASSERT_TRUE(status) << log();
        EXPECT_TRUE(status->exited) << status->text();
        EXPECT_EQ(status->code, 4) << log();
        EXPECT_FALSE(sealed());
        expect_nothing_left();
      }
    }
  }
}

TEST_F(Interrupt, AKilledLevictlIsClearedUpAfterByItsGuard) {
  for (const auto& [scenario, text] : kScenarios) {
    for (const auto& step : steps_) {
      SCOPED_TRACE(scenario + " " + step);
      os::Child run = run_to(scenario, step);
      ASSERT_TRUE(run.kill(SIGKILL));
      ASSERT_TRUE(run.wait(kPatience));
      expect_guards_end();
      lift_seal_if_any();
      expect_nothing_left();
    }
  }
}

TEST_F(Interrupt, ALevictlKilledWhileTheGuardIsAtWorkIsClearedUpAfterToo) {
  for (const auto& [scenario, text] : kScenarios) {
    for (const auto& step : guard_steps_) {
      SCOPED_TRACE(scenario + " " + step);
      os::Child run = run_to(scenario, step);
      ASSERT_TRUE(run.kill(SIGKILL));
      ASSERT_TRUE(run.wait(kPatience));
      go();
      expect_guards_end();
      lift_seal_if_any();
      expect_nothing_left();
    }
  }
}

TEST_F(Interrupt, AKilledGuardIsReplacedByLevictl) {
  for (const auto& [scenario, text] : kScenarios) {
    std::vector<std::string> all = guard_steps_;
    for (const auto& step : steps_) {
      if (step != "begin") all.push_back(step);  // then there is no guard yet
    }
    for (const auto& step : all) {
      SCOPED_TRACE(scenario + " " + step);
      os::Child run = run_to(scenario, step);
      kill(guard_of(run), SIGKILL);
      go();
      const auto status = run.wait(kPatience);
      ASSERT_TRUE(status) << log();
      EXPECT_TRUE(status->exited) << status->text();
      EXPECT_EQ(status->code, 4) << log();
      EXPECT_FALSE(sealed());
      expect_nothing_left();
    }
  }
}

TEST_F(Interrupt, WhereBothDieTheNextCommandTakesItBack) {
  for (const auto& [scenario, text] : kScenarios) {
    for (const char* step :
         {"guard-before-inject", "guard-after-inject", "observe", "guard-before-revert"}) {
      SCOPED_TRACE(scenario + " " + step);
      os::Child run = run_to(scenario, step);
      const os::ProcessIdentity guard = guard_of(run);
      ASSERT_TRUE(run.kill(SIGSTOP));  // so that it can't step in between the two kills
      kill(guard, SIGKILL);
      ASSERT_TRUE(run.kill(SIGKILL));
      ASSERT_TRUE(run.wait(kPatience));
      EXPECT_TRUE(wait_until([&] { return !os::is_alive(guard) && !lock_holder_lives(); }));
      lift_seal_if_any();
      (void)undo_leftovers(undo_folder());
      expect_nothing_left();
    }
  }
}

TEST_F(Interrupt, StopEndsARunAndEvenOneThatDoesNotListen) {
  for (const bool frozen : {false, true}) {
    SCOPED_TRACE(frozen ? "stopped levictl" : "listening levictl");
    os::Child run = run_to("half-open", "observe");
    if (frozen) ASSERT_TRUE(run.kill(SIGSTOP));
    const auto runs = active_runs(undo_folder());
    ASSERT_EQ(runs.size(), 1u);
    EXPECT_TRUE(runs[0].levictl_alive);
    EXPECT_TRUE(stop_run(runs[0], Nanos{2s}));
    ASSERT_TRUE(run.wait(kPatience));
    (void)undo_leftovers(undo_folder());
    expect_nothing_left();
  }
}

}  // namespace
}  // namespace levi::chaos
