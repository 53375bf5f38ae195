#include "core/machine/engines.h"

#include "core/machine/latch_rules.h"
#include "core/machine/orders.h"
#include "core/policy/restart.h"

namespace levi::machine::engines {
namespace {

constexpr Nanos kStopMax{
    10s};  // SIGTERM, then SIGKILL, take the hub far less: after this its EngineDown was lost

policy::RestartLimits limits_of(const State& state) {
  return {.restarts_max = state.limits.restarts_max, .window = state.limits.restart_window};
}

bool has_process(const Engine& engine) {
  return engine.state == EngineState::kStarting || engine.state == EngineState::kRunning;
}

void enter(Context& context, Engine& engine, EngineState state) {
  engine.state = state;
  engine.since = context.now();
}

void emit_position(Context& context, const Engine& engine) {
  Quantity position;
  if (const Instrument* instrument = find_instrument(context.state, engine.definition.symbol)) {
    position = instrument->position.quantity;
  }
  context.emit(EngineUpdate{
      engine.definition.engine, 0, OrderUpdateKind::kPosition, Side::kBuy, {}, {}, position});
}

void start(Context& context, Engine& engine) {
  ++engine.incarnation.value;
  engine.pid = 0;
  engine.stopping = engine.restart_pending = false;
  enter(context, engine, EngineState::kStarting);
  const EngineId id = engine.definition.engine;
  context.emit(StartEngine{id, engine.incarnation, engine.intents_seen});
  emit_position(context, engine);
}

void stop(Context& context, Engine& engine) {
  if (has_process(engine)) {
    engine.stopping = true;
    context.emit(StopEngine{engine.definition.engine});
  }
  enter(context, engine, EngineState::kStopped);
}

// No process of this engine will cancel its orders any more.
void cancel_orders(Context& context, const Engine& engine) {
  orders::cancel_of_engine(context, engine.definition.engine, {engine.incarnation.value + 1});
}

void fail(Context& context, Engine& engine) {
  ++engine.restart_failures;
  enter(context, engine, EngineState::kFailed);
  const std::string_view name = engine.definition.name.view();
  context.alert(AlertKind::kEngineFailed,
                text("engine ", name, " is given up: ", engine.restart_times.size(),
                     " restarts within the window; start it by command"));
  cancel_orders(context, engine);
  const Instrument* instrument = find_instrument(context.state, engine.definition.symbol);
  if (instrument == nullptr || instrument->position.quantity.value == 0) return;
  latch_rules::want_seal(context, latch::Holder::kEngineFailure,
                         text("engine ", name, " failed with a position open"));
}

// Counts a restart; where none is left the engine has failed.
bool may_restart(Context& context, Engine& engine) {
  const auto decision =
      policy::decide_restart(engine.restart_times, limits_of(context.state), context.now());
  if (decision == policy::RestartDecision::kGiveUp) {
    fail(context, engine);
    return false;
  }
  ++engine.restarts;
  return true;
}

void answer(Context& context, const Command& command, AnswerCode code, const Text& what) {
  context.emit(Answer{command.request, code, what});
}

Engine* commanded(Context& context, const Command& command) {
  Engine* engine = find_engine(context.state, command.engine);
  if (engine == nullptr)
    answer(context, command, AnswerCode::kNotFound, text("there is no such engine"));
  return engine;
}

}  // namespace

void on_defined(Context& context, const EngineDefined& event) {
  auto& all = context.state.engines;
  if (event.engine.value >= all.size()) all.resize(event.engine.value + std::size_t{1});
  Engine& engine = all[event.engine.value];
  if (engine.defined && engine.definition.name != event.name) {
    context.alert(AlertKind::kDefinitionRefused,
                  text("engine ", event.engine.value, " is ", engine.definition.name.view(),
                       ", not ", event.name.view()));
    return;
  }
  engine.defined = true;
  engine.definition = event;
  if (!event.enabled && has_process(engine)) stop(context, engine);
  if (event.enabled && engine.wanted && engine.state == EngineState::kStopped && !engine.stopping) {
    start(context, engine);
  }
}

void on_up(Context& context, const EngineUp& event) {
  Engine* engine = find_engine(context.state, event.engine);
  if (engine == nullptr || event.engine_incarnation != engine->incarnation ||
      !has_process(*engine)) {
    ++context.state.counters.ignored;
    return;
  }
  enter(context, *engine, EngineState::kRunning);
  engine->pid = event.pid;
  engine->started = context.now();
  engine->last_restart_took = event.since_down;
  if (!event.image) orders::cancel_of_engine(context, event.engine, event.engine_incarnation);
}

void on_down(Context& context, const EngineDown& event) {
  Engine* engine = find_engine(context.state, event.engine);
  if (engine == nullptr || event.engine_incarnation != engine->incarnation) {
    ++context.state.counters.ignored;
    return;
  }
  engine->pid = 0;
  engine->stopping = false;
  engine->last_down = event.why;
  engine->last_status = event.status;
  if (event.why == EngineDownWhy::kSpawnFailed) ++engine->restart_failures;
  if (engine->restart_pending) return start(context, *engine);
  if (!has_process(*engine)) return;
  if (event.why == EngineDownWhy::kStopped) return enter(context, *engine, EngineState::kStopped);
  if (may_restart(context, *engine)) start(context, *engine);
}

void on_core_started(Context& context) {
  for (Engine& engine : context.state.engines) {
    if (!engine.defined) continue;
    const bool had_process = has_process(engine);
    engine.pid = 0;
    engine.stopping = engine.restart_pending = false;
    // EngineDefined, which follows, starts it where it is still configured.
    if (had_process && may_restart(context, engine)) enter(context, engine, EngineState::kStopped);
  }
}

void on_start_command(Context& context, const Command& command) {
  Engine* engine = commanded(context, command);
  if (engine == nullptr) return;
  if (!engine->definition.enabled) {
    return answer(context, command, AnswerCode::kConflict, text("disabled in the configuration"));
  }
  engine->wanted = true;
  engine->restart_times.clear();
  if (has_process(*engine)) {
    return answer(context, command, AnswerCode::kDone,
                  text("it runs already; its restart budget is whole again"));
  }
  answer(context, command, AnswerCode::kDone, text("starting"));
  if (engine->stopping) {
    enter(context, *engine, EngineState::kStopped);
    engine->restart_pending = true;  // when the old process is gone
  } else {
    start(context, *engine);
  }
}

void on_stop_command(Context& context, const Command& command) {
  Engine* engine = commanded(context, command);
  if (engine == nullptr) return;
  engine->wanted = false;
  engine->restart_pending = false;
  stop(context, *engine);
  cancel_orders(context, *engine);
  answer(context, command, AnswerCode::kDone, text("stopped until it is started by command"));
}

void on_restart_command(Context& context, const Command& command) {
  Engine* engine = commanded(context, command);
  if (engine == nullptr) return;
  if (engine->state == EngineState::kFailed) {
    return answer(context, command, AnswerCode::kConflict,
                  text("it has failed: start it instead, which clears its budget"));
  }
  if (engine->restart_pending)
    return answer(context, command, AnswerCode::kDone, text("restarting already"));
  if (!has_process(*engine)) return on_start_command(context, command);
  if (policy::restarts_left(engine->restart_times, limits_of(context.state), context.now()) == 0) {
    return answer(context, command, AnswerCode::kRefused,
                  text("its restart budget is spent: start it instead"));
  }
  (void)may_restart(context, *engine);
  stop(context, *engine);
  engine->restart_pending = true;
  answer(context, command, AnswerCode::kDone, text("restarting"));
}

void on_timer(Context& context) {
  for (Engine& engine : context.state.engines) {
    if (!engine.stopping || context.now() - engine.since < kStopMax) continue;
    engine.stopping = false;
    if (engine.restart_pending) start(context, engine);
  }
}

void tell_position(Context& context, SymbolId symbol, EngineId owner) {
  for (const Engine& engine : context.state.engines) {
    const bool meant = engine.defined && engine.definition.symbol == symbol && has_process(engine);
    if (meant && engine.definition.engine != owner) emit_position(context, engine);
  }
}

}  // namespace levi::machine::engines
