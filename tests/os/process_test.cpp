#include "core/os/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "core/base/check.h"
#include "core/os/address.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/thread.h"
#include "tests/support/temp_folder.h"

namespace levi::os {
namespace {

using test::TempFolder;

constexpr Nanos kDeadline = 20s;

SpawnOptions shell(const std::string& script) {
  SpawnOptions options;
  options.program = "/bin/sh";
  options.arguments = {"-c", script};
  options.parent_death_signal = SIGKILL;
  return options;
}

Child spawned(const SpawnOptions& options) {
  auto child = Child::spawn(options);
  EXPECT_TRUE(child) << child.error().text();
  return std::move(child).value();
}

// What a script prints, once it has ended.
std::string output_of(SpawnOptions options) {
  TempFolder folder;
  options.stdout_path = folder / "out";
  options.stderr_path = folder / "err";
  Child child = spawned(options);
  const auto status = child.wait(kDeadline);
  EXPECT_TRUE(status);
  if (status) {
    EXPECT_EQ(status->text(), "exit code 0");
  }
  EXPECT_EQ(read_file(folder / "err").value(), "");
  return read_file(folder / "out").value();
}

// One byte through a pipe: "I have come so far".
bool arrives(const Fd& read_end) {
  const auto ready = wait_ready(read_end.get(), POLLIN, mono_now() + kDeadline);
  char byte = 0;
  return ready && ready.value() && ::read(read_end.get(), &byte, 1) == 1;
}
bool ends(const Fd& read_end) {
  const auto ready = wait_ready(read_end.get(), POLLIN, mono_now() + kDeadline);
  char byte = 0;
  return ready && ready.value() && ::read(read_end.get(), &byte, 1) == 0;
}

TEST(Child, TellsAnExitCodeFromASignal) {
  Child nine = spawned(shell("exit 9"));
  Child killed = spawned(shell("kill -KILL $$"));
  EXPECT_EQ(nine.wait(kDeadline)->text(), "exit code 9");
  EXPECT_TRUE(nine.wait(0ns)->exited) << "it may be asked again";
  EXPECT_EQ(killed.wait(kDeadline)->text(), "killed by SIGKILL");
  EXPECT_FALSE(killed.wait(0ns)->exited);
  EXPECT_EQ(killed.wait(0ns)->code, SIGKILL);
}

// The thread sanitizer makes a fork of each vfork: the parent never sees the errno that the child
// left in their common memory.
#ifdef __SANITIZE_THREAD__
constexpr bool kVforkIsOne = false;
#else
constexpr bool kVforkIsOne = true;
#endif

TEST(Child, SaysWhatCouldNotBeStarted) {
  if (!kVforkIsOne) GTEST_SKIP() << "vfork is fork here";
  const auto missing = Child::spawn({.program = "/nowhere/program"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find("/nowhere/program"), std::string::npos);
  EXPECT_FALSE(Child::spawn({.program = "/etc/passwd"})) << "not executable";
  SpawnOptions unwritable = shell("true");
  unwritable.stdout_path = "/nowhere/out";
  EXPECT_FALSE(Child::spawn(unwritable));
}

TEST(Child, LeavesNoZombieWhenItCouldNotStart) {
  if (!kVforkIsOne) GTEST_SKIP() << "vfork is fork here";
  ASSERT_FALSE(Child::spawn({.program = "/nowhere/program"}));
  int status = 0;
  EXPECT_EQ(::waitpid(-1, &status, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

// All descriptors taken, but those that the test gives back one by one.
class NoDescriptors {
 public:
  NoDescriptors() {
    LEVI_CHECK(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const rlimit few{64, before_.rlim_max};
    LEVI_CHECK(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    for (int fd = 0; (fd = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0;) {
      taken_.emplace_back(fd);
    }
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  bool give_one_back() {
    if (taken_.empty()) return false;
    taken_.pop_back();
    return true;
  }

 private:
  rlimit before_{};
  std::vector<Fd> taken_;
};

// Behind the fork descriptors are needed, too: a child that could not be returned must not be left
// running, and nothing of it open.
TEST(Child, LeavesNothingRunningWhereDescriptorsRunOut) {
  if (!kVforkIsOne) GTEST_SKIP() << "vfork is fork here";
  NoDescriptors none;
  int failed = 0;
  for (;;) {
    auto child = Child::spawn(shell("while :; do :; done"));
    if (child) {
      EXPECT_TRUE(child.value().kill(SIGKILL));
      EXPECT_TRUE(child.value().wait(kDeadline));
      break;
    }
    ++failed;
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
    ASSERT_TRUE(none.give_one_back());
  }
  EXPECT_GE(failed, 3);
}

TEST(Identify, WithoutADescriptorNobodyIsSaidToBeDead) {
  const ProcessIdentity self = identify_self();
  ProcessIdentity nobody = self;
  nobody.pid = (1 << 22) + 1;  // above the kernel's largest
  NoDescriptors none;
  EXPECT_EQ(identify(self.pid).error().code, ErrorCode::kIo);
  EXPECT_TRUE(is_alive(self));
  EXPECT_FALSE(is_alive(nobody));
  ASSERT_TRUE(none.give_one_back());
  EXPECT_EQ(open_process(self).error().code, ErrorCode::kIo);
}

TEST(Child, GetsItsArgumentsAndEnvironment) {
  SpawnOptions options = shell("printf '%s|' \"$A\" \"$PATH_KEPT\" \"$0\" \"$1\"");
  options.arguments.insert(options.arguments.end(), {"first arg", "s e\"c'ond"});
  ::setenv("PATH_KEPT", "from us", 1);
  ::setenv("A", "replaced", 1);
  options.environment_add = {{"A", "b c"}};
  EXPECT_EQ(output_of(options), "b c|from us|first arg|s e\"c'ond|");
}

TEST(Child, AppendsToItsFiles) {
  TempFolder folder;
  SpawnOptions options = shell("echo out; echo err >&2");
  options.stdout_path = folder / "both";
  options.stderr_path = folder / "both";
  spawned(options).wait(kDeadline);
  spawned(options).wait(kDeadline);
  EXPECT_EQ(read_file(folder / "both").value(), "out\nerr\nout\nerr\n");
}

TEST(Child, ReadsNothingFromOurTerminal) { EXPECT_EQ(output_of(shell("cat; echo end")), "end\n"); }

TEST(Child, GetsDescriptorsAtTheirNumbersAlsoWhenTheseCross) {
  auto first = make_pipe().value();
  auto second = make_pipe().value();
  ASSERT_EQ(::write(first.second.get(), "1", 1), 1);
  ASSERT_EQ(::write(second.second.get(), "2", 1), 1);
  SpawnOptions options = shell("eval \"head -c1 <&$A; head -c1 <&$B\"");
  const int a = first.first.get();
  const int b = second.first.get();
  options.descriptors = {{a, b}, {b, a}};  // each at the other's number
  options.environment_add = {{"A", std::to_string(b)}, {"B", std::to_string(a)}};
  if (a > 9 || b > 9) {  // more than one digit is beyond a plain shell
    options.descriptors = {{a, 4}, {b, 3}};
    options.environment_add = {{"A", "4"}, {"B", "3"}};
  }
  EXPECT_EQ(output_of(options), "12");
}

TEST(Child, InheritsNothingElse) {
  auto passed = make_pipe().value();
  const Fd below(::fcntl(passed.first.get(), F_DUPFD, 40));  // as a library that forgot O_CLOEXEC
  const Fd above(::fcntl(passed.first.get(), F_DUPFD, 60));
  SpawnOptions options = shell(
      "for n in $A $B; do test -e /proc/$$/fd/$n && echo leaked; done; test -e /proc/$$/fd/50 && "
      "echo passed");
  options.descriptors = {{passed.first.get(), 50}};
  options.environment_add = {{"A", std::to_string(below.get())},
                             {"B", std::to_string(above.get())}};
  EXPECT_EQ(output_of(options), "passed\n");
}

TEST(Child, StartsWithDefaultSignals) {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigset_t before;
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
  const auto old_handler = std::signal(SIGUSR1, [](int) {});
  const auto old_pipe = std::signal(SIGPIPE, SIG_IGN);
  SpawnOptions options;
  options.program = "/bin/grep";
  options.arguments = {"-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"};
  const std::string status = output_of(options);
  EXPECT_NE(status.find("SigBlk:\t0000000000000000"), std::string::npos) << status;
  EXPECT_NE(status.find("SigIgn:\t0000000000000000"), std::string::npos) << status;
  sigset_t after;
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, &before, &after), 0);
  EXPECT_TRUE(sigismember(&after, SIGTERM)) << "ours are as they were";
  std::signal(SIGUSR1, old_handler);
  std::signal(SIGPIPE, old_pipe);
}

TEST(Child, MayHaveASessionOfItsOwn) {
  SpawnOptions options = shell("cut -d' ' -f 6 /proc/$$/stat; echo $$");
  options.new_session = true;
  const std::string text = output_of(options);
  const std::string session = text.substr(0, text.find('\n') + 1);
  EXPECT_EQ(text, session + session) << "session id and pid are the same";
}

TEST(Child, DiesWithTheThreadThatSpawnedIt) {
  auto alive = make_pipe().value();
  auto ready = make_pipe().value();
  ProcessIdentity identity;
  Fd pidfd;
  Thread spawner = start_thread("spawner", [&] {
    SpawnOptions options = shell("echo >&4; exec sleep 1000");
    options.descriptors = {{alive.second.get(), 3}, {ready.second.get(), 4}};
    Child child = spawned(options);
    EXPECT_TRUE(arrives(ready.first));
    identity = child.identity();
    EXPECT_TRUE(is_alive(identity));
    pidfd = open_process(identity).value();
  });
  spawner.join();
  EXPECT_TRUE(wait_exit(pidfd.get(), kDeadline));
  alive.second.reset();
  EXPECT_TRUE(ends(alive.first));
  EXPECT_FALSE(is_alive(identity)) << "a zombie is dead";
  while (::waitpid(identity.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

TEST(Child, IsWaitedForWithALimit) {
  Child child = spawned(shell("exec sleep 1000"));
  EXPECT_FALSE(child.wait(1ms));
  EXPECT_TRUE(is_alive(child.identity()));
  ASSERT_TRUE(child.kill(SIGTERM));
  EXPECT_EQ(child.wait(kDeadline)->text(), "killed by SIGTERM");
  const Status again = child.kill(SIGTERM);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kNotFound);
}

TEST(Child, StopsAndContinues) {
  auto ready = make_pipe().value();
  SpawnOptions options = shell("echo >&3; kill -STOP $$; echo >&3; exit 3");
  options.descriptors = {{ready.second.get(), 3}};
  Child child = spawned(options);
  ASSERT_TRUE(arrives(ready.first));
  const MonoTime deadline = mono_now() + kDeadline;
  while (process_state(child.pid()).value() != 'T' && mono_now() < deadline) {
  }
  EXPECT_EQ(process_state(child.pid()).value(), 'T');
  EXPECT_TRUE(is_alive(child.identity()));
  ASSERT_TRUE(child.kill(SIGCONT));
  EXPECT_TRUE(arrives(ready.first));
  EXPECT_EQ(child.wait(kDeadline)->text(), "exit code 3");
}

TEST(PeekExit, ReadsWithoutReaping) {
  Child child = spawned(shell("exit 5"));
  ASSERT_TRUE(wait_exit(child.pidfd(), kDeadline));
  ASSERT_TRUE(peek_exit(child.pidfd()));
  EXPECT_EQ(peek_exit(child.pidfd())->text(), "exit code 5");
  EXPECT_EQ(child.wait(kDeadline)->text(), "exit code 5");
}

TEST(Identity, IsReadWhateverTheProgramIsCalled) {
  TempFolder folder;
  const std::string program = folder / "a) R (b c";
  ASSERT_EQ(::symlink("/bin/sleep", program.c_str()), 0);
  Child child =
      spawned({.program = program, .arguments = {"1000"}, .parent_death_signal = SIGKILL});
  const MonoTime deadline = mono_now() + kDeadline;
  const std::string comm = "/proc/" + std::to_string(child.pid()) + "/comm";
  while (read_file(comm).value() != "a) R (b c\n" && mono_now() < deadline) {
  }
  EXPECT_EQ(identify(child.pid()).value(), child.identity());
  EXPECT_GT(child.identity().start_ticks, 0u);
  ASSERT_TRUE(child.kill(SIGKILL));
  child.wait(kDeadline);
}

TEST(Identity, IsNotThePidAlone) {
  ProcessIdentity self = identify_self();
  EXPECT_TRUE(is_alive(self));
  EXPECT_TRUE(open_process(self));
  self.start_ticks += 1;
  EXPECT_FALSE(is_alive(self));
  const auto other = open_process(self);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kNotFound);
  self = identify_self();
  self.boot_id = "another";
  EXPECT_FALSE(is_alive(self));
  EXPECT_FALSE(open_process(self));
}

TEST(Identity, OfAReapedProcessIsGone) {
  Child child = spawned(shell("exit 0"));
  const ProcessIdentity identity = child.identity();
  ASSERT_TRUE(wait_exit(child.pidfd(), kDeadline));
  EXPECT_FALSE(is_alive(identity)) << "a zombie";
  EXPECT_EQ(process_state(identity.pid).value(), 'Z');
  child.wait(kDeadline);
  EXPECT_FALSE(is_alive(identity));
  EXPECT_FALSE(identify(identity.pid));
  EXPECT_FALSE(open_process(identity));
  EXPECT_FALSE(process_state(identity.pid));
}

TEST(AnonymousBytes, AreOfALivingProcess) {
  EXPECT_GT(anonymous_bytes(::getpid()), 4096u);
  EXPECT_EQ(anonymous_bytes(-1), 0u);
}

TEST(ExitStatus, NamesSignals) {
  EXPECT_EQ((ExitStatus{true, 2}.text()), "exit code 2");
  EXPECT_EQ((ExitStatus{false, SIGSEGV}.text()), "killed by SIGSEGV");
  EXPECT_EQ((ExitStatus{false, 63}.text()), "killed by signal 63");
}

TEST(SocketPair, CarriesBytesBothWays) {
  auto pair = make_socket_pair().value();
  ASSERT_EQ(::write(pair.first.get(), "a", 1), 1);
  EXPECT_TRUE(arrives(pair.second));
  EXPECT_EQ(::fcntl(pair.first.get(), F_GETFD), FD_CLOEXEC);
  pair.first.reset();
  EXPECT_TRUE(ends(pair.second));
}

}  // namespace
}  // namespace levi::os
