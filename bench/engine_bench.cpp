// Engines: how long a takeover takes, and a tick's way to an intent and back.
//
//   engine_takeover          SIGKILL of an engine -> its warm standby has handled its first tick
//   (the ring is never empty) engine_takeover_seen     SIGKILL -> levid has seen that (EngineUp
//   emitted) engine_cold_start        SIGKILL, no standby -> a process that was spawned for it has
//   handled its first tick tick_to_intent           a tick is pushed -> the intent it led to is
//   emitted, both sides asleep before
#include <signal.h>

#include <functional>
#include <memory>

#include "bench/report.h"
#include "core/engine/hub.h"
#include "core/os/clock.h"
#include "core/os/loop.h"

namespace levi::bench {
namespace {

using namespace engine;

constexpr EngineId kEngine{0};
constexpr int kTakeovers = 400;
constexpr int kColdStarts = 100;
constexpr int kTicks = 2000;
constexpr Nanos kSettle{1ms};

// The smallest core around a hub: restarts what dies, confirms and cancels what is asked for.
class Core {
 public:
  explicit Core(unsigned standbys) {
    EngineConfig engine;
    engine.id = kEngine;
    engine.name = "bench";
    engine.symbol = "BENCH";
    engine.strategy = "quoter";
    engine.parameters = "levels=3;spread_bps=10;quantity=10;position_max=100000;requote_bps=1";
    HubOptions options;
    options.engine_binary = os::own_executable_folder() + "/../bin/levi-engine";
    options.standby_count = standbys;
    options.engines = {engine};
    auto started =
        EngineHub::start(loop_, options, [this](const machine::Event& event) { on_event(event); });
    LEVI_CHECK(started);
    hub = std::move(started.value());
    loop_.each_round([this] {
      if (hub) hub->drain();
    });
    start();
    hub->set_trading(true, os::wall_now());
    move();
    until([this] { return intents > 0; });
  }
  ~Core() { hub.reset(); }

  void until(const std::function<bool()>& holds) {
    while (!holds()) loop_.run_once(100ms);
  }
  // Lets everyone go to sleep.
  void settle() {
    until([this] {
      const EngineStatus status = hub->status(kEngine);
      return status.alive && status.ticks_handled == status.ticks_written;
    });
    const MonoTime end = os::mono_now() + kSettle;
    while (os::mono_now() < end) loop_.run_once(kSettle);
  }
  // The market moves by half a percent: every quote is off.
  void move() {
    up_ = !up_;
    machine::TopOfBook top;
    top.bid_price = Price{up_ ? 1'005'000 : 1'000'000};
    top.ask_price = top.bid_price + Price{10};
    top.bid_quantity = top.ask_quantity = Quantity{1};
    hub->on_top_of_book(top, os::wall_now());
  }
  pid_t pid() const { return hub->status(kEngine).pid; }

  std::unique_ptr<EngineHub> hub;
  std::uint64_t intents = 0;
  std::uint64_t ups = 0;
  MonoTime intent_at;
  MonoTime up_at;

 private:
  void start() {
    machine::StartEngine start;
    start.engine = kEngine;
    start.engine_incarnation = {++incarnation_};
    start.intents_seen = intents;
    hub->start_engine(start, os::wall_now());
    update(machine::OrderUpdateKind::kPosition, 0);
  }
  void update(machine::OrderUpdateKind kind, std::uint32_t tag) {
    machine::EngineUpdate one;
    one.engine = kEngine;
    one.kind = kind;
    one.tag = tag;
    hub->on_update(one, os::wall_now());
  }
  void on_event(const machine::Event& event) {
    if (const auto* intent = std::get_if<machine::Intent>(&event)) {
      intents = intent->intent_number;
      if (intent_at.ns == 0) intent_at = os::mono_now();
      const bool place = intent->kind == machine::IntentKind::kPlace;
      update(place ? machine::OrderUpdateKind::kOpen : machine::OrderUpdateKind::kCanceled,
             intent->tag);
    } else if (std::holds_alternative<machine::EngineUp>(event)) {
      ++ups;
      up_at = os::mono_now();
    } else if (std::holds_alternative<machine::EngineDown>(event)) {
      move();
      start();
    }
  }

  os::Loop loop_;
  std::uint32_t incarnation_ = 0;
  bool up_ = false;
};

struct Takeovers {
  Samples handled;
  Samples seen;
};

void kill_once(Core& core, unsigned standbys, Takeovers& takeovers) {
  core.until([&] { return core.hub->standbys_warm() >= standbys; });
  core.settle();
  const std::uint64_t ups = core.ups;
  const pid_t victim = core.pid();
  const MonoTime begin = os::mono_now();
  ::kill(victim, SIGKILL);
  core.until([&] { return core.ups > ups; });
  const EngineStatus status = core.hub->status(kEngine);
  LEVI_CHECK(status.pid != victim && status.first_commit > begin);
  // A machine that stalls for longer than a heartbeat may cost the standby too: not a takeover.
  if (status.takeover != (standbys > 0) || !status.image) return;
  takeovers.handled.add(status.first_commit - begin);
  takeovers.seen.add(core.up_at - begin);
}

// One of ours, one of the limit's, in turns: both see the same machine.
void measure_takeover() {
  Takeovers warm;
  Takeovers cold;
  Samples limit;
  {
    Core core(1);
    Limit standby_wake("standby_wake");
    for (int i = 0; i < kTakeovers; ++i) {
      kill_once(core, 1, warm);
      // Not while the next standby is being spawned: its CPU would be awake for the limit.
      core.until([&] { return core.hub->standbys_warm() == 1; });
      core.settle();
      standby_wake.ask(1, limit);
    }
  }
  LEVI_CHECK(warm.handled.count() > kTakeovers / 2);
  print_figure("engine_takeover", warm.handled, limit,
               at_most(warm.handled, 3, limit, "p50 <= 3 x a bare standby wake"));
  print_figure("engine_takeover_seen", warm.seen, limit);
  Core core(0);
  for (int i = 0; i < kColdStarts; ++i) kill_once(core, 0, cold);
  print_figure("engine_cold_start", cold.handled, limit);
}

void measure_tick_to_intent() {
  Samples ours;
  Samples limit;
  Core core(0);
  Limit futex_roundtrip("futex_roundtrip");
  for (int i = 0; i < kTicks; ++i) {
    core.settle();
    core.intent_at = {};
    const MonoTime begin = os::mono_now();
    core.move();
    core.until([&] { return core.intent_at.ns != 0; });
    ours.add(core.intent_at - begin);
    futex_roundtrip.ask(1, limit);
  }
  print_figure("tick_to_intent", ours, limit);
}

}  // namespace
}  // namespace levi::bench

int main() {
  levi::bench::measure_takeover();
  levi::bench::measure_tick_to_intent();
}
