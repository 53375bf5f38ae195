// Threads with names and priorities. The only place that starts one.
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace levi::os {

enum class Priority {
  kNormal,
  kTrading,
  kControl
};  // kControl above kTrading above everything else

struct PriorityGranted {
  bool real_time = false;  // SCHED_FIFO was permitted
  int nice = 0;
};

using Thread = std::thread;  // So that no other folder names std::thread: joined by its owner
                             // before destruction.

// At most 15 characters of the name are shown by the kernel.
Thread start_thread(const std::string& name, std::function<void()> body);
PriorityGranted raise_priority(
    Priority priority);  // of the calling thread; what is not permitted is not an error
bool lock_memory();  // mlockall(MCL_CURRENT | MCL_FUTURE is refused where the limit is too small);
                     // false: not permitted

// Blocks SIGINT, SIGTERM and (unless ignored: nohup) SIGHUP in every thread (call first in main)
// and hands them out as a readable signalfd.
int signal_descriptor();
// True from now on when the process was asked to stop (SIGINT or SIGTERM seen by
// `catch_interrupts`).
void catch_interrupts();
bool interrupted();

}  // namespace levi::os
