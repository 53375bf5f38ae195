#include "chaos/guard/undo.h"

#include <algorithm>

#include "chaos/fault/registry.h"
#include "core/base/check.h"
#include "core/os/clock.h"
#include "core/os/http.h"
#include "core/os/loop.h"

namespace levi::chaos {
namespace {

constexpr Nanos kLeasePatience = 5s;

void pause_between_attempts() {
  os::Loop loop;
  loop.run_until(os::mono_now() + kUndoPause);
}

// A lookup that failed counts as "still there": unknown is not clean.
std::vector<Trace> look(Fault& fault, const Target& target, const Undo& undo) {
  auto traces = fault.traces(target, undo);
  if (traces) return std::move(traces).value();
  return {{"whether " + undo.tag + " (" + undo.kind +
               ") is gone could not be seen: " + traces.error().message,
           "levictl chaos undo"}};
}

// A kill is the operator's to lift. A press that was still on its way when its guard died may land
// after the first look.
std::vector<Trace> look_for_seal(Fault& fault, const Target& target, const Undo& undo) {
  auto left = look(fault, target, undo);
  if (!left.empty()) return left;
  pause_between_attempts();
  return look(fault, target, undo);
}

// True while a core that did not answer may yet come back: it was killed, and is being restarted; a
// call that met its death broke in the middle. Where a stage ended, its runtime folder went with
// it.
bool may_come_back(const TargetSpec& target, const Error& problem) {
  const ErrorCode code = problem.code;
  const bool answered =
      code == ErrorCode::kConflict || code == ErrorCode::kRefused || code == ErrorCode::kNotFound;
  return !answered && (target.runtime.empty() || os::exists(target.runtime));
}

// The lease is the target's word that a run is active: given back as soon as nothing of the run can
// act any more. It survives a restart of the core; a target that does not answer for long lets it
// run out by itself.
void give_back_lease(const UndoLog& log, Nanos patience) {
  const TargetSpec& target = log.target();
  if (target.api.empty()) return;
  const std::string call = "/chaos/lease?run=" + os::percent_encode(log.owner().run);
  const MonoTime deadline = os::mono_now() + std::min(patience, kLeasePatience);
  while (true) {
    const auto answer = Target(target).api("DELETE", call);
    if (answer || !may_come_back(target, answer.error()) || os::mono_now() >= deadline) return;
    pause_between_attempts();
  }
}

}  // namespace

std::vector<Trace> undo_one(Fault& fault, const FaultKind& kind, const Target& target,
                            const Undo& undo, Nanos patience) {
  if (kind.seals) return look_for_seal(fault, target, undo);
  std::vector<Trace> left;
  const MonoTime deadline = os::mono_now() + patience;
  for (int absent = 0; absent < 2;) {
    const Status reverted = fault.revert(target, undo);
    left = look(fault, target, undo);
    absent = reverted && left.empty() ? absent + 1 : 0;
    if (absent > 0) continue;
    if (left.empty())
      left = {
          {"cannot take back " + undo.tag + ": " + reverted.error().text(), "levictl chaos undo"}};
    if (os::mono_now() >= deadline) return left;
    pause_between_attempts();
  }
  return {};
}

Undone undo_log(UndoLog& log, Nanos patience) {
  Undone undone;
  auto entries = log.entries();
  if (!entries) {
    undone.leftovers.push_back({entries.error().message, entries.error().fix});
    return undone;
  }
  const Target target(log.target());
  for (auto entry = entries.value().rbegin(); entry != entries.value().rend(); ++entry) {
    const FaultKind* kind = find_fault(entry->second.kind);
    LEVI_CHECK(kind != nullptr);  // parse_undo saw to it
    const auto fault = kind->make();
    auto left = undo_one(*fault, *kind, target, entry->second, patience);
    if (!left.empty()) {
      undone.leftovers.insert(undone.leftovers.end(), left.begin(), left.end());
    } else if (const Status removed = log.remove(entry->first); !removed) {
      undone.leftovers.push_back({removed.error().text(), ""});
    } else {
      ++undone.reverted;
    }
  }
  give_back_lease(log, patience);
  return undone;
}

namespace {

Result<Undone> undo_unheld(const std::string& folder, Nanos patience) {
  LEVI_TRY(log, UndoLog::open(folder));
  Undone undone = undo_log(log, patience);
  if (undone.leftovers.empty()) {
    LEVI_TRY_STATUS(log.close());
  }
  return undone;
}

}  // namespace

Result<Undone> undo_run(const std::string& folder, Nanos patience) {
  const MonoTime deadline = os::mono_now() + patience;
  while (true) {
    auto undone = undo_unheld(folder, patience);
    const bool held = !undone && undone.error().code == ErrorCode::kBusy;
    if (!held || os::mono_now() >= deadline) return undone;
    pause_between_attempts();
  }
}

Leftovers undo_leftovers(const std::string& parent, Nanos patience) {
  Leftovers all;
  for (const auto& name : list_runs(parent)) {
    auto undone = undo_unheld(parent + "/" + name, patience);
    if (!undone) {
      const ErrorCode code = undone.error().code;
      if (code == ErrorCode::kBusy) all.active.push_back(name);
      if (code != ErrorCode::kBusy && code != ErrorCode::kNotFound)
        all.errors.push_back(undone.error());
      continue;
    }
    all.runs.push_back(name);
    all.undone.reverted += undone.value().reverted;
    auto& left = undone.value().leftovers;
    all.undone.leftovers.insert(all.undone.leftovers.end(), left.begin(), left.end());
  }
  return all;
}

}  // namespace levi::chaos
