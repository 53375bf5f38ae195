#include "core/os/thread.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "core/os/fd.h"
#include "core/os/file.h"

namespace levi::os {
namespace {

TEST(Thread, BearsItsName) {
  std::string name(32, '\0');
  Thread thread = start_thread("a-name-that-is-far-too-long", [&] {
    // The name is set by the thread that starts this one: it may come a moment later.
    do {
      ::pthread_getname_np(::pthread_self(), name.data(), name.size());
    } while (name.compare(0, 2, "a-") != 0);
  });
  thread.join();
  EXPECT_STREQ(name.c_str(), "a-name-that-is-");
}

TEST(RaisePriority, PutsControlAboveTradingAndSaysWhatWasGranted) {
  int control = -1;
  int trading = -1;
  const auto priority_of = [](Priority priority, int* out) {
    Thread thread = start_thread("priority", [=] {
      const PriorityGranted granted = raise_priority(priority);
      sched_param parameters{};
      int policy = 0;
      ::pthread_getschedparam(::pthread_self(), &policy, &parameters);
      EXPECT_EQ(granted.real_time, (policy & ~SCHED_RESET_ON_FORK) == SCHED_FIFO);
      *out = granted.real_time ? parameters.sched_priority : -granted.nice;
    });
    thread.join();
  };
  priority_of(Priority::kControl, &control);
  priority_of(Priority::kTrading, &trading);
  EXPECT_GE(control, trading);
  if (trading > 0) {
    EXPECT_GT(control, trading);
  }
}

TEST(RaisePriority, OfNormalChangesNothing) {
  const PriorityGranted granted = raise_priority(Priority::kNormal);
  EXPECT_FALSE(granted.real_time);
  EXPECT_EQ(granted.nice, 0);
}

TEST(RaisePriority, IsNotInherited) {
  int policy = -1;
  Thread parent = start_thread("parent", [&] {
    raise_priority(Priority::kControl);
    Thread child = start_thread("child", [&] { policy = ::sched_getscheduler(0); });
    child.join();
  });
  parent.join();
  EXPECT_EQ(policy & ~SCHED_RESET_ON_FORK, SCHED_OTHER);
}

TEST(SignalDescriptor, HandsOutTheStopSignals) {
  constexpr int kStopSignals[] = {SIGINT, SIGTERM, SIGHUP};
  EXPECT_EXIT(
      {
        const Fd fd(signal_descriptor());
        for (const int number : kStopSignals) {
          ::kill(::getpid(), number);
          signalfd_siginfo info{};
          const bool read = ::read(fd.get(), &info, sizeof info) == sizeof info;
          if (!read || info.ssi_signo != static_cast<std::uint32_t>(number)) std::_Exit(8);
        }
        std::_Exit(7);
      },
      testing::ExitedWithCode(7), "");
}

TEST(SignalDescriptor, LeavesAHangUpIgnoredUnderNohup) {
  EXPECT_EXIT(
      {
        ::signal(SIGHUP, SIG_IGN);
        const Fd fd(signal_descriptor());
        ::kill(::getpid(), SIGHUP);
        signalfd_siginfo info{};
        std::_Exit(::read(fd.get(), &info, sizeof info) < 0 ? 7 : 8);
      },
      testing::ExitedWithCode(7), "");
}

TEST(Interrupted, IsTrueOnceAsked) {
  EXPECT_EXIT(
      {
        catch_interrupts();
        const bool before = interrupted();
        ::raise(SIGINT);
        std::_Exit(!before && interrupted() ? 7 : 8);
      },
      testing::ExitedWithCode(7), "");
}

TEST(LockMemory, LocksWherePermittedAndSaysSo) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers replace mlockall by nothing";
#endif
  EXPECT_EXIT(
      {
        const bool locked = lock_memory();
        std::string later(1 << 20, 'x');  // What comes after it must still work, and be locked too.
        const std::string status = read_file("/proc/self/status").value();
        const std::size_t at = status.find("VmLck:");
        const long kilobytes = std::atol(status.c_str() + at + 6);
        std::_Exit(locked == (kilobytes >= 1024) && later.back() == 'x' ? 7 : 8);
      },
      testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace levi::os
