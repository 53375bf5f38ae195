// /engines: what runs, and starting, stopping, restarting it.
#include "core/api/api.h"
#include "core/api/event_json.h"
#include "core/os/clock.h"
#include "core/os/process.h"
#include "core/policy/restart.h"

namespace levi::api::engines {
namespace {

using machine::CommandKind;
using machine::Engine;
using machine::EngineState;

double milliseconds(Nanos duration) { return static_cast<double>(duration.count()) / 1e6; }

std::string last_error(const Engine& engine) {
  switch (engine.last_down) {
    case machine::EngineDownWhy::kStopped:
      return {};
    case machine::EngineDownWhy::kExited:
      return os::ExitStatus{.exited = true, .code = engine.last_status}.text();
    case machine::EngineDownWhy::kSignalled:
      return os::ExitStatus{.exited = false, .code = engine.last_status}.text();
    case machine::EngineDownWhy::kHung:
      return "hung: no heartbeat in time";
    case machine::EngineDownWhy::kSpawnFailed:
      return "its process could not be started";
  }
  return {};
}

Json heartbeat_age(Api& api, const Engine& engine) {
  const std::size_t id = engine.definition.engine.value;
  if (engine.state != EngineState::kRunning || id >= control::kEnginesShownMax) return nullptr;
  const std::int64_t last = api.ports().status.engines[id].last_heartbeat_ns.load();
  if (last == 0) return nullptr;
  return milliseconds(os::mono_now() - MonoTime{last});
}

Json describe(Api& api, const Engine& engine) {
  const machine::State& state = api.state();
  const machine::EngineDefined& defined = engine.definition;
  const bool running = engine.state == EngineState::kRunning;
  const Instant now = api.instant_now();
  const policy::RestartLimits limits{state.limits.restarts_max, state.limits.restart_window};
  const std::string error = last_error(engine);
  const auto* instrument = find_instrument(state, defined.symbol);
  const std::size_t id = defined.engine.value;
  Json out = {
      {"id", id},
      {"name", defined.name.str()},
      {"symbol", symbol_text(state, defined.symbol)},
      {"strategy", defined.strategy.str()},
      {"status", to_string(engine.state)},
      {"pid", running ? Json(engine.pid) : Json(nullptr)},
      {"start_ticks", running ? Json(api.engine_start_ticks(engine)) : Json(nullptr)},
      {"incarnation", engine.incarnation.value},
      {"uptime_seconds", running ? static_cast<double>((now - engine.started).count()) / 1e9 : 0.0},
      {"restarts", engine.restarts},
      {"restart_budget_left", policy::restarts_left(engine.restart_times, limits, now)},
      {"last_heartbeat_age_ms", heartbeat_age(api, engine)}};
  out["ticks_handled"] = id < control::kEnginesShownMax
                             ? api.ports().status.engines[id].ticks_handled.load()
                             : std::uint64_t{0};
  out["last_restart_ms"] = engine.last_restart_took.count() == 0
                               ? Json(nullptr)
                               : Json(milliseconds(engine.last_restart_took));
  out["last_error"] = error.empty() ? Json(nullptr) : Json(error);
  out["position"] = instrument == nullptr
                        ? Json(nullptr)
                        : Json(quantity_text(state, defined.symbol, instrument->position.quantity));
  out["error_count"] = engine.restarts + engine.restart_failures;
  return out;
}

std::vector<const Engine*> defined(const Api& api) {
  std::vector<const Engine*> all;
  for (const Engine& engine : api.state().engines) {
    if (engine.defined) all.push_back(&engine);
  }
  return all;
}

// By number or name; null where there is none.
const Engine* find(const Api& api, const std::string& subject) {
  for (const Engine* engine : defined(api)) {
    if (engine->definition.name.view() == subject) return engine;
    if (std::to_string(engine->definition.engine.value) == subject) return engine;
  }
  return nullptr;
}

std::string names(const Api& api) {
  std::string all;
  for (const Engine* engine : defined(api)) {
    all += (all.empty() ? "" : ", ") + engine->definition.name.str();
  }
  return all.empty() ? "none is defined" : "there are " + all;
}

// The engines that a command is meant for: the one in the path, or all of a symbol. Answers itself
// where there are none.
std::vector<EngineId> meant(Api& api, const CallPtr& call) {
  std::vector<EngineId> ids;
  const auto refuse = [&](int status, const std::string& why) {
    call->problem(status, why);
    api.audit(*call);
    return std::vector<EngineId>{};
  };
  if (!call->subject.empty()) {
    const Engine* engine = find(api, call->subject);
    if (engine == nullptr)
      return refuse(404, "there is no engine '" + call->subject + "'; " + names(api));
    return {engine->definition.engine};
  }
  const std::string symbol = call->parameter("symbol").value_or("");
  if (symbol.empty()) return refuse(400, "say which: ?symbol=BTCUSDT, or /engines/{id}/...");
  for (const Engine* engine : defined(api)) {
    if (symbol_text(api.state(), engine->definition.symbol) == symbol)
      ids.push_back(engine->definition.engine);
  }
  if (ids.empty()) return refuse(404, "no engine trades '" + symbol + "'; " + names(api));
  return ids;
}

// What one call asks of several engines, until the last answer is there.
struct Round {
  CallPtr call;
  std::size_t missing = 0;
  int status = 200;
  std::string trouble;
  Json engines = Json::array();
};

void finish(Api& api, Round& round) {
  Call& call = *round.call;
  if (round.status != 200) {
    call.problem(round.status, round.trouble, Json{{"engines", round.engines}});
  } else if (!call.subject.empty()) {
    Json body = {{"ok", true}};
    body.update(round.engines.at(0));
    call.answer(body);
  } else {
    call.answer(
        Json{{"ok", true}, {"symbol", *call.parameter("symbol")}, {"engines", round.engines}});
  }
  api.audit(call);
}

void send(Api& api, const CallPtr& call, const std::vector<EngineId>& ids, CommandKind kind) {
  const auto round = std::make_shared<Round>();
  round->call = call;
  round->missing = ids.size();
  for (const EngineId id : ids) {
    machine::Command command;
    command.kind = kind;
    command.engine = id;
    command.actor = call->actor;
    command.reason = call->reason;
    api.commands().submit(command, [&api, round, id](const CommandOutcome& outcome) {
      api.catch_up();
      const Engine* engine = find_engine(api.state(), id);
      round->engines.push_back(
          {{"id", id.value},
           {"status", engine == nullptr ? "unknown" : to_string(engine->state)},
           {"message", outcome.text()}});
      if (outcome.http_status() > round->status) {
        round->status = outcome.http_status();
        round->trouble = outcome.text();
      }
      if (--round->missing == 0) finish(api, *round);
    });
  }
}

void command(Api& api, const CallPtr& call, CommandKind kind) {
  api.catch_up();
  const Fields fields = read_fields(call->request);
  call->actor = fields.stop.actor;
  call->reason = fields.stop.reason;
  const std::vector<EngineId> ids = meant(api, call);
  if (ids.empty()) return;
  // Stopping is always allowed; what starts something leaves its trace first.
  if (kind == CommandKind::kEngineStop) return send(api, call, ids, kind);
  api.after_audit(call, [&api, call, ids, kind] { send(api, call, ids, kind); });
}

}  // namespace

void list(Api& api, const CallPtr& call) {
  api.catch_up();
  Json all = Json::array();
  std::size_t counts[5] = {};
  for (const Engine* engine : defined(api)) {
    ++counts[static_cast<std::size_t>(engine->state)];
    all.push_back(describe(api, *engine));
  }
  const auto count = [&](EngineState state) { return counts[static_cast<std::size_t>(state)]; };
  call->answer(Json{{"total", all.size()},
                    {"running", count(EngineState::kRunning)},
                    {"stopped", count(EngineState::kStopped)},
                    {"failed", count(EngineState::kFailed)},
                    {"starting", count(EngineState::kStarting)},
                    {"engines", all}});
}

void one(Api& api, const CallPtr& call) {
  api.catch_up();
  const Engine* engine = find(api, call->subject);
  if (engine == nullptr)
    return call->problem(404, "there is no engine '" + call->subject + "'; " + names(api));
  call->answer(describe(api, *engine));
}

void start(Api& api, const CallPtr& call) { command(api, call, CommandKind::kEngineStart); }
void stop(Api& api, const CallPtr& call) { command(api, call, CommandKind::kEngineStop); }
void restart(Api& api, const CallPtr& call) { command(api, call, CommandKind::kEngineRestart); }

}  // namespace levi::api::engines
