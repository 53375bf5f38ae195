// EngineHub: levid's side of the engine processes. Two halves with two threads:
//
//   EngineHub   trading thread: writes ticks, reads committed intents, moves image and unread ticks
//               into the standby (takeover).
//   Supervisor  its own thread, alive as long as levid (a parent-death signal follows the spawning
//               thread): spawns engines and the warm standby, reaps, watches heartbeats, kills the
//               hung.
// Each incarnation of an engine has its own memfd, never read again after it is drained: no
// fencing, no ABA (channel.h).
//
// Takeover: the pidfd of the dead is readable on the trading thread itself -> its committed intents
// are emitted -> EngineDown is emitted -> the machine decides -> start_engine: image and unread
// ticks go into the channel of a waiting process, which is then let go. EngineUp is emitted with
// the heir's first commit, before its first intents.
//
// When an engine starts empty instead (EngineUp.image false): its first start, after stop_engine,
// after a process that died before its first commit (so an image that kills is not handed on
// twice), when its channel is damaged, and when it did not read a whole ring. The machine's state
// counts then: intents are numbered on from StartEngine.intents_seen, and the machine cancels the
// orders that the new process can't know of.
//
// A full ring never blocks levid. Market ticks are coalesced (only the newest top of book is kept)
// once three quarters are unread; order updates always go in; when not even they fit, the engine
// has not read for a whole ring: it is killed (kHung) and starts empty.
//
// `emit` is called only from `drain` and from the hub's own handlers on the loop, never from within
// the other calls; those may be made from within `emit`. Destroy the hub before the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/fixed_string.h"
#include "core/base/ids.h"
#include "core/engine/tick.h"
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
  std::string parameters;  // the strategy's own settings: "levels=3;spread_bps=10;..."
  int price_exponent = 0;
  int quantity_exponent = 0;
};

// What is wrong with the strategy's name or parameters: kNotFound, kInvalid. An engine whose
// configuration fails here is never spawned: start_engine answers with EngineDown kSpawnFailed.
Status check_engine(const EngineConfig& config);

struct HubOptions {
  std::string engine_binary;  // absolute path of levi-engine
  std::vector<EngineConfig> engines;
  Nanos heartbeat_max{250ms};
  unsigned standby_count = 1;
  bool spin = false;       // engines spin on the tick ring instead of sleeping on it
  std::string log_folder;  // engines' stdout and stderr; "" inherits ours
};

struct EngineStatus {
  EngineId id;
  std::int32_t pid = 0;  // 0: none
  EngineIncarnation incarnation;
  std::uint64_t ticks_written = 0;
  std::uint64_t ticks_handled = 0;    // from the commit word
  std::uint64_t ticks_coalesced = 0;  // market ticks that a newer one replaced
  MonoTime last_heartbeat;
  MonoTime first_commit;  // when this process had handled its first tick
  bool alive = false;
  bool takeover = false;        // it was a warm standby
  bool image = false;           // it has its predecessor's image
  FixedString<127> last_error;  // of the last process that did not end by request
};

class EngineHub {
 public:
  using Emit = std::function<void(const machine::Event&)>;
  // Starts the supervisor thread and the standbys. `emit` is called on the trading thread: Intent,
  // EngineUp, EngineDown.
  static Result<std::unique_ptr<EngineHub>> start(os::Loop& loop, HubOptions options, Emit emit);
  virtual ~EngineHub() = default;

  virtual void on_top_of_book(const machine::TopOfBook& top, Instant received) = 0;
  virtual void on_deal(const machine::Deal& deal, Instant received) = 0;
  virtual void on_update(const machine::EngineUpdate& update, Instant now) = 0;
  // By a standby where one is there. While the engine still runs: as soon as it is down.
  virtual void start_engine(const machine::StartEngine& start, Instant now) = 0;
  virtual void stop_engine(EngineId engine) = 0;  // SIGTERM, after a second SIGKILL
  // A TradingCode: engines are told what levid takes now, so that they don't quote into a sealed
  // latch.
  virtual void set_trading(std::uint8_t code, Instant now) = 0;
  // While an intent of this engine is emitted: when levid received the tick or update that set it
  // off. Its tick_instant is older where the market's last move was.
  virtual Instant set_off(EngineId engine) const = 0;
  virtual EngineStatus status(EngineId engine) const = 0;
  virtual std::vector<EngineStatus> status() const = 0;
  virtual unsigned standbys_warm() const = 0;
  virtual MonoTime supervisor_round() const = 0;  // any thread: when the supervisor last looked
  // SIGTERM, one second, SIGKILL, join: nothing is left. Emits nothing; later calls do nothing.
  virtual void shut_down() = 0;

  // Last thing of each loop round: emits what engines committed, then arms their wake-up of us.
  virtual void drain() = 0;
};

}  // namespace levi::engine
