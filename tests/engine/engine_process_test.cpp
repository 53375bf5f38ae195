// levi-engine by itself: when it ends, and with which code.
#include "core/engine/engine_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstring>

#include "core/engine/levid_end.h"
#include "core/os/clock.h"
#include "core/os/futex.h"
#include "core/os/process.h"
#include "tests/engine/hub_stage.h"
#include "tests/support/forked.h"

namespace levi::engine::test {
namespace {

// A channel and one engine process on it, without hub or supervisor.
class Lone {
 public:
  explicit Lone(std::size_t size = sizeof(ChannelMemory)) {
    auto memory = os::make_memfd("test", size);
    LEVI_CHECK(memory);
    memory_ = std::move(memory.value());
    auto mapped = os::Mapping::map(memory_.get(), size, true, "test");
    LEVI_CHECK(mapped);
    mapping_ = std::move(mapped.value());
    if (size >= sizeof(ChannelMemory)) channel = create_channel(mapping_.data());
    auto sockets = os::make_socket_pair();
    LEVI_CHECK(sockets);
    life = std::move(sockets.value().first);
    theirs_ = std::move(sockets.value().second);
    wake_.reset(::eventfd(0, EFD_CLOEXEC));
  }
  ~Lone() {
    if (pidfd() >= 0) {
      (void)child.kill(SIGKILL);
      (void)child.wait(kDeadline);
    }
  }
  int pidfd() const { return child.pidfd(); }
  void spawn() {
    os::SpawnOptions options;
    options.program = engine_binary();
    options.descriptors = {{memory_.get(), kChannelDescriptor},
                           {wake_.get(), kWakeDescriptor},
                           {theirs_.get(), kLifeDescriptor}};
    options.stderr_path = folder_ / "log";
    auto spawned = os::Child::spawn(options);
    LEVI_CHECK(spawned);
    child = std::move(spawned.value());
    theirs_.reset();
  }
  // Sleeps on the futex word that the engine's commit does not wake, so looks again every
  // millisecond.
  bool comes_to(ProcessState state) {
    const MonoTime deadline = os::mono_now() + kDeadline;
    while (channel->state.load() != static_cast<std::uint32_t>(state)) {
      if (os::mono_now() > deadline) return false;
      if (os::wait_exit(child.pidfd(), 1ms)) return false;
    }
    return true;
  }
  void assign_quoter(const char* parameters) {
    LevidEnd end(channel);
    end.start(0, 0);
    std::strcpy(channel->task.strategy, "quoter");
    std::strcpy(channel->task.parameters, parameters);
    assign(*channel);
  }
  std::string log() {
    const auto text = os::read_file(folder_ / "log");
    return text ? text.value() : "";
  }

  ChannelMemory* channel = nullptr;
  os::Fd life;
  os::Child child;

