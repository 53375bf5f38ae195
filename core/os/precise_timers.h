// PreciseTimers: deadlines kept by a timerfd, for delays that are measured.
//
// Loop's own timers sleep in epoll_pwait2, whose timeouts the kernel may stretch by its slack
// (50 us, or a thousandth of the wait). A timerfd with an absolute time has none. Owned and used by
// the loop's thread; a task may add and cancel. Destruction drops what is pending.
#pragma once

#include <cstdint>

#include "core/base/instant.h"
#include "core/os/fd.h"
#include "core/os/loop.h"
#include "core/os/timers.h"

namespace levi::os {

class PreciseTimers {
 public:
  using Task = Loop::Task;

  explicit PreciseTimers(Loop& loop);
  ~PreciseTimers();
  PreciseTimers(const PreciseTimers&) = delete;
  PreciseTimers& operator=(const PreciseTimers&) = delete;

  std::uint64_t at(MonoTime deadline, Task task);
  void cancel(std::uint64_t id);  // unknown or fired ids are ignored; 0 is never given out

 private:
  void on_expired();
  void arm();  // the kernel's alarm stands at the earliest deadline, or earlier

  Loop& loop_;
  Fd fd_;
  Timers timers_;
  MonoTime armed_ = kNever;
  bool running_ = false;
};

}  // namespace levi::os
