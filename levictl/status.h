// `levictl status`: one screen. Who stops trading, what is open, how old the data is, whether chaos
// is at work, what to type next.
#pragma once

#include <string>

#include "levictl/target.h"

namespace levi::cli {

struct StatusOptions {
  TargetFlags target;
  bool json = false;
};

// 0 healthy; 1 reachable but degraded, unhealthy or sealed; 3 not running.
int status_command(const StatusOptions& options);

}  // namespace levi::cli
