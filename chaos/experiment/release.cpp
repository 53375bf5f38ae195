#include "chaos/experiment/release.h"

#include "chaos/experiment/run_context.h"
#include "chaos/fault/registry.h"
#include "core/base/check.h"
#include "core/os/clock.h"

namespace levi::chaos {
namespace {

constexpr Nanos kPause = 100ms;

}  // namespace

Result<Released> release_seal(const SealDoors& doors, MonoTime deadline) {
  LEVI_CHECK(!doors.ways.empty());
  Released released;
  for (std::size_t attempt = 0;; ++attempt) {
    auto held = doors.held();
    if (attempt == 0) released.was_held = !held || held.value();
    if (held && !held.value()) return released;
    const std::size_t way = attempt % doors.ways.size();
    const Status asked = doors.ways[way]();
    if (asked) {
      released.by.push_back(way);
      held = doors.held();
      if (!held || !held.value()) return released;  // where it can't be seen, its word must do
    }
    if (attempt + 1 >= doors.ways.size() && os::mono_now() >= deadline) {
      if (!asked) return asked.error();
      return error(ErrorCode::kConflict, "the target said that it released, and still holds it");
    }
    doors.pause(kPause);
  }
}

Result<Released> release_seal(RunContext& context, const Undo& undo, const std::string& reason,
                              MonoTime deadline) {
  const TargetSpec& spec = context.target.spec();
  const FaultKind* kind = find_fault(undo.kind);
  LEVI_CHECK(kind != nullptr && kind->seals);
  const auto fault = kind->make();
  // No epoch: another holder may have sealed since, but `chaos` is still ours to let go of.
  const Json body{{"holder", "chaos"}, {"actor", context.actor()}, {"reason", reason}};
  SealDoors doors;
  // The latch itself is asked where it can be: the API hears of a seal by file a moment later.
  doors.held = [&]() -> Result<bool> {
    LEVI_TRY(traces, fault->traces(context.target, undo));
    return !traces.empty();
  };
  doors.ways.push_back([&]() -> Status {
    LEVI_TRY(answer, context.caller->api("POST", "/live/restore", body));
    (void)answer;
    return ok();
  });
  if (!spec.control.empty()) {
    doors.ways.push_back([&]() -> Status {
      LEVI_TRY(answer, call_json(spec.control, "POST", "/live/restore", body, kCallTimeout));
      (void)answer;
      return ok();
    });
  }
  doors.pause = [&](Nanos duration) {
    (void)context.pump.until_anyway([] { return false; }, os::mono_now() + duration);
  };
  return release_seal(doors, deadline);
}

}  // namespace levi::chaos