 private:
  levi::test::TempFolder folder_;
  os::Fd memory_;
  os::Fd theirs_;
  os::Fd wake_;
  os::Mapping mapping_;
};

constexpr const char* kGood = "spread_bps=10;quantity=1;position_max=10";

int exit_code(os::Child& child) {
  const auto status = child.wait(kDeadline);
  return status && status->exited ? status->code : -1;
}

TEST(EngineProcess, EndsWhenLevidsSocketEndsWhileItWaits) {
  Lone lone;
  lone.spawn();
  ASSERT_TRUE(lone.comes_to(ProcessState::kWarm));
  lone.life.reset();
  EXPECT_EQ(exit_code(lone.child), kExitStopped);
}

TEST(EngineProcess, EndsWhenLevidsSocketEndsWhileItRuns) {
  for (const bool spin : {false, true}) {
    Lone lone;
    lone.spawn();
    lone.channel->task.spin = spin ? 1 : 0;
    lone.assign_quoter(kGood);
    ASSERT_TRUE(lone.comes_to(ProcessState::kRunning));
    lone.life.reset();
    EXPECT_EQ(exit_code(lone.child), kExitStopped);
  }
}

TEST(EngineProcess, EndsCleanlyOnSigtermAndIgnoresCtrlC) {
  Lone lone;
  lone.spawn();
  lone.assign_quoter(kGood);
  ASSERT_TRUE(lone.comes_to(ProcessState::kRunning));
  ASSERT_TRUE(lone.child.kill(SIGINT));
  const auto beat = lone.channel->heartbeat_ns.load();
  const MonoTime deadline = os::mono_now() + kDeadline;
  while (lone.channel->heartbeat_ns.load() == beat && os::mono_now() < deadline) {
    ASSERT_FALSE(os::wait_exit(lone.pidfd(), 1ms)) << "SIGINT must not end it";
  }
  ASSERT_TRUE(lone.child.kill(SIGTERM));
  EXPECT_EQ(exit_code(lone.child), kExitStopped);
}

TEST(EngineProcess, SaysWhatIsWrongWithItsTask) {
  Lone lone;
  lone.spawn();
  lone.assign_quoter("spread_bps=10");
  EXPECT_EQ(exit_code(lone.child), kExitParameters);
  EXPECT_NE(lone.log().find("'quantity' is missing"), std::string::npos) << lone.log();
}

TEST(EngineProcess, RefusesAChannelOfAnotherBuild) {
  Lone other;
  other.channel->header.version += 1;
  other.spawn();
  EXPECT_EQ(exit_code(other.child), kExitChannel);
  EXPECT_NE(other.log().find("must be of one build"), std::string::npos) << other.log();
  Lone small(4096);
  small.spawn();
  EXPECT_EQ(exit_code(small.child), kExitChannel);
}

TEST(EngineProcess, RefusesAnImageThatIsNotWhole) {
  Lone lone;
  lone.channel->images[0].length = 100;
  lone.spawn();
  lone.assign_quoter(kGood);
  EXPECT_EQ(exit_code(lone.child), kExitImage);
}

TEST(EngineProcess, IsNotMeantToBeStartedByHand) {
  os::SpawnOptions options;
  options.program = engine_binary();
  levi::test::TempFolder folder;
  options.stderr_path = folder / "log";
  auto child = os::Child::spawn(options);
  ASSERT_TRUE(child);
  EXPECT_EQ(exit_code(child.value()), kExitChannel);
  EXPECT_NE(os::read_file(folder / "log").value().find("started by levid"), std::string::npos);
}

TEST(EngineProcess, DiesWithLevidEvenWhenThatIsKilled) {
  levi::test::Signal told;
  pid_t pids[2] = {0, 0};
  levi::test::Signal ready;
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  levi::test::Forked levid([&] {
    HubStage stage;
    if (!stage.start_quoting() || !stage.until([&] { return stage.hub->standbys_warm() == 1; }))
      return 1;
    const auto children = engine_children();
    if (children.size() != 2) return 2;
    pid_t found[2] = {children[0], children[1]};
    if (::write(pipe_ends[1], found, sizeof found) != sizeof found) return 3;
    ready.give();
    stage.until([] { return false; });
    return 4;
  });
  ASSERT_TRUE(ready.take());
  ASSERT_EQ(::read(pipe_ends[0], pids, sizeof pids), static_cast<ssize_t>(sizeof pids));
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
  std::vector<os::Fd> engines;
  for (const pid_t pid : pids) {
    const auto identity = os::identify(pid);
    ASSERT_TRUE(identity);
    auto opened = os::open_process(identity.value());
    ASSERT_TRUE(opened);
    engines.push_back(std::move(opened.value()));
  }
  levid.signal(SIGKILL);
  EXPECT_TRUE(levid.killed_by(SIGKILL));
  for (const os::Fd& engine : engines) EXPECT_TRUE(os::wait_exit(engine.get(), kDeadline));
}

}  // namespace
}  // namespace levi::engine::test
