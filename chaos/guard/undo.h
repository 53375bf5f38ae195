// Taking faults back: by the guard, by levictl when its guard died, by any later command when both
// did.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "chaos/guard/undo_log.h"

namespace levi::chaos {

// What one undo came to.
struct Undone {
  std::size_t reverted = 0;      // entries that are gone now
  std::vector<Trace> leftovers;  // what still stands: exit code 5
};

inline constexpr int kUndoAttemptsMax = 40;
inline constexpr Nanos kUndoPause = 100ms;

// Reverts one fault until its tag was absent twice in a row, or `kUndoAttemptsMax` were made. A
// kill is not reverted but looked up: it is the operator's to lift. `fault` is the object that
// injected it where that still lives, else a new one.
std::vector<Trace> undo_one(Fault& fault, const FaultKind& kind, const Target& target,
                            const Undo& undo);

// Everything in the log, the newest first; entries that are gone leave the log. Also gives back the
// run's lease.
Undone undo_log(UndoLog& log);

// A run whose guard is gone. Its log is removed where nothing is left.
Result<Undone> undo_run(const std::string& folder);

// All runs below `parent` that no living guard holds. The first thing that each command of ours
// does.
struct Leftovers {
  Undone undone;
  std::vector<std::string> runs;    // that were undone or still have leftovers
  std::vector<std::string> active;  // held by a living guard: left alone
  std::vector<Error> errors;
};
Leftovers undo_leftovers(const std::string& parent);

}  // namespace levi::chaos
