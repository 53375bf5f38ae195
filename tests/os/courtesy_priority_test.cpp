#include "core/os/courtesy_priority.h"

#include <gtest/gtest.h>
#include <sched.h>

#include "core/os/thread.h"

namespace levi::os {
namespace {

int policy() { return ::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK; }

// Some tens of milliseconds of CPU, whatever the machine is.
void work() {
  volatile std::uint64_t spins = 0;
  while (spins < 50'000'000) spins = spins + 1;
}

template <class Body>
void in_a_thread_of_its_own(Body body) {
  start_thread("courtesy", body).join();
}

TEST(CourtesyPriority, IsRealTimeWhileItTakesLittleAndOrdinaryUnderAFlood) {
  bool permitted = true;
  in_a_thread_of_its_own([&] {
    CourtesyPriority priority;
    MonoTime now{1'000'000'000'000};
    priority.round(now);
    permitted = policy() == SCHED_FIFO;
    if (!permitted) return;
    work();
    priority.round(now += 10ms);  // more than a CPU's worth of work in 10 ms
    EXPECT_EQ(policy(), SCHED_OTHER);
    priority.round(now += 1h);
    EXPECT_EQ(policy(), SCHED_FIFO);
  });
  if (!permitted) GTEST_SKIP() << "real-time priorities are not permitted here";
}

TEST(CourtesyPriority, LooksAtMostOnceInTenMilliseconds) {
  in_a_thread_of_its_own([] {
    CourtesyPriority priority;
    MonoTime now{1'000'000'000'000};
    priority.round(now);
    const int before = policy();
    work();
    priority.round(now += 9ms);
    EXPECT_EQ(policy(), before);
  });
}

}  // namespace
}  // namespace levi::os
