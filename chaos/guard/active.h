// Which runs are active on this machine, by their undo logs, and how to stop one.
#pragma once

#include <string>
#include <vector>

#include "chaos/guard/undo_log.h"

namespace levi::chaos {

struct ActiveRun {
  RunOwner owner;
  TargetSpec target;  // empty where the log does not say
  std::string folder;
  bool levictl_alive = false;
  bool guarded = false;  // a guard, or an undo, holds the log
};
std::vector<ActiveRun> active_runs(const std::string& parent);

// Asks the run's levictl to stop (SIGTERM; a stopped one is continued for it) and waits until its
// log is free. A levictl that does not listen is SIGKILLed: its guard then takes everything back. A
// guard that hangs is SIGKILLed too, and the log is free for undo_leftovers. Each gets `patience`.
// kTimeout where even that did not end it.
Status stop_run(const ActiveRun& run, Nanos patience);

}  // namespace levi::chaos
