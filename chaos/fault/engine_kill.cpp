// engine.kill: SIGKILL of one engine process. The supervisor must take over with the warm standby.
#include "chaos/fault/kinds.h"
#include "chaos/fault/process_kill.h"
#include "core/base/json_fields.h"
#include "core/base/random.h"

namespace levi::chaos {
namespace {

constexpr const char* kEngineKill = "engine.kill";

// The engine asked for, else one of the running ones, by the trial's seed.
Result<Json> choose(const Json& engines, const FaultOrder& order) {
  const auto wanted = order.parameters.find("on");
  std::vector<Json> running;
  for (const auto& engine : list_at(engines, "engines")) {
    const bool meant = wanted == order.parameters.end() || wanted->second == "any" ||
                       wanted->second == text_at(engine, "name");
    if (meant && text_at(engine, "status") == "running") running.push_back(engine);
  }
  if (running.empty()) {
    return error(ErrorCode::kNotFound, "no running engine to kill",
                 "start one: POST /engines/{id}/start");
  }
  return running[Random(order.seed).below(running.size())];
}

class EngineKill : public ProcessKill {
 public:
  Result<Undo> plan(const Target& target, const FaultOrder& order) override {
    LEVI_TRY(health, target.health());
    LEVI_TRY(engines, target.api("GET", "/engines"));
    LEVI_TRY(engine, choose(engines, order));
    LEVI_TRY(victim, local_process(engine, text_at(health, "boot_id")));
    LEVI_TRY(undo, plan_kill(kEngineKill, order, victim, "engine " + text_at(engine, "name")));
    undo.parameters["engine"] = value_at(engine, "id");
    undo.parameters["engine_name"] = text_at(engine, "name");
    return undo;
  }
};

}  // namespace

FaultKind engine_kill() {
  FaultKind kind;
  kind.name = kEngineKill;
  kind.title = "SIGKILL of one engine process";
  kind.parameters = {{"on", {}}};
  kind.needs = {"local-process"};
  kind.down_events = {"engine-down"};
  kind.up_events = {"engine-up"};
  kind.make = [] { return std::make_unique<EngineKill>(); };
  return kind;
}

}  // namespace levi::chaos
