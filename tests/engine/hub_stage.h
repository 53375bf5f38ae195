// HubStage: a hub with real engine processes, and the smallest core around it: it restarts what
// dies, opens what is placed.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/engine/hub.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/loop.h"
#include "core/os/process.h"
#include "tests/support/temp_folder.h"

namespace levi::engine::test {

using machine::EngineDown;
using machine::EngineDownWhy;
using machine::EngineUp;
using machine::EngineUpdate;
using machine::Intent;
using machine::IntentKind;
using machine::OrderUpdateKind;

inline constexpr EngineId kEngine{3};
inline constexpr SymbolId kSymbol{1};
inline constexpr Nanos kDeadline{20s};  // reached: something is broken, not slow

inline std::string engine_binary() { return os::own_executable_folder() + "/../bin/levi-engine"; }

inline HubOptions plain_options() {
  EngineConfig engine;
  engine.id = kEngine;
  engine.name = "mm-toy";
  engine.symbol = "TOYUSDT";
  engine.symbol_id = kSymbol;
  engine.strategy = "quoter";
  engine.parameters = "spread_bps=20;quantity=10;position_max=1000;levels=2";
  HubOptions options;
  options.engine_binary = engine_binary();
  options.engines = {engine};
  return options;
}

class HubStage {
 public:
  explicit HubStage(HubOptions options = plain_options()) {
    options.log_folder = folder_.path();
    auto started = EngineHub::start(loop, std::move(options),
                                    [this](const machine::Event& event) { on_event(event); });
    LEVI_CHECK(started);
    hub = std::move(started.value());
    loop.each_round([this] {
      if (hub) hub->drain();
    });
  }
  ~HubStage() { hub.reset(); }

  // Runs the loop until it holds; false at the deadline.
  bool until(const std::function<bool()>& holds) {
    const MonoTime deadline = os::mono_now() + kDeadline;
    while (!holds()) {
      if (os::mono_now() >= deadline) return false;
      loop.run_once(10ms);
    }
    return true;
  }

  void start(EngineId engine = kEngine) {
    machine::StartEngine effect;
    effect.engine = engine;
    effect.engine_incarnation = {++incarnation};
    effect.intents_seen = intents_seen;
    hub->start_engine(effect, now());
    if (position_with_start) update(OrderUpdateKind::kPosition, 0);
  }
  // A started engine that has quoted both sides.
  bool start_quoting() {
    if (!until([&] { return hub->standbys_warm() > 0; })) return false;
    start();
    hub->set_trading(true, now());
    top(99'990, 100'010);
    return until([&] { return placed() >= 4; });
  }
  void top(std::int64_t bid, std::int64_t ask) {
    machine::TopOfBook book;
    book.symbol = kSymbol;
    book.bid_price = Price{bid};
    book.ask_price = Price{ask};
    book.bid_quantity = book.ask_quantity = Quantity{1};
    hub->on_top_of_book(book, now());
  }
  void update(OrderUpdateKind kind, std::uint32_t tag, std::int64_t quantity = 0) {
    EngineUpdate one;
    one.engine = kEngine;
    one.kind = kind;
    one.tag = tag;
    one.quantity = Quantity{quantity};
    one.position = position;
    hub->on_update(one, now());
  }
  void fill(const Intent& order) {
    position += order.side == Side::kBuy ? order.quantity : -order.quantity;
    update(OrderUpdateKind::kFilled, order.tag, order.quantity.value);
  }
  Instant now() const { return os::wall_now(); }

