// The machine's state as others may read it. Values only; vectors are indexed by id, maps are
// ordered.
//
// "Derived" fields follow from the others: they are kept for speed, are not serialized and not
// hashed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "core/base/latch_word.h"
#include "core/machine/event.h"

namespace levi::machine {

// Terminal orders stay until this many later ones are terminal too, for late messages and for those
// who reconcile ledgers. Only settled ones go (every fill that the venue counts has been seen), so
// a fill of an order that is gone is a repeat.
inline constexpr std::size_t kTerminalOrdersKept = 20'000;
inline constexpr std::size_t kTradesPerOrderMax = 10'000;
// Of a grant, for each position: orders in a row that closed nothing of it, and orders at all.
inline constexpr std::uint32_t kFlattenTriesMax = 8;
inline constexpr std::uint32_t kFlattenOrdersMax = 100;
inline constexpr std::size_t kForeignKept = 64;
inline constexpr std::size_t kHolesMax = 64;
inline constexpr std::size_t kAncestorsMax = 64;

enum class TradingState : std::uint8_t {
  kActive = 1,
  kReducing,  // only orders that shrink a position: the day's loss is reached and the latch was
              // resumed
  kHalted,    // sealed, about to be, or reconciling
};
const char* to_string(TradingState state);

// Why an intent was refused: one named reason each, counted.
enum class Refusal : std::uint8_t {
  kNone = 0,
  kHalted,
  kReducing,
  kStaleData,
  kPoisonedBook,
  kPositionSize,
  kOpenPositions,
  kDailyLoss,
  kOpenOrders,
  kBelowMinimum,
  kUnknownPending,
  kNotTradable,
  kOverflow,
  kEngineNotRunning,
  kNoSuchOrder,
  kDuplicate,
  kReconciling,
  kCount
};
const char* to_string(Refusal refusal);

enum class OrderState : std::uint8_t {
  kInFlight = 1,  // journalled; sent or about to be
  kOpen,
  kPartlyFilled,
  kFilled,
  kCanceled,
  kRejected,
  kUnsent,
  kUnknown,  // asked by client id until settled; its symbol sends nothing new
};
const char* to_string(OrderState state);
constexpr bool is_terminal(OrderState s) {
  return s == OrderState::kFilled || s == OrderState::kCanceled || s == OrderState::kRejected ||
         s == OrderState::kUnsent;
}

inline constexpr EngineId kNoEngine{0xffff};  // of a flatten order, or one adopted from the venue

struct Order {
  OrderSequence sequence;
  Incarnation incarnation;  // which start of levid gave it its client id
  OrderKind kind = OrderKind::kNormal;
  EngineId engine = kNoEngine;
  EngineIncarnation engine_incarnation;
  std::uint32_t tag = 0;
  SymbolId symbol;
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  OrderState state = OrderState::kInFlight;
  Price price;
  Quantity quantity;
  Quantity filled;          // Σ of our fills
  Quantity executed_venue;  // what the venue says; never below `filled`
  Instant created;
  Instant changed;
  VenueOrderId venue_order;
  bool cancel_requested = false;
  std::uint32_t queries = 0;    // since it became unknown or unsettled
  Instant asked;                // when it was last queried
  Instant cancel_asked;         // when its cancel was last sent
  std::vector<TradeId> trades;  // of its fills: a repeat is recognised by these
};
// Terminal, and every fill that the venue counts has been seen.
constexpr bool is_settled(OrderState state, Quantity filled, Quantity executed_venue) {
  return is_terminal(state) && filled >= executed_venue;
}
inline bool is_settled(const Order& order) {
  return is_settled(order.state, order.filled, order.executed_venue);
}

struct Position {
  Quantity quantity;    // signed
  Price average_price;  // of the open part, in price steps (rounded; PnL is computed from `cost`)
  Money cost;           // Σ signed notional of the open part
  Money realised;       // since the beginning of this journal, fees included
  Money fees;
  Money unrealised;  // at the last top of book: what closing at the best opposite price would add
};

struct Instrument {
  InstrumentDefined definition;
  bool defined = false;
  TopOfBook top;
  bool book_valid = false;
  Instant last_data;     // when both sides were last seen, and not crossed
  Instant resync_asked;  // because they were not for too long
  Price last_deal;
  Position position;
  std::uint32_t flatten_tries = 0;  // flatten orders since one of them was filled, of this grant
  // Derived.
  std::uint32_t open_orders = 0;  // not terminal, unknown ones included
  std::uint32_t unknown_orders = 0;
  std::uint32_t unsettled_orders = 0;  // terminal, fills missing
  Quantity buy_pending;                // what orders of that side can still add by fills
  Quantity sell_pending;
};

enum class EngineState : std::uint8_t { kStopped = 1, kStarting, kRunning, kFailed };
const char* to_string(EngineState state);
struct Engine {
  EngineDefined definition;
  bool defined = false;
  bool wanted = true;            // false after a stop command, until a start command
  bool stopping = false;         // StopEngine was sent, EngineDown has not come
  bool restart_pending = false;  // a restart command waits for EngineDown
  EngineState state = EngineState::kStopped;
  EngineIncarnation incarnation;  // of the running or last process
  std::int32_t pid = 0;
  Instant since;  // of this state
  Instant started;
  std::uint64_t intents_seen = 0;  // highest intent number: repeats are dropped
  std::uint64_t restarts = 0;
  std::uint64_t restart_failures = 0;
  std::uint64_t refusals = 0;
  Nanos last_restart_took{0};
  EngineDownWhy last_down = EngineDownWhy::kStopped;
  std::int32_t last_status = 0;
  std::vector<Instant>
      restart_times;  // the sliding window (policy/restart); bounded by Limits::restarts_max
};

struct Feed {
  bool up = false;
  bool polling = false;
  bool poll_asked = false;  // PollRest{on} was sent
  std::uint64_t connection = 0;
  Instant since;
  std::uint64_t disconnects = 0;
  Nanos last_reconnect_took{0};
  FeedDownWhy last_down = FeedDownWhy::kStopped;
};

struct Counters {
  std::uint64_t events = 0;
  std::uint64_t ignored = 0;  // events that name nothing known, or contradict what is final
  std::uint64_t orders_sent = 0;
  std::uint64_t fills = 0;
  std::uint64_t fills_duplicate = 0;
  std::uint64_t fills_late = 0;  // counted after the order was terminal
  std::uint64_t rejected = 0;
  std::uint64_t unknown = 0;
  std::uint64_t adopted = 0;
  std::uint64_t foreign = 0;
  std::uint64_t gaps = 0;
  std::uint64_t signals = 0;
  std::uint64_t refused[static_cast<std::size_t>(Refusal::kCount)] = {};
};

// The answer to a seal, or to a cancel-all command: repeated until every order up to `up_to` is
// terminal and no foreign one was reported since the last round.
struct CancelAll {
  bool active = false;
  bool foreign_seen = false;
  std::uint64_t up_to = 0;
  std::uint32_t rounds = 0;
};

// A grant to close positions while sealed by this epoch.
struct Flatten {
  bool active = false;
  bool all_symbols = false;
  SymbolId symbol;
  std::uint64_t epoch = 0;
  std::uint32_t orders_max = 0;
  std::uint32_t orders_sent = 0;
};

struct SequenceRange {  // inclusive
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

// An instance whose journal this one is a copy of: its orders up to here were taken over, and stand
// at the venue under its name.
struct Ancestor {
  InstanceId instance;
  Incarnation incarnation_last;
  OrderSequence sequence_last;
};

struct State {
  Started started;
  Instant started_at;
  std::vector<Ancestor> ancestors;  // oldest first
  Limits limits;
  std::vector<Instrument> instruments;    // by SymbolId
  std::vector<Engine> engines;            // by EngineId
  std::vector<Feed> feeds;                // by SourceId
  std::map<std::uint64_t, Order> orders;  // by sequence: live ones, and terminal ones until retired
  OrderSequence sequence_last;            // highest assigned or adopted, over all incarnations
  std::vector<SequenceRange>
      holes;  // below it, but not in this journal: lost above the watermark, still adoptable
  std::vector<VenueOrderId> foreign;  // alerted already; the oldest go first

