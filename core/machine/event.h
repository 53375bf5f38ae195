// The machine's inputs. Each is a trivially copyable record body: what is journalled is these bytes (docs/journal-format.md).
//
// A type's layout never changes once released: a new layout is a new type with a new number. Text in a record is data
// from outside; replay checks every FixedString with `valid()` and every enum with its range before use.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>
#include <variant>

#include "core/base/decimal.h"
#include "core/base/fixed_string.h"
#include "core/base/ids.h"
#include "core/base/instant.h"

namespace levi::machine {

inline constexpr std::uint32_t kMachineVersion = 1;  // raised when `step` would give another state for the same journal

// --- configuration: journalled at every start, so that a journal replays without its config file ---

struct Started {  // 1: levid began; the first record of an incarnation
  Incarnation incarnation;
  std::uint32_t machine_version = kMachineVersion;
  std::array<char, 32> boot_id{};
  InstanceId instance;
  std::int64_t wall_ns = 0;
  std::int64_t mono_ns = 0;  // CLOCK_MONOTONIC at this record's instant: the stream's readers convert with it
  std::uint64_t latch_word = 0;
};

struct Limits {  // 2
  Money daily_loss_max{200'00000000};         // positive; ACTIVE -> REDUCING is not enough: seals as kDailyLoss
  Money position_notional_max{1000'00000000};  // per symbol, absolute
  std::uint32_t open_positions_max = 5;
  std::uint32_t open_orders_max = 400;        // over all symbols (the venue allows 500)
  Nanos data_age_max{1s};
  std::uint32_t restarts_max = 5;
  Nanos restart_window{600s};
};

struct InstrumentDefined {  // 3: from the venue's exchangeInfo
  SymbolId symbol;
  SymbolName name;
  std::int8_t price_exponent = 0;
  std::int8_t quantity_exponent = 0;
  Quantity quantity_min;  // one step or more
  Money notional_min;
  bool tradable = true;
};

struct EngineDefined {  // 4
  EngineId engine;
  SymbolId symbol;
  FixedString<23> name;      // "mm-btcusdt"
  FixedString<23> strategy;  // "quoter"
  bool enabled = true;
};

// --- market ---

struct TopOfBook {  // 10
  SourceId source;
  SymbolId symbol;
  std::uint64_t version = 0;
  Price bid_price;
  Quantity bid_quantity;
  Price ask_price;
  Quantity ask_quantity;
};

struct Deal {  // 11
  SourceId source;
  SymbolId symbol;
  Side aggressor = Side::kBuy;
  Price price;
  Quantity quantity;
};

struct BookGap {  // 12: the book of this symbol is poisoned until the next TopOfBook
  SourceId source;
  SymbolId symbol;
  std::uint64_t expected_version = 0;
  std::uint64_t received_version = 0;
};

enum class FeedDownWhy : std::uint8_t { kClosed = 1, kReset, kSilent, kRefused, kProtocol, kRenewed, kStopped };
struct FeedUp {  // 13: the first book-building frame of a connection was accepted
  SourceId source;
  std::uint64_t connection = 0;  // ordinal of the connection in this process
  Nanos since_down{0};           // from the loss (or the start) to this instant: the reconnect time
  bool polling = false;          // REST polling instead of a WebSocket
};
struct FeedDown {  // 14
  SourceId source;
  std::uint64_t connection = 0;
  FeedDownWhy why = FeedDownWhy::kClosed;
};

// --- engines ---

enum class IntentKind : std::uint8_t { kPlace = 1, kCancel = 2, kSignal = 3 };
enum class OrderType : std::uint8_t { kLimit = 1, kLimitMaker, kImmediateOrCancel, kFillOrKill, kMarket };

struct Intent {  // 20: committed by an engine
  EngineId engine;
  EngineIncarnation engine_incarnation;
  std::uint64_t intent_number = 0;  // per engine, from 1, without gaps over all incarnations: a repeat is dropped
  IntentKind kind = IntentKind::kPlace;
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  Price price;
  Quantity quantity;
  std::uint32_t tag = 0;       // the engine's own name for the order: kCancel names it again
  std::uint64_t tick = 0;      // the tick that it was decided on
  Instant tick_instant;        // and when levid received that: staleness is now - this
};

struct EngineUp {  // 21: the process handled its first tick (or its first image load, when no tick is waiting)
  EngineId engine;
  EngineIncarnation engine_incarnation;
  std::int32_t pid = 0;
  bool takeover = false;     // from the warm standby
  Nanos since_down{0};       // 0 at the first start
};
enum class EngineDownWhy : std::uint8_t { kExited = 1, kSignalled, kHung, kStopped, kSpawnFailed };
struct EngineDown {  // 22
  EngineId engine;
  EngineIncarnation engine_incarnation;
  std::int32_t pid = 0;
  EngineDownWhy why = EngineDownWhy::kExited;
  std::int32_t status = 0;  // exit code or signal
};

// --- the venue's answers. `sequence` names our order; `foreign` orders come as ForeignOrder ---

struct VenueAck {  // 30
  OrderSequence sequence;
  VenueOrderId venue_order;
};
struct VenueFill {  // 31: deduplicated by (symbol, trade) inside the machine
  OrderSequence sequence;
  SymbolId symbol;
  TradeId trade;
  Side side = Side::kBuy;
  Price price;
  Quantity quantity;
  Money fee;  // in the quote asset
  bool maker = false;
};
struct VenueCanceled {  // 32: terminal, also for the rest of a partly filled order
  OrderSequence sequence;
  Quantity executed;  // by the venue's count; the machine asks for missing fills where Σ fills is smaller
};
struct VenueRejected {  // 33
  OrderSequence sequence;
  std::int32_t code = 0;
  FixedString<63> reason;
};
enum class UnknownWhy : std::uint8_t { kTimeout = 1, kConnectionLost, kServerError, kShortSend, kFenced, kRestart };
struct VenueUnknown {  // 34: the outcome of the send is not known; ask, never resend
  OrderSequence sequence;
  UnknownWhy why = UnknownWhy::kTimeout;
};
struct OrderUnsent {  // 35: never left this process
  OrderSequence sequence;
  bool sealed = false;  // the latch was closed; else the connection could not take it
};
enum class VenueStatus : std::uint8_t { kNew = 1, kPartlyFilled, kFilled, kCanceled, kPartlyCanceled, kNotFound };
struct VenueOrderState {  // 36: the answer to a query, or a line of open orders at reconciliation
  OrderSequence sequence;
  SymbolId symbol;
  VenueStatus status = VenueStatus::kNew;
  Quantity executed;
  VenueOrderId venue_order;
  bool not_found_final = false;  // kNotFound after serverTime > signing time + recvWindow + 1 s, twice
};
struct CancelFailed {  // 37: the venue refused or did not answer a cancel
  OrderSequence sequence;
  std::int32_t code = 0;
};
struct ForeignOrder {  // 38: an open order on the account without our prefix, or of another instance
  SymbolId symbol;
  VenueOrderId venue_order;
  FixedString<47> client_id;
};
struct ReconcileStarted {};  // 39
struct ReconcileDone {       // 40: per start; symbols with something unsettled are named by the machine's own state
  std::uint32_t orders_checked = 0;
  std::uint32_t fills_added = 0;
  std::uint32_t unsettled = 0;
};

// --- commands, the latch, time ---

enum class CommandKind : std::uint8_t { kResume = 1, kEngineStart, kEngineStop, kEngineRestart, kFlatten, kCancelAll };
struct Command {  // 50: from an authenticated request; already in the audit chain
  std::uint64_t request = 0;  // answered by this number
  CommandKind kind = CommandKind::kResume;
  std::uint32_t holder = 0;   // latch::Holder for kResume
  std::uint64_t epoch = 0;    // kResume: the epoch that the operator saw, 0 for the current one; kFlatten: the grant's
  EngineId engine;
  SymbolId symbol;
  bool all_symbols = false;   // kFlatten
  FixedString<31> actor;
  FixedString<127> reason;
};
struct LatchSeen {  // 51: the word, whenever the trading thread finds it changed
  std::uint64_t word = 0;
  std::uint64_t sequence_last = 0;  // S at that moment
  std::uint32_t holders_new = 0;
  FixedString<127> reason;
};
enum class TimerKind : std::uint8_t { kSecond = 1 };
struct Timer {  // 52: once a second while levid runs: staleness, day change, retries
  TimerKind kind = TimerKind::kSecond;
};
struct ChaosMark {  // 53: a chaos run began or ended (POST/DELETE /chaos/lease), so that the journal shows "is this us?"
  FixedString<31> run;
  FixedString<31> scenario;
  FixedString<31> owner;
  bool begin = true;
};
struct StoreState {  // 54: the projection fell behind or caught up; degraded, never a reason to stop
  bool behind = false;
  std::uint64_t lag_records = 0;
  FixedString<63> why;
};

using Event = std::variant<Started, Limits, InstrumentDefined, EngineDefined, TopOfBook, Deal, BookGap, FeedUp, FeedDown,
                           Intent, EngineUp, EngineDown, VenueAck, VenueFill, VenueCanceled, VenueRejected, VenueUnknown,
                           OrderUnsent, VenueOrderState, CancelFailed, ForeignOrder, ReconcileStarted, ReconcileDone,
                           Command, LatchSeen, Timer, ChaosMark, StoreState>;

}  // namespace levi::machine
