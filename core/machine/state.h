// The machine's state as others may read it. Values only; vectors are indexed by id, maps are ordered.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "core/machine/event.h"

namespace levi::machine {

enum class TradingState : std::uint8_t { kActive = 1, kReducing, kHalted };

// Why an intent was refused: one named reason each, counted.
enum class Refusal : std::uint8_t {
  kNone = 0, kHalted, kReducing, kStaleData, kPoisonedBook, kPositionSize, kOpenPositions, kDailyLoss, kOpenOrders,
  kBelowMinimum, kUnknownPending, kNotTradable, kOverflow, kEngineNotRunning, kNoSuchOrder, kDuplicate, kReconciling,
  kCount
};
const char* to_string(Refusal refusal);

enum class OrderState : std::uint8_t {
  kInFlight = 1,  // journalled; sent or about to be
  kOpen, kPartlyFilled, kFilled, kCanceled, kRejected, kUnsent,
  kUnknown,       // asked by client id until settled; its symbol sends nothing new
};
const char* to_string(OrderState state);
constexpr bool is_terminal(OrderState s) {
  return s == OrderState::kFilled || s == OrderState::kCanceled || s == OrderState::kRejected || s == OrderState::kUnsent;
}

struct Order {
  OrderSequence sequence;
  Incarnation incarnation;  // which start of levid gave it its client id
  OrderKind kind = OrderKind::kNormal;
  EngineId engine;
  std::uint32_t tag = 0;
  SymbolId symbol;
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  OrderState state = OrderState::kInFlight;
  Price price;
  Quantity quantity;
  Quantity filled;           // Σ of our fills
  Quantity executed_venue;   // what the venue says
  Instant created;
  Instant changed;
  VenueOrderId venue_order;
  bool cancel_requested = false;
  std::uint32_t queries = 0;
};

struct Position {
  Quantity quantity;      // signed
  Price average_price;    // of the open part, in price steps (rounded; PnL is computed from `cost`)
  Money cost;             // Σ signed notional of the open part
  Money realised;         // since the beginning of this journal, fees included
  Money fees;
  Money unrealised;       // at the last top of book
};

struct Instrument {
  InstrumentDefined definition;
  bool defined = false;
  TopOfBook top;
  bool book_valid = false;
  Instant last_data;
  Price last_deal;
  Position position;
  std::uint32_t open_orders = 0;
  std::uint32_t unknown_orders = 0;
};

enum class EngineState : std::uint8_t { kStopped = 1, kStarting, kRunning, kFailed };
const char* to_string(EngineState state);
struct Engine {
  EngineDefined definition;
  bool defined = false;
  EngineState state = EngineState::kStopped;
  EngineIncarnation incarnation;  // of the running or last process
  std::int32_t pid = 0;
  Instant since;                  // of this state
  Instant started;
  std::uint64_t intents_seen = 0;  // highest intent number: repeats are dropped
  std::uint64_t restarts = 0;
  std::uint64_t restart_failures = 0;
  std::uint64_t refusals = 0;
  Nanos last_restart_took{0};
  EngineDownWhy last_down = EngineDownWhy::kStopped;
  std::int32_t last_status = 0;
  std::vector<Instant> restart_times;  // the sliding window; bounded by Limits::restarts_max
};

struct Feed {
  bool up = false;
  bool polling = false;
  std::uint64_t connection = 0;
  Instant since;
  std::uint64_t disconnects = 0;
  Nanos last_reconnect_took{0};
  FeedDownWhy last_down = FeedDownWhy::kStopped;
};

struct Counters {
  std::uint64_t events = 0;
  std::uint64_t orders_sent = 0;
  std::uint64_t fills = 0;
  std::uint64_t fills_duplicate = 0;
  std::uint64_t rejected = 0;
  std::uint64_t unknown = 0;
  std::uint64_t foreign = 0;
  std::uint64_t gaps = 0;
  std::uint64_t refused[static_cast<std::size_t>(Refusal::kCount)] = {};
};

struct State {
  Started started;
  Limits limits;
  std::vector<Instrument> instruments;      // by SymbolId
  std::vector<Engine> engines;              // by EngineId
  std::vector<Feed> feeds;                  // by SourceId
  std::map<std::uint64_t, Order> orders;    // by sequence: live ones, and terminal ones until retired
  OrderSequence sequence_last;              // highest assigned, over all incarnations
  std::uint64_t latch_word = 1;             // as last seen; sealed until told otherwise
  std::uint64_t latch_sequence = 0;         // S of the last seal
  TradingState trading = TradingState::kHalted;
  bool reconciling = true;
  Money realised_today;
  Money equity_day_start;
  std::int64_t day = 0;  // days since the epoch of the journal's Instant, UTC
  Instant now;
  Counters counters;
};

}  // namespace levi::machine