  std::uint64_t latch_word = 1;      // as last seen; sealed until told otherwise
  std::uint64_t latch_sequence = 0;  // S of the last seal
  std::uint32_t seals_wanted = 0;    // holders that the machine has asked to seal and not yet seen
  FixedString<31> chaos_actor;       // who holds the latch as kChaos: "chaos:<run>"
  CancelAll cancel_all;
  Flatten flatten;

  bool reconciling = true;
  Instant reconciling_since;       // without an end in between, however often it was begun anew
  bool reconcile_overdue = false;  // it takes so long that the latch was asked for, once
  // Every fill up to here was pushed or asked for: from here on the next reconciliation looks.
  Instant reconciled_to;
  Instant reconciling_to;      // the same once the one that runs, or ran last, has ended well
  bool start_settled = false;  // the first reconciliation after Started is done
  std::uint32_t reconcile_unsettled = 0;  // what the shell could not settle in the last one

  Money realised_today;
  Money equity;  // Σ realised + unrealised
  Money equity_day_start;
  bool daily_loss_reached = false;  // until the day changes
  std::int64_t daily_losses = 0;    // how many limits were lost, in whole: each seals once that day
  std::int64_t day = 0;             // days since the epoch of the journal's Instant, UTC
  ChaosMark chaos{.run = {},
                  .scenario = {},
                  .owner = {},
                  .begin = false};  // the run that is on; begin false: none
  StoreState store;
  Instant now;
  Counters counters;

  // Derived.
  TradingState trading = TradingState::kHalted;
  std::uint32_t open_orders = 0;
  std::uint32_t unknown_orders = 0;
  std::uint32_t unsettled_orders = 0;
  std::uint32_t open_positions = 0;    // symbols with a position
  std::uint32_t occupied_symbols = 0;  // with a position or something that may become one

  latch::Word latch() const { return {latch_word}; }
};

// Orders whose outcome or fills are not known: kReconcile is not released while there are any.
inline std::uint32_t unsettled(const State& state) {
  return state.unknown_orders + state.unsettled_orders + state.reconcile_unsettled;
}

}  // namespace levi::machine
