// `levictl recover`: the on-call's first command.
#pragma once

#include "core/base/instant.h"
#include "levictl/target.h"

namespace levi::cli {

struct RecoverOptions {
  TargetFlags target;
  bool plan = false;  // --plan, --dry-run
  bool yes = false;
  Nanos wait{60s};
};

// 0 healthy or recovered; 1 not recovered, or a plan with something to do; 3 nothing running; 6
// chaos at work; 7 --yes is missing.
int recover_command(const RecoverOptions& options);

}  // namespace levi::cli
