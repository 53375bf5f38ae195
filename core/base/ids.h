// Identifiers. Strong types: a symbol can't be passed for an engine.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "core/base/fixed_string.h"

namespace levi {

template <class Tag, class Int>
struct Id {
  Int value = 0;
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

using SymbolId = Id<struct SymbolTag, std::uint16_t>;  // index into the machine's instruments
using EngineId = Id<struct EngineTag, std::uint16_t>;  // index into the machine's engines, from 0
using SourceId = Id<struct SourceTag, std::uint8_t>;   // a feed: several may carry one symbol later
using Incarnation = Id<struct IncarnationTag,
                       std::uint32_t>;  // which start of levid, fsynced before the first send
using EngineIncarnation =
    Id<struct EngineIncarnationTag, std::uint32_t>;  // which process of an engine
using OrderSequence =
    Id<struct OrderSequenceTag, std::uint64_t>;  // gateway-wide, in write order, from 1
using RecordSequence = Id<struct RecordSequenceTag, std::uint64_t>;  // of a journal record, from 1

enum class Side : std::uint8_t { kBuy = 1, kSell = 2 };
const char* to_string(Side side);  // "buy"
constexpr Side opposite(Side side) { return side == Side::kBuy ? Side::kSell : Side::kBuy; }

using SymbolName = FixedString<23>;    // "BTCUSDT"
using VenueOrderId = FixedString<47>;  // "C02__505979017439121408"
using TradeId = FixedString<47>;
using InstanceId = FixedString<7>;  // random per data folder: a restored copy gets a new one

// A client order id: "LV" + kind + instance(7) + incarnation (6 hex) + sequence (12 hex) = 28
// characters, at most 32 as the venue allows, never reused. The judge of the kill latch reads the
// sequence out of it (DESIGN §5).
enum class OrderKind : char { kNormal = 'O', kFlatten = 'F' };
const char* to_string(OrderKind kind);  // "normal"
using ClientOrderId = FixedString<32>;

struct ClientOrderIdParts {
  OrderKind kind = OrderKind::kNormal;
  InstanceId instance;
  Incarnation incarnation;
  OrderSequence sequence;
};

inline constexpr std::size_t kInstanceIdLength = 7;
ClientOrderId format_client_order_id(const ClientOrderIdParts& parts);
// Empty where the text is not one of ours: a foreign order.
std::optional<ClientOrderIdParts> parse_client_order_id(std::string_view text);

}  // namespace levi

template <class Tag, class Int>
struct std::hash<levi::Id<Tag, Int>> {
  std::size_t operator()(const levi::Id<Tag, Int>& id) const noexcept {
    return std::hash<Int>{}(id.value);
  }
};