  pid_t pid() const { return hub->status(kEngine).pid; }
  void signal(int number) const { ::kill(pid(), number); }
  bool caught_up() const {
    const EngineStatus status = hub->status(kEngine);
    return status.alive && status.ticks_handled == status.ticks_written;
  }
  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const machine::Event& event : events) {
      if (const T* one = std::get_if<T>(&event)) found.push_back(*one);
    }
    return found;
  }
  template <class T>
  std::size_t count() const {
    return all<T>().size();
  }
  std::size_t placed() const {
    std::size_t number = 0;
    for (const Intent& intent : all<Intent>()) number += intent.kind == IntentKind::kPlace ? 1 : 0;
    return number;
  }
  std::vector<Intent> places() const {
    std::vector<Intent> found;
    for (const Intent& intent : all<Intent>()) {
      if (intent.kind == IntentKind::kPlace) found.push_back(intent);
    }
    return found;
  }

  // Every intent once, in order, whatever happened to the processes.
  ::testing::AssertionResult intents_are_exactly_once() const {
    std::uint64_t expected = first_intent;
    for (const Intent& intent : all<Intent>()) {
      if (intent.intent_number != expected) {
        return ::testing::AssertionFailure()
               << "intent " << intent.intent_number << " where " << expected << " was due";
      }
      ++expected;
    }
    return ::testing::AssertionSuccess();
  }
  // Of each process: up, then its intents, then down, and nothing after that.
  ::testing::AssertionResult events_are_in_order() const {
    std::map<std::uint32_t, int> stage;  // 1: up, 2: down
    for (const machine::Event& event : events) {
      if (const auto* up = std::get_if<EngineUp>(&event)) {
        if (stage[up->engine_incarnation.value]++ != 0)
          return ::testing::AssertionFailure() << "up twice, or after down";
      } else if (const auto* intent = std::get_if<Intent>(&event)) {
        if (stage[intent->engine_incarnation.value] != 1) {
          return ::testing::AssertionFailure()
                 << "intent " << intent->intent_number << " outside its process's life";
        }
      } else if (const auto* down = std::get_if<EngineDown>(&event)) {
        if (stage[down->engine_incarnation.value] == 2)
          return ::testing::AssertionFailure() << "down twice";
        stage[down->engine_incarnation.value] = 2;
      }
    }
    return ::testing::AssertionSuccess();
  }

  os::Loop loop;
  std::unique_ptr<EngineHub> hub;
  std::vector<machine::Event> events;
  std::uint32_t incarnation = 0;
  std::uint64_t intents_seen = 0;
  std::uint64_t first_intent = 1;
  Quantity position;
  bool restarts = true;
  bool opens = true;                 // what is placed is confirmed at once
  bool position_with_start = false;  // told behind the start and never again, as the machine does

 private:
  void on_event(const machine::Event& event) {
    events.push_back(event);
    if (std::holds_alternative<EngineUp>(event) && !position_with_start)
      update(OrderUpdateKind::kPosition, 0);
    if (const auto* intent = std::get_if<Intent>(&event)) on_intent(*intent);
    const auto* down = std::get_if<EngineDown>(&event);
    if (down != nullptr && restarts && down->why != EngineDownWhy::kStopped) start(down->engine);
  }
  void on_intent(const Intent& intent) {
    intents_seen = intent.intent_number;
    if (intent.kind == IntentKind::kCancel) return update(OrderUpdateKind::kCanceled, intent.tag);
    if (intent.kind != IntentKind::kPlace || !opens) return;
    update(OrderUpdateKind::kAccepted, intent.tag);
    update(OrderUpdateKind::kOpen, intent.tag);
  }

  levi::test::TempFolder folder_;
};

// The engine processes of this process, standbys included.
inline std::vector<pid_t> engine_children() {
  std::vector<pid_t> found;
  const auto tasks = os::list_folder("/proc/self/task");
  LEVI_CHECK(tasks);
  for (const std::string& task : tasks.value()) {
    const auto children = os::read_file("/proc/self/task/" + task + "/children");
    if (!children) continue;
    const char* text = children.value().c_str();
    for (char* end = nullptr;; text = end) {
      const long pid = std::strtol(text, &end, 10);
      if (end == text) break;
      found.push_back(static_cast<pid_t>(pid));
    }
  }
  return found;
}

}  // namespace levi::engine::test
