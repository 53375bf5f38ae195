// core.kill: SIGKILL of levid itself. Its supervisor must start it again, and no order or fill may
// be lost.
#include "chaos/fault/kinds.h"
#include "chaos/fault/process_kill.h"

namespace levi::chaos {
namespace {

constexpr const char* kCoreKill = "core.kill";

class CoreKill : public ProcessKill {
 public:
  Result<Undo> plan(const Target& target, const FaultOrder& order) override {
    LEVI_TRY(victim, target.core_process());
    return plan_kill(kCoreKill, order, victim, "levid");
  }
};

}  // namespace

FaultKind core_kill() {
  FaultKind kind;
  kind.name = kCoreKill;
  kind.title = "SIGKILL of the trading core";
  kind.needs = {"local-process"};
  kind.restarts_core = true;
  kind.down_events = {"started"};  // a dead core says nothing: its first word is the next start
  kind.up_events = {"reconcile-done"};
  kind.make = [] { return std::make_unique<CoreKill>(); };
  return kind;
}

}  // namespace levi::chaos
