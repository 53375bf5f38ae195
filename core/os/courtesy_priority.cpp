#include "core/os/courtesy_priority.h"

#include <sched.h>

#include <ctime>

namespace levi::os {
namespace {

constexpr Nanos kWindow{10ms};
constexpr int kFifo = 5;  // below the trading thread's (thread.cpp)
// Of a CPU, per cent. Apart, so that it does not go back and forth.
constexpr std::int64_t kTooMuch = 30;
constexpr std::int64_t kLittle = 15;

Nanos used_by_this_thread() {
  timespec time{};
  (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return Nanos{std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec};
}

}  // namespace

void CourtesyPriority::round(MonoTime now) {
  const Nanos passed = now - looked_;
  if (!permitted_ || passed < kWindow) return;
  const Nanos used = used_by_this_thread();
  const std::int64_t share = (used - used_).count() * 100 / passed.count();
  looked_ = now;
  used_ = used;
  if (real_time_ ? share > kTooMuch : share < kLittle) set_real_time(!real_time_);
}

void CourtesyPriority::set_real_time(bool real_time) {
  sched_param parameters{};
  parameters.sched_priority = real_time ? kFifo : 0;
  const int policy = (real_time ? SCHED_FIFO : SCHED_OTHER) | SCHED_RESET_ON_FORK;
  permitted_ = ::sched_setscheduler(0, policy, &parameters) == 0;
  real_time_ = real_time && permitted_;
}

}  // namespace levi::os
