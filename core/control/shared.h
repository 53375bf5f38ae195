// What levid's threads show each other. Plain atomics and bounded queues; no lock is ever shared.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "core/base/fixed_string.h"
#include "core/base/histogram.h"
#include "core/base/instant.h"
#include "core/control/published.h"
#include "core/machine/effect.h"
#include "core/machine/event.h"
#include "core/machine/state.h"
#include "core/os/queue.h"

namespace levi::control {

enum class Phase : std::uint8_t {
  kStarting = 1,
  kRecovering,
  kConnecting,
  kReconciling,
  kRunning,
  kStopping
};
const char* to_string(Phase phase);

inline constexpr std::size_t kEnginesShownMax =
    256;                                           // an engine with a higher id shows no heartbeat
struct EngineShown {                               // trading, by EngineId
  std::atomic<std::int64_t> last_heartbeat_ns{0};  // MonoTime
  std::atomic<std::uint64_t> ticks_handled{0};
  std::atomic<std::uint64_t> ticks_waiting{0};  // written to its channel, not handled yet
};

struct ChaosLease {  // the one run that may break this core now (DESIGN §7)
  FixedString<31> run;
  FixedString<31> scenario;
  FixedString<31> owner;
  MonoTime expires;
  bool active = false;
};

// Written by the owner named, read by control and api for /health, /live/status and /metrics.
struct SharedStatus {
  std::atomic<Phase> phase{Phase::kStarting};     // trading
  std::atomic<std::int64_t> trading_round_ns{0};  // MonoTime of the trading thread's last round
  std::atomic<std::int64_t> persist_round_ns{0};
  // The supervisor's last look at the engines, as trading saw it in its own last round; 0: none
  // yet.
  std::atomic<std::int64_t> supervisor_round_ns{0};
  std::atomic<bool> market_up{false};  // trading
  std::atomic<bool> market_polling{false};
  std::atomic<bool> private_up{false};
  std::atomic<std::int64_t> market_lag_ms{
      0};  // how old the venue's pushes are; 0: within the limit
  std::atomic<std::int64_t> last_market_data_ns{0};  // MonoTime of the last market frame accepted
  std::atomic<std::int64_t> last_market_data_wall_ms{0};
  std::atomic<std::uint64_t> market_reconnects{0};
  std::atomic<std::uint64_t> fees_unknown{0};  // trades whose fee counts as none
  std::atomic<std::uint64_t> deals_unattributed{
      0};                                      // pushes of deals that no order of ours is known to
  std::atomic<double> ring_fill{0};            // trading
  std::atomic<std::uint64_t> journal_last{0};  // sequence
  std::atomic<std::uint64_t> journal_durable{0};  // persist
  std::atomic<std::uint64_t> store_applied{0};    // persist
  std::atomic<bool> store_ok{true};
  std::atomic<bool> journal_ok{true};             // persist: false on ENOSPC, EROFS, EIO
  std::atomic<std::uint64_t> engines_running{0};  // trading
  std::atomic<std::uint64_t> engines_defined{0};
  std::atomic<std::uint64_t> engines_failed{0};
  std::atomic<std::uint64_t> order_connections{0};
  std::atomic<std::uint64_t> open_orders{0};
  std::atomic<std::uint64_t> positions_open{0};  // trading
  std::atomic<machine::TradingState> trading_state{machine::TradingState::kHalted};
  std::atomic<std::int64_t> clock_offset_ms{0};
  std::atomic<std::uint64_t> latch_seals_drained{0};
  std::atomic<bool> latch_path_ok{true};  // trading: the path still names our mapping
  std::atomic<std::uint64_t> kills{0};    // control and api: POST /live/kill that sealed
  std::atomic<std::int64_t> kill_latency_ns{
      0};  // of the last one: request whole -> answer handed to the kernel
  std::atomic<std::uint64_t> control_connections{0};  // control
  std::atomic<std::uint64_t> control_evicted{0};
  std::atomic<std::int64_t> control_round_ns{0};
  std::atomic<bool> audit_ok{true};  // scribe (the API's audit thread)
  std::atomic<std::uint64_t> audit_lines{0};
  std::atomic<std::uint64_t> audit_lost{0};
  std::atomic<std::int64_t> audit_last_wall_ns{0};
  std::array<EngineShown, kEnginesShownMax> engines;
  Published<ChaosLease> chaos;  // api
  // trading: what a start that is not complete waits for ("venue: connection refused"); empty once
  // it trades.
  Published<FixedString<127>> waiting_for;
  // trading: what is wrong between us and the venue while trading goes on ("BTCUSDT: ..."); empty:
  // nothing.
  Published<FixedString<127>> venue_trouble;
  // trading: the tick or update that set an order off received -> order handed to the kernel
  Histogram tick_to_order;
};

// One HTTP thread's line to the trading thread: commands there, answers back, both bounded, both
// woken by eventfd. Each of control and api has its own. A full queue is an answer (503), never a
// wait.
struct CommandAnswer {
  std::uint64_t request = 0;
  machine::AnswerCode code = machine::AnswerCode::kDone;
  FixedString<127> text;
  std::uint64_t latch_word = 0;  // after it
  std::uint64_t granted = 0;     // kFlatten: orders granted (GrantFlatten of the same step)
};
class CommandPort {
 public:
  CommandPort() : commands_(64), answers_(64) {}
  // HTTP side. `request` numbers are unique per port; the low bit says which port (0 api, 1
  // control).
  bool submit(const machine::Event& event) {
    const bool taken = commands_.push(event);
    if (taken && wake_trading_) wake_trading_();
    return taken;
  }
  std::optional<CommandAnswer> next_answer() { return answers_.pop(); }
  // Trading side.
  std::optional<machine::Event> next_command() { return commands_.pop(); }
  bool answer(const CommandAnswer& reply) {
    const bool taken = answers_.push(reply);
    if (taken && wake_http_) wake_http_();
    return taken;
  }
  // Set before the threads start.
  std::function<void()> wake_trading_;
  std::function<void()> wake_http_;

 private:
  os::SpscQueue<machine::Event> commands_;
  os::SpscQueue<CommandAnswer> answers_;
};

}  // namespace levi::control
