#include "core/venue/mexc/records.h"

#include <array>
#include <optional>
#include <utility>

namespace levi::mexc {
namespace {

using machine::OrderType;
using machine::VenueStatus;
using nlohmann::json;

Error bad_record(const char* what, const std::string& why) {
  return error(ErrorCode::kCorrupt, std::string("the venue's ") + what + " makes no sense: " + why);
}

Result<std::int64_t> decimal_field(const json& body, const char* what, const char* name,
                                   int exponent) {
  const std::string text = text_field(body, name);
  auto parsed = parse_decimal(text, exponent);
  if (!parsed) return bad_record(what, std::string(name) + ": " + parsed.error().message);
  return parsed;
}

template <class Value, std::size_t N>
std::optional<Value> named(const std::array<std::pair<std::string_view, Value>, N>& names,
                           std::string_view text) {
  for (const auto& [name, value] : names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

constexpr std::array<std::pair<std::string_view, VenueStatus>, 5> kStatuses{{
    {"NEW", VenueStatus::kNew},
    {"PARTIALLY_FILLED", VenueStatus::kPartlyFilled},
    {"FILLED", VenueStatus::kFilled},
    {"CANCELED", VenueStatus::kCanceled},
    {"PARTIALLY_CANCELED", VenueStatus::kPartlyCanceled},
}};
constexpr std::array<std::pair<std::string_view, OrderType>, 6> kTypes{{
    {"LIMIT", OrderType::kLimit},
    {"LIMIT_MAKER", OrderType::kLimitMaker},
    {"POST_ONLY", OrderType::kLimitMaker},
    {"IMMEDIATE_OR_CANCEL", OrderType::kImmediateOrCancel},
    {"FILL_OR_KILL", OrderType::kFillOrKill},
    {"MARKET", OrderType::kMarket},
}};

bool flag(const json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_boolean() && found->get<bool>();
}

std::int64_t integer(const json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

// The quantity's step. Some symbols say "0": then the base asset's precision is all that is known.
Status read_steps(const json& symbol, machine::InstrumentDefined& definition) {
  const std::string step = text_field(symbol, "baseSizePrecision");
  const std::int64_t base_digits = integer(symbol, "baseAssetPrecision");
  const std::int64_t price_digits = integer(symbol, "quotePrecision");
  const auto exponent = exponent_of_step(step);
  if (!exponent && (base_digits < 0 || base_digits > kExponentMax)) {
    return bad_record("exchangeInfo", "baseSizePrecision '" + step +
                                          "' is no step, and baseAssetPrecision is no help");
  }
  if (price_digits < 0 || price_digits > kExponentMax) {
    return bad_record("exchangeInfo", "quotePrecision " + std::to_string(price_digits));
  }
  definition.price_exponent = static_cast<std::int8_t>(price_digits);
  definition.quantity_exponent =
      static_cast<std::int8_t>(exponent ? exponent.value() : base_digits);
  const auto least = parse_decimal(step, definition.quantity_exponent);
  definition.quantity_min = Quantity{least && least.value() > 0 ? least.value() : 1};
  return ok();
}

bool trades_both_ways(const json& symbol) {
  const std::string status = text_field(symbol, "status");
  const bool online = status == "1" || status == "ENABLED";
  const std::int64_t sides = integer(symbol, "tradeSideType");
  return online && flag(symbol, "isSpotTradingAllowed") && (sides == 0 || sides == 1);
}

}  // namespace

std::string text_field(const json& body, const char* name) {
  if (!body.is_object()) return {};
  const auto found = body.find(name);
  if (found == body.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number_integer()) return std::to_string(found->get<std::int64_t>());
  return {};
}

bool is_terminal(VenueStatus status) {
  return status == VenueStatus::kFilled || status == VenueStatus::kCanceled ||
         status == VenueStatus::kPartlyCanceled;
}

Result<OrderRecord> read_order(const json& body, const Instrument& instrument) {
  OrderRecord order;
  if (text_field(body, "symbol") != instrument.name) {
    return bad_record("order",
                      "symbol '" + text_field(body, "symbol") + "' instead of " + instrument.name);
  }
  order.symbol = instrument.definition.symbol;
  const std::string id = text_field(body, "orderId");
  if (id.empty() || !VenueOrderId::fits(id)) return bad_record("order", "orderId '" + id + "'");
  order.venue_order = std::string_view(id);
  // A cancel's answer names the order in origClientOrderId, and may invent a clientOrderId for
  // itself.
  order.client_id = text_field(body, "origClientOrderId");
  if (order.client_id.empty()) order.client_id = text_field(body, "clientOrderId");
  const auto status = named(kStatuses, text_field(body, "status"));
  if (!status) return bad_record("order", "status '" + text_field(body, "status") + "'");
  order.status = *status;
  const std::string side = text_field(body, "side");
  if (side != "BUY" && side != "SELL") return bad_record("order", "side '" + side + "'");
  order.side = side == "BUY" ? Side::kBuy : Side::kSell;
  order.type = named(kTypes, text_field(body, "type")).value_or(OrderType::kLimit);
  const int exponent = instrument.definition.quantity_exponent;
  LEVI_TRY(executed, decimal_field(body, "order", "executedQty", exponent));
  order.executed = Quantity{executed};
  const auto price = parse_decimal(text_field(body, "price"), instrument.definition.price_exponent);
  if (price) order.price = Price{price.value()};
  const auto quantity = parse_decimal(text_field(body, "origQty"), exponent);
  if (quantity) order.quantity = Quantity{quantity.value()};
  if (executed < 0 || order.quantity.value < 0) return bad_record("order", "a negative quantity");
  return order;
}

Result<TradeRecord> read_trade(const json& body, const Instrument& instrument) {
  TradeRecord trade;
  if (text_field(body, "symbol") != instrument.name)
    return bad_record("trade", "another symbol than asked for");
  trade.symbol = instrument.definition.symbol;
  const std::string id = text_field(body, "id");
  const std::string order = text_field(body, "orderId");
  if (id.empty() || !TradeId::fits(id) || order.empty() || !VenueOrderId::fits(order)) {
    return bad_record("trade", "id '" + id + "', orderId '" + order + "'");
  }
  trade.trade = std::string_view(id);
  trade.venue_order = std::string_view(order);
  trade.client_id = text_field(body, "clientOrderId");
  const auto is_buyer = body.find("isBuyer");
  if (is_buyer == body.end() || !is_buyer->is_boolean())
    return bad_record("trade", "isBuyer is missing");
  trade.side = is_buyer->get<bool>() ? Side::kBuy : Side::kSell;
  LEVI_TRY(price, decimal_field(body, "trade", "price", instrument.definition.price_exponent));
  LEVI_TRY(quantity, decimal_field(body, "trade", "qty", instrument.definition.quantity_exponent));
  if (price <= 0 || quantity <= 0) return bad_record("trade", "price or quantity is not positive");
  trade.price = Price{price};
  trade.quantity = Quantity{quantity};
  trade.maker = flag(body, "isMaker");
  trade.time_ms = integer(body, "time");
  const auto fee = fee_in_quote(text_field(body, "commission"), text_field(body, "commissionAsset"),
                                trade.price, instrument);
  trade.fee = fee.value_or(Money{});
  trade.fee_known = fee.has_value();
  return trade;
}

Result<std::int64_t> read_server_time(const json& body) {
  const std::int64_t time = body.is_object() ? integer(body, "serverTime") : 0;
  // Before 2001 or after 2286 it is no time in milliseconds.
  if (time < 1'000'000'000'000 || time > 9'999'999'999'999)
    return bad_record("time", "serverTime " + std::to_string(time));
  return time;
}

Result<Instrument> read_symbol(const json& symbol) {
  Instrument instrument;
  instrument.name = text_field(symbol, "symbol");
  instrument.base_asset = text_field(symbol, "baseAsset");
  instrument.quote_asset = text_field(symbol, "quoteAsset");
  if (instrument.name.empty() || !SymbolName::fits(instrument.name)) {
    return bad_record("exchangeInfo", "symbol '" + instrument.name + "'");
  }
  instrument.definition.name = std::string_view(instrument.name);
  LEVI_TRY_STATUS(read_steps(symbol, instrument.definition));
  const auto least = parse_decimal(text_field(symbol, "quoteAmountPrecision"), kMoneyExponent);
  instrument.definition.notional_min = Money{least && least.value() > 0 ? least.value() : 0};
  instrument.definition.tradable = trades_both_ways(symbol);
  return instrument;
}

}  // namespace levi::mexc
