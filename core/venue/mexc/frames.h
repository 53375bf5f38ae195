// Frames: what the venue's WebSocket messages and depth answers say. Pure; any bytes give a value
// or an Error, never a crash: numbers by parse_decimal at the instrument's exponents, enums by
// range.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/machine/event.h"
#include "core/market/book_side.h"
#include "core/venue/mexc/instruments.h"
#include "core/venue/mexc/records.h"
#include "core/venue/mexc/wire/push.pb.h"

namespace levi::mexc {

inline constexpr std::size_t kFrameBytesMax = 1024 * 1024;

// A text frame. `message` is a channel where the venue confirms one:
// {"id":0,"code":0,"msg":"<channel>"}.
enum class ControlKind : std::uint8_t { kPong, kChannel, kInvalidListenKey, kRefused };
struct Control {
  ControlKind kind = ControlKind::kRefused;
  std::string message;
};
Result<Control> read_control(std::string_view text);

// A binary frame into `push`, which is reused from frame to frame.
Status read_push(std::string_view bytes, pb::PushDataV3ApiWrapper& push);

// Reused too: the vectors keep their room.
struct DepthPush {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::vector<market::Level> bids;
  std::vector<market::Level> asks;
};
Status read_depth(const pb::PublicAggreDepthsV3Api& push, const Instrument& instrument,
                  DepthPush& depth);

struct DepthSnapshot {
  std::uint64_t version = 0;
  std::vector<market::Level> bids;
  std::vector<market::Level> asks;
};
Result<DepthSnapshot> read_snapshot(const nlohmann::json& body, const Instrument& instrument);

struct MarketDeal {
  std::string_view trade;  // in the push
  Side aggressor = Side::kBuy;
  Price price;
  Quantity quantity;
};
Result<MarketDeal> read_deal(const pb::PublicAggreDealsV3ApiItem& item,
                             const Instrument& instrument);

// A private order push. Status 5 (the rest of a partly filled order was cancelled) is terminal.
Result<OrderRecord> read_private_order(const pb::PrivateOrdersV3Api& push,
                                       const Instrument& instrument);
Result<TradeRecord> read_private_deal(const pb::PrivateDealsV3Api& push,
                                      const Instrument& instrument);

}  // namespace levi::mexc
