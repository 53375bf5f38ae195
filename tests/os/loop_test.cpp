#include "core/os/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <new>
#include <optional>
#include <vector>

#include "core/os/process.h"
#include "core/os/thread.h"
#include "tests/os/support.h"

namespace {
thread_local std::size_t allocations = 0;  // of this thread, by the operators below
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace levi::os {
namespace {

std::pair<Fd, Fd> pipe_pair() { return make_pipe().value(); }
void put(const Fd& fd) { ASSERT_EQ(::write(fd.get(), "x", 1), 1); }
void take(int fd) {
  char byte = 0;
  ASSERT_EQ(::read(fd, &byte, 1), 1);
}

TEST(Loop, RunsTimersInTheOrderOfTheirDeadlines) {
  Loop loop;
  std::vector<int> ran;
  const MonoTime start = mono_now();
  for (const int i : {5, 1, 4, 2, 3}) {
    loop.at(start + i * 100us, [&ran, i] { ran.push_back(i); });
  }
  loop.at(start + 1ms, [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3, 4, 5}));
}

TEST(Loop, NeverRunsATimerEarly) {
  Loop loop;
  for (int i = 0; i < 50; ++i) {
    const MonoTime deadline = mono_now() + i * 37us;
    loop.at(deadline, [&, deadline] {
      EXPECT_GE(mono_now(), deadline);
      loop.stop();
    });
    loop.run();
  }
}

TEST(Loop, CancelledTimersDoNotRun) {
  Loop loop;
  bool ran = false;
  const auto id = loop.after(0ns, [&] { ran = true; });
  loop.cancel(id);
  loop.cancel(id);
  loop.cancel(0);
  loop.after(1us, [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(ran);
}

TEST(Loop, ATimerMayCancelAnotherThatIsDueToo) {
  Loop loop;
  const MonoTime now = mono_now();
  bool ran = false;
  Loop::TimerId second = 0;
  loop.at(now, [&] { loop.cancel(second); });
  second = loop.at(now + 1ns, [&] { ran = true; });
  loop.after(1ms, [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(ran);
}

TEST(Loop, TheIdOfAFiredTimerDoesNotCancelItsSuccessor) {
  Loop loop;
  const auto fired = loop.after(0ns, [] {});
  ASSERT_TRUE(pump(loop, [&, ran = false]() mutable { return std::exchange(ran, true); }));
  bool ran = false;
  loop.after(0ns, [&] { ran = true; });
  loop.cancel(fired);
  EXPECT_TRUE(pump(loop, [&] { return ran; }));
}

TEST(Loop, ATimerThatSetsItselfAgainLetsOthersRun) {
  Loop loop;
  int again = 0;
  std::function<void()> eager = [&] {
    ++again;
    loop.at(MonoTime{0}, eager);
  };
  loop.at(MonoTime{0}, eager);
  auto [read_end, write_end] = pipe_pair();
  loop.watch(read_end.get(), kReadable, [&](std::uint32_t) { loop.stop(); });
  put(write_end);
  loop.run();
  loop.unwatch(read_end.get());
  EXPECT_LT(again, 10);
}

TEST(Loop, IsLevelTriggered) {
  Loop loop;
  auto [read_end, write_end] = pipe_pair();
  int calls = 0;
  loop.watch(read_end.get(), kReadable, [&](std::uint32_t ready) {
    EXPECT_EQ(ready, kReadable);
    ++calls;
  });
  put(write_end);
  loop.run_once(kDeadline);
  loop.run_once(kDeadline);
  EXPECT_EQ(calls, 2);
  take(read_end.get());
  EXPECT_FALSE(loop.run_once(0ns));
  EXPECT_EQ(calls, 2);
  loop.unwatch(read_end.get());
}

TEST(Loop, TellsAboutHangUps) {
  Loop loop;
  auto [read_end, write_end] = pipe_pair();
  std::uint32_t seen = 0;
  loop.watch(read_end.get(), kReadable, [&](std::uint32_t ready) { seen = ready; });
  write_end.reset();
  loop.run_once(kDeadline);
  EXPECT_TRUE(seen & kHangUp);
  loop.unwatch(read_end.get());
}

TEST(Loop, AHalfClosedPeerIsAHangUpOnlyForWhoAsks) {
  Loop loop;
  auto pair = make_socket_pair().value();
  std::uint32_t seen = 0;
  ::shutdown(pair.second.get(), SHUT_WR);
  loop.watch(pair.first.get(), kHangUp, [&](std::uint32_t ready) { seen = ready; });
  loop.run_once(kDeadline);
  EXPECT_EQ(seen, kHangUp);
  loop.change(pair.first.get(), 0);
  EXPECT_FALSE(loop.run_once(0ns));
  loop.unwatch(pair.first.get());
}

TEST(Loop, AHandlerMayRemoveOneThatIsReadyInTheSameRound) {
  Loop loop;
  auto first = pipe_pair();
  auto second = pipe_pair();
  int calls = 0;
  const auto handler = [&](int other) {
    return [&, other](std::uint32_t) {
      ++calls;
      loop.unwatch(other);
    };
  };
  loop.watch(first.first.get(), kReadable, handler(second.first.get()));
  loop.watch(second.first.get(), kReadable, handler(first.first.get()));
  put(first.second);
  put(second.second);
  loop.run_once(kDeadline);
  EXPECT_EQ(calls, 1);
}

TEST(Loop, AReusedNumberDoesNotGetTheOldReadiness) {
  Loop loop;
  auto first = pipe_pair();
  auto second = pipe_pair();
  std::optional<std::pair<Fd, Fd>> fresh;
  int stale_calls = 0;
  int fresh_calls = 0;
  // Whichever handler comes first closes both pipes and opens one that takes over a number; nothing
  // is readable in it.
  const auto handler = [&](std::uint32_t) {
    ++stale_calls;
    const int a = first.first.get();
    const int b = second.first.get();
    loop.unwatch(a);
    loop.unwatch(b);
    first = {};
    second = {};
    fresh = pipe_pair();
    ASSERT_TRUE(fresh->first.get() == a || fresh->first.get() == b || fresh->first.get() < b);
    for (const int fd : {fresh->first.get(), fresh->second.get()}) {
      loop.watch(fd, kReadable, [&](std::uint32_t) { ++fresh_calls; });
    }
  };
  loop.watch(first.first.get(), kReadable, handler);
  loop.watch(second.first.get(), kReadable, handler);
  put(first.second);
  put(second.second);
  loop.run_once(kDeadline);
  EXPECT_EQ(stale_calls, 1);
  EXPECT_EQ(fresh_calls, 0);
  loop.unwatch(fresh->first.get());
  loop.unwatch(fresh->second.get());
}

TEST(Loop, AHandlerLivesUntilItReturnsEvenWhenItRemovesItself) {
  Loop loop;
  auto [read_end, write_end] = pipe_pair();
  auto token = std::make_shared<int>(7);
  std::weak_ptr<int> watch = token;
  int seen = 0;
  loop.watch(read_end.get(), kReadable,
             [&, token = std::move(token), fd = read_end.get()](std::uint32_t) {
               loop.unwatch(fd);
               loop.watch(fd, kReadable, [](std::uint32_t) {});
               seen = *token;
             });
  put(write_end);
  loop.run_once(kDeadline);
  EXPECT_EQ(seen, 7);
  EXPECT_TRUE(watch.expired()) << "and not longer";
  loop.unwatch(read_end.get());
}

TEST(Loop, WakesFromAnotherThread) {
  Loop loop;
  int wakes = 0;
  Waker waker(loop, [&] {
    ++wakes;
    loop.stop();
  });
  Thread other = start_thread("waker", [&] { waker.wake(); });
  loop.run();
  other.join();
  EXPECT_EQ(wakes, 1);
}

TEST(Loop, MergesWakesBetweenTwoRounds) {
  Loop loop;
  int wakes = 0;
  Waker waker(loop, [&] { ++wakes; });
  for (int i = 0; i < 5; ++i) waker.wake();
  loop.run_once(kDeadline);
  EXPECT_FALSE(loop.run_once(0ns));
  EXPECT_EQ(wakes, 1);
}

TEST(Loop, AStopBeforeTheRunIsNotLost) {
  Loop loop;
  loop.stop();
  loop.run();  // would never come back
  bool ran = false;
  loop.after(0ns, [&] {
    ran = true;
    loop.stop();
  });
  loop.run();  // and it holds for one run only
  EXPECT_TRUE(ran);
}

TEST(Loop, RunUntilEndsAtItsDeadline) {
  Loop loop;
  const MonoTime deadline = mono_now() + 3ms;
  loop.run_until(deadline);
  EXPECT_GE(mono_now(), deadline);
}

TEST(Loop, RunsTheRoundTasksAfterTheHandlers) {
  Loop loop;
  std::vector<char> order;
  loop.each_round([&] { order.push_back('r'); });
  loop.after(0ns, [&] { order.push_back('t'); });
  auto [read_end, write_end] = pipe_pair();
  loop.watch(read_end.get(), kReadable, [&](std::uint32_t) { order.push_back('h'); });
  put(write_end);
  loop.run_once(kDeadline);
  EXPECT_EQ(order, (std::vector<char>{'h', 't', 'r'}));
  loop.unwatch(read_end.get());
}

TEST(Loop, SurvivesSignals) {
  Loop loop;
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, nullptr), 0);
  ::raise(SIGUSR1);
  EXPECT_FALSE(loop.run_once(0ns));
}

TEST(Loop, DoesNotAllocateInSteadyState) {
  Loop loop;
  auto [read_end, write_end] = pipe_pair();
  const int fd = read_end.get();
  loop.watch(fd, kReadable, [fd](std::uint32_t) { take(fd); });
  int timers = 0;
  const auto round = [&] {
    put(write_end);
    loop.cancel(loop.after(1h, [&timers] { ++timers; }));
    loop.after(0ns, [&timers] { ++timers; });
    loop.change(fd, kReadable | kHangUp);
    loop.change(fd, kReadable);
    loop.unwatch(fd);
    loop.watch(fd, kReadable, [fd](std::uint32_t) { take(fd); });
    loop.run_once(kDeadline);
  };
  for (int i = 0; i < 10; ++i) round();
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) round();
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(timers, 110);
  loop.unwatch(fd);
}

}  // namespace
}  // namespace levi::os
