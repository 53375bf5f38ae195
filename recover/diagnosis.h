// From an observation to findings and a plan. Pure: the same observation always gives the same
// plan.
#pragma once

#include <string>
#include <vector>

#include "recover/observation.h"

namespace levi::recover {

enum class FindingKind {
  kNothingRunning,  // no process, no supervisor: nobody here can restart it
  kCoreDead,        // a supervisor is alive, the core is not
  kCoreHung,        // its process lives and answers nothing
  kControlSilent,   // the API answers, control does not, or the other way round
  kEngineStarting,
  kEngineStopped,
  kEngineFailed,
  kFeedDown,
  kStoreBehind,  // locked, slow or gone: costs freshness, never an order
  kComponent,    // another component that is not healthy
  kUnhealthy,    // the core calls itself so, and names nothing
  kLatchSealed,
  kChaosActive,
};

struct Finding {
  FindingKind kind;
  std::string subject;  // engine or component name, holder
  std::string detail;
};

enum class ActKind {
  kRestartCore,  // through the supervisor
  kStartEngine,  // audited: resets the restart budget
  kAwait,  // nothing to do but see that it mends by itself: a feed reconnects, a store catches up
};

struct Act {
  ActKind kind;
  std::string subject;
  std::string why;
};

struct Plan {
  std::vector<Finding> findings;
  std::vector<Act> acts;
  std::vector<std::string> for_a_human;  // what recovery does not do, with the command to type
  // Nothing found but, at most, a sealed latch; the core answers everything, and does not call
  // itself unhealthy.
  bool healthy = false;
  bool running = true;   // false: nothing is there and nobody can start it
  bool refused = false;  // chaos is at work: acting would spoil the run and hide the cause
};

Plan diagnose(const Observation& seen);

// What a person types to let this holder's seal go. `actor` matters for `chaos` alone: only the run
// that sealed may release.
std::string resume_command(const std::string& holder, const std::string& actor);

std::string describe(const Finding& finding);
std::string describe(const Act& act);

}  // namespace levi::recover
