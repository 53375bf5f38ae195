// The machine's outputs: what the shells are to do. Produced by `step`, in order; on replay they
// are dropped.
//
// An effect may be lost (levid died between `step` and the deed), so whatever must happen is asked
// for again by the machine, on a Timer or at the next Started: queries, cancels, seals, engine
// starts. SendOrder alone never comes twice.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "core/base/fixed_string.h"
#include "core/base/ids.h"
#include "core/machine/event.h"

namespace levi::machine {

struct SendOrder {
  OrderSequence sequence;  // assigned by the machine, in write order, without gaps
  OrderKind kind = OrderKind::kNormal;
  SymbolId symbol;
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  Price price;
  Quantity quantity;
};
// The client id of an order is made of the instance, its kind, the incarnation that created it and
// its sequence (order_ids.h).
struct CancelOrder {
  OrderSequence sequence;
  SymbolId symbol;
  Incarnation incarnation;
  OrderKind kind = OrderKind::kNormal;
};
struct CancelAllOpen {
};  // all symbols, foreign orders included; repeated by the machine until none is open
struct QueryOrder {  // by client id; the shell answers VenueOrderState and, for missing fills,
                     // VenueFill
  OrderSequence sequence;
  SymbolId symbol;
  Incarnation incarnation;
  OrderKind kind = OrderKind::kNormal;
};
struct QueryTrades {  // fills of one order are missing
  OrderSequence sequence;
  SymbolId symbol;
  Incarnation incarnation;
  OrderKind kind = OrderKind::kNormal;
  VenueOrderId venue_order;
};
struct StartEngine {
  EngineId engine;
  EngineIncarnation engine_incarnation;  // of the process to be
  std::uint64_t intents_seen =
      0;  // a process without its predecessor's image numbers its intents from here on
};
struct StopEngine {  // SIGTERM, then SIGKILL
  EngineId engine;
};
struct ResyncBook {
  SourceId source;
  SymbolId symbol;
};
struct PollRest {
  SourceId source;
  bool on = false;
};
struct SealLatch {
  std::uint32_t holder = 0;  // latch::Holder
  FixedString<127> reason;
};
struct OpenLatch {  // compare-exchange on the epoch, after this record is in the journal; the shell
                    // answers `request`
  std::uint64_t request = 0;
  std::uint32_t holder = 0;
  std::uint64_t epoch =
      0;  // never "whatever is current": a kill that the journal has not seen must win
};
enum class AnswerCode : std::uint8_t { kDone = 1, kNotFound, kConflict, kRefused };
struct Answer {  // to the Command with this request number
  std::uint64_t request = 0;
  AnswerCode code = AnswerCode::kDone;
  FixedString<127> text;
};
struct GrantFlatten {  // let `orders_max` flatten orders pass the sealed latch while its epoch is
                       // this one
  std::uint64_t epoch = 0;
  std::uint32_t orders_max = 0;
};
// What an engine is told about its own orders, through its channel. kPosition: at its start, before
// anything else.
enum class OrderUpdateKind : std::uint8_t {
  kAccepted = 1,
  kOpen,
  kFilled,
  kCanceled,
  kRejected,
  kUnknown,
  kPosition
};
struct EngineUpdate {
  EngineId engine;
  std::uint32_t tag = 0;
  OrderUpdateKind kind = OrderUpdateKind::kAccepted;
  Side side = Side::kBuy;
  Price price;
  Quantity quantity;  // filled by this update, or not to be filled any more (canceled, rejected);
                      // else of the order
  Quantity position;  // of the symbol, after it
};
enum class AlertKind : std::uint8_t {
  kEngineFailed = 1,
  kForeignOrder,
  kDailyLoss,
  kReconcileUnsettled,
  kOrderUnknown,
  kMoneyOverflow,
  kDefinitionRefused,
  kFlattenIncomplete,
  kCancelIncomplete
};
const char* to_string(AlertKind kind);
struct Alert {
  AlertKind kind = AlertKind::kEngineFailed;
  FixedString<127> text;
};

using Effect = std::variant<SendOrder, CancelOrder, CancelAllOpen, QueryOrder, QueryTrades,
                            StartEngine, StopEngine, ResyncBook, PollRest, SealLatch, OpenLatch,
                            Answer, GrantFlatten, EngineUpdate, Alert>;
using Effects = std::vector<Effect>;  // the caller's, cleared and reused: `step` appends

}  // namespace levi::machine
