// Loop: one thread's epoll loop. Watches descriptors, runs timers, is woken by other threads.
//
// Owned and used by one thread; only `Waker::wake` and `stop` may be called from others (both
// async-signal-safe). Handlers run on the loop's thread; a handler may add or remove any watch or
// timer, its own included.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/base/instant.h"
#include "core/os/fd.h"

namespace levi::os {

enum Ready : std::uint32_t {
  kReadable = 1,
  kWritable = 2,
  kHangUp = 4
};  // kHangUp: EPOLLHUP, EPOLLERR or EPOLLRDHUP

class Loop {
 public:
  using Handler = std::function<void(std::uint32_t ready)>;
  using Task = std::function<void()>;
  using TimerId = std::uint64_t;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Level-triggered. The descriptor stays the caller's, and must be unwatched before it is closed.
  void watch(int fd, std::uint32_t interest, Handler handler);
  void change(int fd, std::uint32_t interest);
  void unwatch(int fd);

  TimerId at(MonoTime deadline, Task task);
  TimerId after(Nanos delay, Task task);
  void cancel(TimerId id);  // unknown or fired ids are ignored

  // Called after each round of handlers, before the loop sleeps: for draining shared-memory rings.
  void each_round(Task task);

  void run();                         // until stop()
  void run_until(MonoTime deadline);  // or stop()
  bool run_once(Nanos timeout_max);   // one round; false if nothing was ready
  void stop();
  MonoTime now() const;  // read once per round

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Wakes a loop from any thread or process that holds the eventfd; calls between two rounds merge
// into one.
class Waker {
 public:
  Waker(Loop& loop, Loop::Task on_wake);
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  void wake() const;
  int fd() const { return fd_.get(); }  // an eventfd; others write 8 bytes to it

 private:
  Loop& loop_;
  Fd fd_;
};

}  // namespace levi::os
