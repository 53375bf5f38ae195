// Which runs are active on this machine, by their undo logs, and how to stop one.
#pragma once

#include <string>
#include <vector>

#include "chaos/guard/undo_log.h"

namespace levi::chaos {

struct ActiveRun {
  RunOwner owner;
  std::string folder;
  bool levictl_alive = false;
  bool guarded = false;  // a guard, or an undo, holds the log
};
std::vector<ActiveRun> active_runs(const std::string& parent);

// Asks the run's levictl to stop (SIGTERM) and waits until its log is free, or `deadline`. A
// levictl that is stopped itself or does not listen is SIGKILLed: its guard then takes everything
// back. kTimeout where even that did not end it.
Status stop_run(const ActiveRun& run, Nanos patience);

}  // namespace levi::chaos
