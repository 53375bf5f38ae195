// The machine's inputs. Each is a trivially copyable record body: what is journalled is these bytes
// (docs/journal-format.md).
//
// A type's layout never changes once released: a new layout is a new type with a new number. No
// record has padding (checked below), so equal events are equal bytes, and no stack garbage reaches
// a disk; `reserved` bytes are zero. Text in a record is data from outside; `event_from`
// (machine.h) checks every FixedString, enum, bool and range before anything uses it.
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

// Raised when `step` would give another state for the same journal. 2: the state names ancestors.
// 3: it knows since when it runs and has been reconciling, up to when no fill is missing, which
// books are broken, which closing orders moved nothing, and how often the loss reached its limit.
inline constexpr std::uint32_t kMachineVersion = 3;
inline constexpr std::uint32_t kMachineVersionOldest = 1;  // whose snapshots are still read

// Bounds of what a record may say. Below them no sum of two overflows 64 bits.
inline constexpr std::int64_t kCountMax = std::int64_t{1} << 60;  // prices and quantities, in steps
inline constexpr std::int64_t kMoneyMax = std::int64_t{1} << 61;  // 23 billion of the quote asset
inline constexpr std::int64_t kTimeMax = std::int64_t{1}
                                         << 62;  // journal time and durations: until the year 2116
inline constexpr std::uint64_t kSequenceMax =
    (std::uint64_t{1} << 48) - 1;  // what a client order id can carry
inline constexpr std::uint32_t kIncarnationMax = (1u << 24) - 1;
inline constexpr std::uint16_t kSymbolsMax =
    1024;  // ids are indices: a hostile one must not cost memory
inline constexpr std::uint16_t kEnginesMax = 256;
inline constexpr std::uint8_t kSourcesMax = 16;

inline constexpr SourceId kPrivateSource{
    1};  // orders and deals of the account; every other source is market data

template <std::size_t N>
using Reserved = std::array<std::uint8_t, N>;

// --- configuration: journalled at every start, so that a journal replays without its config file
// ---

struct Started {  // 1: levid began; the first record of an incarnation
  Incarnation incarnation;
  std::uint32_t machine_version = kMachineVersion;
  std::array<char, 32> boot_id{};
  InstanceId instance;
  std::int64_t wall_ns = 0;
  std::int64_t mono_ns =
      0;  // CLOCK_MONOTONIC at this record's instant: the stream's readers convert with it
  std::uint64_t latch_word = 0;
};

