// EngineHub: levid's side of the engine processes. Two halves with two threads:
//
//   EngineHub   trading thread: writes ticks, reads committed intents, moves image and unread ticks into the standby (takeover).
//   Supervisor  its own thread, alive as long as levid (a parent-death signal follows the spawning thread): spawns engines and the
//               warm standby, owns pidfds, reaps, watches heartbeats, kills the hung.
// Each incarnation of an engine has its own memfd, never read again after it is drained: no fencing, no ABA.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/machine/effect.h"
#include "core/machine/event.h"
#include "core/os/loop.h"

namespace levi::engine {

struct EngineConfig {
  EngineId id;
  std::string name;
  std::string symbol;
  SymbolId symbol_id;      // which of the market's events are this engine's
  std::string strategy;    // "quoter"
  std::string parameters;  // the strategy's own settings, checked by it before the start: "levels=3;spread_bps=10;..."
  int price_exponent = 0;
  int quantity_exponent = 0;
};

struct HubOptions {
  std::string engine_binary;      // absolute path of levi-engine
  std::vector<EngineConfig> engines;
  Nanos heartbeat_max{250ms};
  unsigned standby_count = 1;
  bool spin = false;              // engines spin on the tick ring instead of sleeping on it
  std::string log_folder;         // engines' stderr
};

struct EngineStatus {
  EngineId id;
  std::int32_t pid = 0;
  EngineIncarnation incarnation;
  std::uint64_t ticks_written = 0;
  std::uint64_t ticks_handled = 0;  // from the commit word
  MonoTime last_heartbeat;
  bool alive = false;
};

class EngineHub {
 public:
  using Emit = std::function<void(const machine::Event&)>;
  // Starts the supervisor thread and the standby. `emit` is called on the trading thread: Intent, EngineUp, EngineDown.
  static Result<std::unique_ptr<EngineHub>> start(os::Loop& loop, HubOptions options, Emit emit);
  virtual ~EngineHub() = default;

  virtual void on_top_of_book(const machine::TopOfBook& top, Instant received) = 0;
  virtual void on_deal(const machine::Deal& deal, Instant received) = 0;
  virtual void on_update(const machine::EngineUpdate& update) = 0;
  virtual void start_engine(EngineId engine, EngineIncarnation incarnation) = 0;  // by the standby where one is warm
  virtual void stop_engine(EngineId engine) = 0;
  // True while levid trades: engines are told, so that they don't quote into a sealed latch.
  virtual void set_trading(bool active) = 0;
  virtual std::vector<EngineStatus> status() const = 0;
  virtual void shut_down() = 0;  // SIGTERM, deadline, SIGKILL, join: nothing is left

  // Called each loop round: reads committed intents and emits them.
  virtual void drain() = 0;
};

}  // namespace levi::engine
