#include "core/os/precise_timers.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/os/clock.h"

namespace levi::os {

PreciseTimers::PreciseTimers(Loop& loop)
    : loop_(loop), fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  LEVI_CHECK(fd_);
  loop_.watch(fd_.get(), kReadable, [this](std::uint32_t) { on_expired(); });
}

PreciseTimers::~PreciseTimers() { loop_.unwatch(fd_.get()); }

std::uint64_t PreciseTimers::at(MonoTime deadline, Task task) {
  const std::uint64_t id = timers_.add(deadline, std::move(task));
  if (!running_) arm();
  return id;
}

void PreciseTimers::cancel(std::uint64_t id) { timers_.cancel(id); }

void PreciseTimers::on_expired() {
  std::uint64_t count = 0;
  (void)!::read(fd_.get(), &count, sizeof count);
  armed_ = kNever;
  running_ = true;
  timers_.run_due(mono_now());
  running_ = false;
  arm();
}

void PreciseTimers::arm() {
  if (timers_.empty() || timers_.next() >= armed_) return;
  armed_ = timers_.next();
  // 0 would disarm it; what is past fires at once.
  const std::int64_t ns = std::max<std::int64_t>(armed_.ns, 1);
  itimerspec when{};
  when.it_value.tv_sec = ns / 1'000'000'000;
  when.it_value.tv_nsec = ns % 1'000'000'000;
  LEVI_CHECK(::timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &when, nullptr) == 0);
}

}  // namespace levi::os
