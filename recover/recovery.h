// One recovery: detect → lock → plan → act → verify (DESIGN §8, first form).
//
// One at a time per host user (a lock file). Only our own probe, several times in a row, says that
// it is over. The latch is never opened. `say` is called for each line that a person should see, as
// it happens.
#pragma once

#include <functional>
#include <string>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "recover/diagnosis.h"

namespace levi::recover {

struct RecoveryOptions {
  Reach reach;
  bool act = false;           // false: --plan
  Nanos verify_max{60s};      // how long the target may take to become healthy
  unsigned verify_times = 3;  // how often in a row it must be seen healthy
  std::string actor;          // who it is, for the audit chain
  std::string lock_file;
  // A chaos run of this host that is at work on this target, though a dead core can't say so;
  // empty: none. Asked with each look.
  std::function<std::string()> chaos_run;
  std::function<void(const std::string& line)> say;
};

enum class RecoveryEnd { kHealthy, kPlanned, kRecovered, kNotRecovered, kNotRunning, kRefused };

struct RecoveryOutcome {
  RecoveryEnd end = RecoveryEnd::kNotRecovered;
  Plan plan;  // the first one
  Nanos detect{0};
  Nanos acted{0};
  Nanos verified{0};  // MTTR is the sum of the three
};

Result<RecoveryOutcome> recover_now(const RecoveryOptions& options);

}  // namespace levi::recover
