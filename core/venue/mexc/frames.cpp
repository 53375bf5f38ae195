#include "core/venue/mexc/frames.h"

#include <google/protobuf/stubs/logging.h>

#include <charconv>
#include <limits>

#include "core/base/check.h"

namespace levi::mexc {
namespace {

using machine::VenueStatus;

Error bad_frame(const char* what, const std::string& why) {
  return error(ErrorCode::kCorrupt, std::string("a ") + what + " frame makes no sense: " + why);
}

Result<std::uint64_t> read_version(std::string_view text) {
  std::uint64_t version = 0;
  const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (why != std::errc() || end != text.data() + text.size() || version == 0) {
    return bad_frame("depth", "version '" + std::string(text.substr(0, 32)) + "'");
  }
  return version;
}

Result<market::Level> read_level(std::string_view price, std::string_view quantity,
                                 const Instrument& instrument) {
  LEVI_TRY(p, parse_decimal(price, instrument.definition.price_exponent));
  LEVI_TRY(q, parse_decimal(quantity, instrument.definition.quantity_exponent));
  if (p <= 0 || q < 0) return bad_frame("depth", "a negative level");
  return market::Level{Price{p}, Quantity{q}};
}

template <class Levels>
Status read_levels(const Levels& levels, const Instrument& instrument,
                   std::vector<market::Level>& out) {
  out.clear();
  for (const auto& item : levels) {
    LEVI_TRY(level, read_level(item.price(), item.quantity(), instrument));
    out.push_back(level);
  }
  return ok();
}

Status read_json_levels(const nlohmann::json& body, const char* name, const Instrument& instrument,
                        std::vector<market::Level>& out) {
  const auto levels = body.find(name);
  if (levels == body.end() || !levels->is_array())
    return bad_frame("snapshot", std::string("no ") + name);
  for (const auto& line : *levels) {
    const bool is_pair =
        line.is_array() && line.size() >= 2 && line[0].is_string() && line[1].is_string();
    if (!is_pair) return bad_frame("snapshot", "a level is no pair of texts");
    LEVI_TRY(level, read_level(line[0].get_ref<const std::string&>(),
                               line[1].get_ref<const std::string&>(), instrument));
    out.push_back(level);
  }
  return ok();
}

Result<Side> read_side(const char* what, int trade_type) {
  if (trade_type == 1) return Side::kBuy;
  if (trade_type == 2) return Side::kSell;
  return bad_frame(what, "tradeType " + std::to_string(trade_type));
}

Result<VenueStatus> read_status(int status) {
  switch (status) {
    case 1:
      return VenueStatus::kNew;
    case 2:
      return VenueStatus::kFilled;
    case 3:
      return VenueStatus::kPartlyFilled;
    case 4:
      return VenueStatus::kCanceled;
    case 5:
      return VenueStatus::kPartlyCanceled;  // Terminal: what was not filled never will be.
    default:
      return bad_frame("private order", "status " + std::to_string(status));
  }
}

machine::OrderType read_type(int type) {
  switch (type) {
    case 2:
      return machine::OrderType::kLimitMaker;
    case 3:
      return machine::OrderType::kImmediateOrCancel;
    case 4:
      return machine::OrderType::kFillOrKill;
    case 5:
      return machine::OrderType::kMarket;
    default:
      return machine::OrderType::kLimit;
  }
}

Result<Control> control_of(const nlohmann::json& body) {
  Control control;
  const auto message = body.find("msg");
  if (message != body.end() && message->is_string()) control.message = message->get<std::string>();
  const auto code = body.find("code");
  const bool is_good = code != body.end() && code->is_number_integer() && code->get<int>() == 0;
  if (control.message == "PONG") {
    control.kind = ControlKind::kPong;
  } else if (is_good && control.message.rfind("spot@", 0) == 0) {
    control.kind = ControlKind::kChannel;
  }
  return control;
}

}  // namespace

Result<Control> read_control(std::string_view text) {
  if (text.find("nvalid listen key") != std::string_view::npos) {
    return Control{ControlKind::kInvalidListenKey, "Invalid listen key"};
  }
  const auto body = nlohmann::json::parse(text, nullptr, false);
  if (!body.is_object()) return bad_frame("control", "no JSON object");
  return control_of(body);
}

Status read_push(std::string_view bytes, pb::PushDataV3ApiWrapper& push) {
  // protobuf prints to stderr what it dislikes: a venue could fill it, and block the trading
  // thread.
  static const bool is_silent = (google::protobuf::SetLogHandler(nullptr), true);
  LEVI_CHECK(is_silent);
  if (bytes.size() > kFrameBytesMax) return bad_frame("push", "too large");
  if (!push.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return bad_frame("push", "not the venue's protobuf");
  }
  return ok();
}

Status read_depth(const pb::PublicAggreDepthsV3Api& push, const Instrument& instrument,
                  DepthPush& depth) {
  LEVI_TRY(from, read_version(push.fromversion()));
  LEVI_TRY(to, read_version(push.toversion()));
  depth.from = from;
  depth.to = to;
  LEVI_TRY_STATUS(read_levels(push.bids(), instrument, depth.bids));
  return read_levels(push.asks(), instrument, depth.asks);
}

Result<DepthSnapshot> read_snapshot(const nlohmann::json& body, const Instrument& instrument) {
  const std::string version = text_field(body, "lastUpdateId");
  if (version.empty()) return bad_frame("snapshot", "no lastUpdateId");
  DepthSnapshot snapshot;
  LEVI_TRY(number, read_version(version));
  snapshot.version = number;
  LEVI_TRY_STATUS(read_json_levels(body, "bids", instrument, snapshot.bids));
  LEVI_TRY_STATUS(read_json_levels(body, "asks", instrument, snapshot.asks));
  return snapshot;
}

Result<MarketDeal> read_deal(const pb::PublicAggreDealsV3ApiItem& item,
                             const Instrument& instrument) {
  MarketDeal deal;
  deal.trade = item.tradeid();
  LEVI_TRY(side, read_side("deal", item.tradetype()));
  LEVI_TRY(price, parse_decimal(item.price(), instrument.definition.price_exponent));
  LEVI_TRY(quantity, parse_decimal(item.quantity(), instrument.definition.quantity_exponent));
  if (price <= 0 || quantity <= 0) return bad_frame("deal", "price or quantity is not positive");
  deal.aggressor = side;
  deal.price = Price{price};
  deal.quantity = Quantity{quantity};
  return deal;
}

Result<OrderRecord> read_private_order(const pb::PrivateOrdersV3Api& push,
                                       const Instrument& instrument) {
  const int exponent = instrument.definition.quantity_exponent;
  OrderRecord order;
  order.symbol = instrument.definition.symbol;
  if (push.id().empty() || !VenueOrderId::fits(push.id())) return bad_frame("private order", "id");
  order.venue_order = std::string_view(push.id());
  order.client_id = push.clientid();
  LEVI_TRY(status, read_status(push.status()));
  LEVI_TRY(side, read_side("private order", push.tradetype()));
  LEVI_TRY(
      executed,
      parse_decimal(push.cumulativequantity().empty() ? "0" : push.cumulativequantity(), exponent));
  if (executed < 0) return bad_frame("private order", "a negative quantity");
  order.status = status;
  order.side = side;
  order.type = read_type(push.ordertype());
  order.executed = Quantity{executed};
  // A market order has no price, and one that spends an amount has no quantity.
  const auto price = parse_decimal(push.price(), instrument.definition.price_exponent);
  if (price) order.price = Price{price.value()};
  const auto quantity = parse_decimal(push.quantity(), exponent);
  if (quantity && quantity.value() >= 0) order.quantity = Quantity{quantity.value()};
  return order;
}

Result<TradeRecord> read_private_deal(const pb::PrivateDealsV3Api& push,
                                      const Instrument& instrument) {
  TradeRecord trade;
  trade.symbol = instrument.definition.symbol;
  const bool ids_fit = !push.tradeid().empty() && TradeId::fits(push.tradeid()) &&
                       !push.orderid().empty() && VenueOrderId::fits(push.orderid());
  if (!ids_fit) return bad_frame("private deal", "tradeId or orderId");
  trade.trade = std::string_view(push.tradeid());
  trade.venue_order = std::string_view(push.orderid());
  trade.client_id = push.clientorderid();
  LEVI_TRY(side, read_side("private deal", push.tradetype()));
  LEVI_TRY(price, parse_decimal(push.price(), instrument.definition.price_exponent));
  LEVI_TRY(quantity, parse_decimal(push.quantity(), instrument.definition.quantity_exponent));
  if (price <= 0 || quantity <= 0) return bad_frame("private deal", "not positive");
  trade.side = side;
  trade.price = Price{price};
  trade.quantity = Quantity{quantity};
  trade.maker = push.ismaker();
  trade.time_ms = push.time();
  const auto fee = fee_in_quote(push.feeamount(), push.feecurrency(), trade.price, instrument);
  trade.fee = fee.value_or(Money{});
  trade.fee_known = fee.has_value();
  return trade;
}

}  // namespace levi::mexc
