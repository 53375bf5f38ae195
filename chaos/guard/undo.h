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

inline constexpr Nanos kUndoPause = 100ms;
// How long an undo is repeated for one fault, and the patience of a command that has other work to
// do: a target that hangs costs each attempt up to two calls' timeouts.
inline constexpr Nanos kUndoPatience = 15s;
inline constexpr Nanos kUndoPatienceInPassing = 1s;

// Reverts one fault until its tag was absent twice in a row, or patience ends. A kill is not
// reverted but looked up: it is the operator's to lift. `fault` is the object that injected it
// where that still lives, else a new one.
std::vector<Trace> undo_one(Fault& fault, const FaultKind& kind, const Target& target,
                            const Undo& undo, Nanos patience = kUndoPatience);

// Everything in the log, the newest first; entries that are gone leave the log. Also gives back the
// run's lease.
Undone undo_log(UndoLog& log, Nanos patience = kUndoPatience);

// A run whose guard is gone. Its log is removed where nothing is left. Another command of ours may
// be at the same work, or just look: it is waited for, up to `patience`; then kBusy.
Result<Undone> undo_run(const std::string& folder, Nanos patience = kUndoPatience);

// All runs below `parent` that no living guard holds. The first thing that each command of ours
// does; without any run it costs a look into one folder.
struct Leftovers {
  Undone undone;
  std::vector<std::string> runs;    // that were undone or still have leftovers
  std::vector<std::string> active;  // held by a living guard: left alone
  std::vector<Error> errors;
};
Leftovers undo_leftovers(const std::string& parent, Nanos patience = kUndoPatience);

}  // namespace levi::chaos
