// Lets go of the chaos seal: only what this run sealed, and only by a living levictl (DESIGN §7).
//
// Blocking. The latch is looked at before and after each attempt: an answer that came too late, or
// not at all, may yet have released it, and what is not held needs no release.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"

namespace levi::chaos {

struct RunContext;
struct Undo;

struct SealDoors {
  std::function<Result<bool>()> held;         // is it, by this run?
  std::vector<std::function<Status()>> ways;  // tried in turn: one of two servers may hang
  std::function<void(Nanos)> pause;
};

struct Released {
  std::vector<std::size_t> by;  // the ways that the target said yes to
  bool was_held = true;         // at the first look; where that could not be, too
};

// At least one attempt of each way, then until the deadline. The error is that of the last attempt.
Result<Released> release_seal(const SealDoors& doors, MonoTime deadline);

// The seal that `undo` tells of, by the API and by the control port of the run's target.
Result<Released> release_seal(RunContext& context, const Undo& undo, const std::string& reason,
                              MonoTime deadline);

}  // namespace levi::chaos
