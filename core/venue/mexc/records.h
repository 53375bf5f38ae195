// Records: orders, trades, depth and symbols out of the venue's JSON. Pure; anything odd is an
// Error that says what, never a crash.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/decimal.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/machine/event.h"
#include "core/venue/mexc/instruments.h"

namespace levi::mexc {

struct OrderRecord {
  SymbolId symbol;
  VenueOrderId venue_order;
  std::string client_id;
  machine::VenueStatus status = machine::VenueStatus::kNew;
  Side side = Side::kBuy;
  machine::OrderType type = machine::OrderType::kLimit;
  Price price;  // 0 where the venue gives none that is a step (market orders)
  Quantity quantity;
  Quantity executed;
};
// GET /order, lines of /openOrders, answers of DELETE.
Result<OrderRecord> read_order(const nlohmann::json& body, const Instrument& instrument);
bool is_terminal(machine::VenueStatus status);

struct TradeRecord {
  SymbolId symbol;
  TradeId trade;
  VenueOrderId venue_order;
  std::string client_id;
  Side side = Side::kBuy;
  Price price;
  Quantity quantity;
  Money fee;
  bool fee_known = true;  // false: paid in a third asset (MX); counted as 0
  bool maker = false;
  std::int64_t time_ms = 0;
};
Result<TradeRecord> read_trade(const nlohmann::json& body, const Instrument& instrument);

// GET /time.
Result<std::int64_t> read_server_time(const nlohmann::json& body);

// A symbol of exchangeInfo: exponents from baseSizePrecision (the quantity's step) and
// quotePrecision (the price's decimals).
Result<Instrument> read_symbol(const nlohmann::json& symbol);

// Text of a field that the venue writes as a string, or as a whole number. Empty where it is
// neither.
std::string text_field(const nlohmann::json& body, const char* name);

}  // namespace levi::mexc