struct Limits {                        // 2
  Money daily_loss_max{200'00000000};  // positive; reached: sealed as kDailyLoss, after a resume
                                       // only reducing that day
  Money position_notional_max{
      1000'00000000};  // per symbol, absolute, as if every open order of that side were filled
  std::uint32_t open_positions_max = 5;
  std::uint32_t open_orders_max = 400;  // over all symbols (the venue allows 500)
  Nanos data_age_max{1s};
  std::uint32_t restarts_max = 5;
  Reserved<4> reserved{};
  Nanos restart_window{600s};
  Nanos polling_after{
      5s};  // a market feed that is down for longer is replaced by REST polling; 0: never
};

// A symbol's id and name belong together for the life of the journal: a start looks the name up in
// the state first. New exponents are taken only while the symbol has neither position nor open
// order.
struct InstrumentDefined {  // 3: from the venue's exchangeInfo
  SymbolId symbol;
  SymbolName name;
  std::int8_t price_exponent = 0;
  std::int8_t quantity_exponent = 0;
  Reserved<4> reserved1{};
  Quantity quantity_min;  // one step or more
  Money notional_min;
  bool tradable = true;
  Reserved<7> reserved2{};
};

struct EngineDefined {  // 4: id and name belong together, as for symbols; starts the engine where
                        // it is to run
  EngineId engine;
  SymbolId symbol;
  FixedString<23> name;      // "mm-btcusdt"
  FixedString<23> strategy;  // "quoter"
  bool enabled = true;
  Reserved<1> reserved{};
};

// --- market ---

struct TopOfBook {  // 10: an empty side has price and quantity 0
  SourceId source;
  Reserved<1> reserved1{};
  SymbolId symbol;
  Reserved<4> reserved2{};
  std::uint64_t version = 0;
  Price bid_price;
  Quantity bid_quantity;
  Price ask_price;
  Quantity ask_quantity;
};

struct Deal {  // 11
  SourceId source;
  Reserved<1> reserved1{};
  SymbolId symbol;
  Side aggressor = Side::kBuy;
  Reserved<3> reserved2{};
  Price price;
  Quantity quantity;
};

struct BookGap {  // 12: the book of this symbol is poisoned until the next TopOfBook
  SourceId source;
  Reserved<1> reserved1{};
  SymbolId symbol;
  Reserved<4> reserved2{};
  std::uint64_t expected_version = 0;
  std::uint64_t received_version = 0;
};

enum class FeedDownWhy : std::uint8_t {
  kClosed = 1,
  kReset,
  kSilent,
  kRefused,
  kProtocol,
  kRenewed,
  kStopped
};
struct FeedUp {  // 13: the first book-building frame of a connection was accepted
  SourceId source;
  Reserved<7> reserved1{};
  std::uint64_t connection = 0;  // ordinal of the connection in this process
  Nanos since_down{0};           // from the loss (or the start) to this instant: the reconnect time
  bool polling = false;          // REST polling instead of a WebSocket
  Reserved<7> reserved2{};
};
struct FeedDown {  // 14: the books of its symbols are poisoned until the next TopOfBook
  SourceId source;
  Reserved<7> reserved1{};
  std::uint64_t connection = 0;
  FeedDownWhy why = FeedDownWhy::kClosed;
  Reserved<7> reserved2{};
};

// --- engines ---

enum class IntentKind : std::uint8_t { kPlace = 1, kCancel = 2, kSignal = 3 };
enum class OrderType : std::uint8_t {
  kLimit = 1,
  kLimitMaker,
  kImmediateOrCancel,
  kFillOrKill,
  kMarket
};

struct Intent {  // 20: committed by an engine
  EngineId engine;
  Reserved<2> reserved1{};
  EngineIncarnation engine_incarnation;
  std::uint64_t intent_number =
      0;  // per engine, from 1, without gaps over all incarnations: a repeat is dropped
  IntentKind kind = IntentKind::kPlace;
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  Reserved<5> reserved2{};
  Price price;
  Quantity quantity;
  std::uint32_t tag =
      0;  // the engine's own name for the order, free again once that is terminal: kCancel names it
  Reserved<4> reserved3{};
  std::uint64_t tick = 0;  // the tick that it was decided on
  Instant tick_instant;    // and when levid received that: staleness is now - this
};

// Order of records at a death: the dead process's committed intents first, then EngineDown, then
// its successor's EngineUp.
struct EngineUp {  // 21: the process handled its first tick (or its first image load, when no tick
                   // is waiting)
  EngineId engine;
  Reserved<2> reserved1{};
  EngineIncarnation engine_incarnation;
  std::int32_t pid = 0;
  bool takeover = false;  // from the warm standby
  bool image = false;     // it was given its predecessor's state: without, the machine cancels the
                          // orders it can't know of
  Reserved<2> reserved2{};
  Nanos since_down{0};  // 0 at the first start
};
enum class EngineDownWhy : std::uint8_t { kExited = 1, kSignalled, kHung, kStopped, kSpawnFailed };
struct EngineDown {  // 22
  EngineId engine;
  Reserved<2> reserved1{};
  EngineIncarnation engine_incarnation;
  std::int32_t pid = 0;
  EngineDownWhy why = EngineDownWhy::kExited;
  Reserved<3> reserved2{};
  std::int32_t status = 0;  // exit code or signal
};

// --- the venue's answers. `sequence` names our order; `foreign` orders come as ForeignOrder ---

struct VenueAck {  // 30
  OrderSequence sequence;
  VenueOrderId venue_order;
};
struct VenueFill {  // 31: deduplicated inside the machine by (order, trade), hence (symbol, trade)
  OrderSequence sequence;
  SymbolId symbol;
  TradeId trade;
  Side side = Side::kBuy;
  Reserved<5> reserved1{};
  Price price;
  Quantity quantity;
  Money fee;  // in the quote asset; negative: a rebate
  bool maker = false;
  OrderKind kind = OrderKind::kNormal;  // this and `incarnation` are read out of the client order
                                        // id: an order that
  Reserved<2>
      reserved2{};  // the journal lost (a power cut above the watermark) is adopted by its fill
  Incarnation incarnation;  // 0: not known
};
struct VenueCanceled {  // 32: terminal, also for the rest of a partly filled order
  OrderSequence sequence;
  Quantity executed;  // by the venue's count; the machine asks for missing fills where Σ fills is
                      // smaller
};
struct VenueRejected {  // 33
  OrderSequence sequence;
  std::int32_t code = 0;
  FixedString<63> reason;
  Reserved<4> reserved{};
};
enum class UnknownWhy : std::uint8_t {
  kTimeout = 1,
  kConnectionLost,
  kServerError,
  kShortSend,
  kFenced,
  kRestart
};
struct VenueUnknown {  // 34: the outcome of the send is not known; ask, never resend
  OrderSequence sequence;
  UnknownWhy why = UnknownWhy::kTimeout;
  Reserved<7> reserved{};
};
struct OrderUnsent {  // 35: never left this process
  OrderSequence sequence;
  bool sealed = false;  // the latch was closed; else the connection could not take it
  Reserved<7> reserved{};
};
enum class VenueStatus : std::uint8_t {
  kNew = 1,
  kPartlyFilled,
  kFilled,
  kCanceled,
  kPartlyCanceled,
  kNotFound
};
struct VenueOrderState {  // 36: the answer to a query, or a line of open orders at reconciliation
  OrderSequence sequence;
  SymbolId symbol;
  VenueStatus status = VenueStatus::kNew;
  Reserved<5> reserved1{};
  Quantity executed;
  VenueOrderId venue_order;
  bool not_found_final =
      false;  // kNotFound after serverTime > signing time + recvWindow + 1 s, twice
  // What the venue says the order is: an order with our prefix that the journal lost is adopted
  // from this.
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  OrderKind kind = OrderKind::kNormal;
  Incarnation incarnation;  // 0: not known (kNotFound)
  Price price;
  Quantity quantity;
};
struct CancelFailed {  // 37: the venue refused or did not answer a cancel
  OrderSequence sequence;
  std::int32_t code = 0;
  Reserved<4> reserved{};
};
struct ForeignOrder {  // 38: an open order on the account without our prefix, or of another
                       // instance
  SymbolId symbol;
  VenueOrderId venue_order;
  FixedString<47> client_id;
};
struct ReconcileStarted {  // 39: nothing is traded until ReconcileDone
  Instant since;           // trades are asked from here on
};
struct ReconcileDone {  // 40: symbols with something unsettled are named by the machine's own state
  std::uint32_t orders_checked = 0;
  std::uint32_t fills_added = 0;
  std::uint32_t unsettled = 0;
};

// --- commands, the latch, time ---

enum class CommandKind : std::uint8_t {
  kResume = 1,
  kEngineStart,
  kEngineStop,
  kEngineRestart,
  kFlatten,
  kCancelAll
};
struct Command {              // 50: from an authenticated request; already in the audit chain
  std::uint64_t request = 0;  // answered by this number
  CommandKind kind = CommandKind::kResume;
  Reserved<3> reserved1{};
  std::uint32_t holder = 0;  // latch::Holder for kResume
  std::uint64_t epoch =
      0;  // kResume, kFlatten: the epoch that the operator saw; 0 for the one last journalled
  EngineId engine;
  SymbolId symbol;
  bool all_symbols = false;  // kFlatten
  FixedString<31> actor;     // a person, or "chaos:<run>"
  FixedString<127> reason;
  Reserved<3> reserved2{};
};
struct LatchSeen {  // 51: the word, whenever the trading thread finds it changed
  std::uint64_t word = 0;
  std::uint64_t sequence_last = 0;  // S at that moment
  std::uint32_t holders_new = 0;
  FixedString<127> reason;
  FixedString<31> actor;  // of the newest seal's slot
  Reserved<4> reserved{};
};
enum class TimerKind : std::uint8_t { kSecond = 1 };
struct Timer {  // 52: once a second while levid runs: staleness, day change, retries
  TimerKind kind = TimerKind::kSecond;
};
struct ChaosMark {  // 53: a chaos run began or ended (POST/DELETE /chaos/lease), so that the
                    // journal shows "is this us?"
  FixedString<31> run;
  FixedString<31> scenario;
  FixedString<31> owner;
  bool begin = true;
};
struct StoreState {  // 54: the projection fell behind or caught up; degraded, never a reason to
                     // stop
  bool behind = false;
  Reserved<7> reserved{};
  std::uint64_t lag_records = 0;
  FixedString<63> why;
};

using Event = std::variant<Started, Limits, InstrumentDefined, EngineDefined, TopOfBook, Deal,
                           BookGap, FeedUp, FeedDown, Intent, EngineUp, EngineDown, VenueAck,
                           VenueFill, VenueCanceled, VenueRejected, VenueUnknown, OrderUnsent,
                           VenueOrderState, CancelFailed, ForeignOrder, ReconcileStarted,
                           ReconcileDone, Command, LatchSeen, Timer, ChaosMark, StoreState>;

template <class Variant>
struct AllRecords;
template <class... T>
struct AllRecords<std::variant<T...>> {
  static constexpr bool value =
      ((std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>)&&...);
};
static_assert(AllRecords<Event>::value, "a record has padding: name the bytes `reserved`");

// The words of the surface and of the store (docs/api.md, Events).
const char* to_string(FeedDownWhy why);
const char* to_string(IntentKind kind);
const char* to_string(OrderType type);
const char* to_string(EngineDownWhy why);
const char* to_string(UnknownWhy why);
const char* to_string(VenueStatus status);
const char* to_string(CommandKind kind);

}  // namespace levi::machine
