// What crosses the channel: a Tick goes from levid to an engine, an IntentRecord comes back. One
// cache line each.
//
// Plain values without padding, so that equal ticks are equal bytes. Nobody owns them: they live in
// the rings of channel.h.
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/base/decimal.h"
#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/machine/effect.h"
#include "core/machine/event.h"

namespace levi::engine {

// What levid takes of an engine's orders.
enum TradingCode : std::uint8_t { kTakesNone = 0, kTakesAll = 1, kTakesReducing = 2 };

enum class TickKind : std::uint8_t {
  kTop = 1,  // price, quantity: the best bid; ask_price, ask_quantity: the best ask; 0: that side
             // is empty
  kDeal,     // price, quantity, side: the aggressor
  kUpdate,   // of an order of this engine: `code` is machine::OrderUpdateKind, the rest as in
             // machine::EngineUpdate
  kTrading,  // `code` is a TradingCode
  kSeed,     // first tick of an engine without image; `code` as in kTrading
};

struct Tick {
  std::uint64_t number =
      0;            // per engine, from 1, without gaps over its incarnations while levid lives
  Instant instant;  // when levid received it
  TickKind kind = TickKind::kTop;
  std::uint8_t code = 0;
  Side side = Side::kBuy;
  std::uint8_t reserved = 0;
  std::uint32_t tag = 0;
  Price price;
  Quantity quantity;
  Price ask_price;
  Quantity ask_quantity;
  Quantity position;

  machine::OrderUpdateKind update() const { return static_cast<machine::OrderUpdateKind>(code); }
};
static_assert(sizeof(Tick) == 64 && std::is_trivially_copyable_v<Tick>);
static_assert(std::has_unique_object_representations_v<Tick>);

struct IntentRecord {
  std::uint64_t number = 0;  // per engine, from 1, without gaps over all its incarnations
  std::uint64_t tick = 0;    // the top of book that it was decided on,
  Instant tick_instant;      // and when levid received that: the oldest data of the decision
  machine::IntentKind kind = machine::IntentKind::kPlace;
  Side side = Side::kBuy;
  machine::OrderType type = machine::OrderType::kLimit;
  std::uint8_t reserved = 0;
  std::uint32_t tag = 0;
  Price price;
  Quantity quantity;
  Instant set_off;  // when levid received the tick or update after which it was decided
  std::uint64_t spare = 0;
};
static_assert(sizeof(IntentRecord) == 64 && std::is_trivially_copyable_v<IntentRecord>);
static_assert(std::has_unique_object_representations_v<IntentRecord>);

}  // namespace levi::engine
