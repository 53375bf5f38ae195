// Order calls. Every POST /order leaves a ledger entry: accepted by the venue, or refused here.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "exchange/json/json_writer.h"
#include "exchange/ledger/ledger_json.h"
#include "exchange/rest/order_json.h"
#include "exchange/rest/rest_api.h"

namespace levi::exchange {
namespace {

constexpr std::size_t kBatchMax = 20;
constexpr std::size_t kCancelSymbolsMax = 5;
constexpr std::size_t kOrdersDefault = 500;
constexpr std::size_t kOrdersMax = 1000;

std::optional<OrderType> parse_type(std::string_view text) {
  for (const OrderType type : {OrderType::kLimit, OrderType::kLimitMaker, OrderType::kMarket,
                               OrderType::kImmediateOrCancel, OrderType::kFillOrKill}) {
    if (text == to_string(type)) return type;
  }
  return std::nullopt;
}

bool is_client_id(std::string_view text) {
  return ClientOrderId::fits(text) && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                  c == '-' || c == '_';
         });
}

// One element of a batch as the parameters of an order; empty where it is no flat object.
std::string as_query(const nlohmann::json& item) {
  std::string query;
  for (const auto& [name, value] : item.items()) {
    if (value.is_structured() || name.find_first_of("&=%+") != std::string::npos) return {};
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (text.find_first_of("&%+") != std::string::npos) return {};
    query += (query.empty() ? "" : "&") + name + "=" + text;
  }
  return query;
}

}  // namespace

RestApi::Failure RestApi::read_order(const Parameters& from, AccountId account,
                                     NewOrder& order) const {
  order.account = account;
  const std::string_view client_id = from.text("newClientOrderId");
  if (!is_client_id(client_id)) return illegal_parameter("newClientOrderId");
  order.client_id = client_id;
  if (!from.has("symbol")) return missing_parameter("symbol");
  order.symbol = venue_.find_symbol(from.text("symbol"));
  if (order.symbol == kNoSymbol) return bad_symbol();
  const std::string_view side = from.text("side");
  if (side.empty()) return missing_parameter("side");
  if (side != "BUY" && side != "SELL")
    return VenueError{30001, "current transaction direction is not allowed to place an order", 400};
  order.side = side == "BUY" ? Side::kBuy : Side::kSell;
  if (!from.has("type")) return missing_parameter("type");
  const auto type = parse_type(from.text("type"));
  if (!type) return VenueError{30041, "current order type can not place order", 400};
  order.type = *type;

  const SymbolSpec& spec = venue_.engine().symbol(order.symbol);
  const bool market = order.type == OrderType::kMarket;
  if (from.has("quantity")) {
    const auto quantity = parse_decimal(from.text("quantity"), spec.quantity_exponent);
    if (!quantity) return VenueError{10096, "amount decimal places is too long", 400};
    order.quantity = Quantity{quantity.value()};
  } else if (!market) {
    return missing_parameter("quantity");
  }
  if (market && !from.has("quantity")) {
    if (!from.has("quoteOrderQty")) return missing_parameter("quantity");
    const auto quote = parse_decimal(from.text("quoteOrderQty"), kMoneyExponent);
    if (!quote) return VenueError{10096, "amount decimal places is too long", 400};
    order.quote_quantity = Money{quote.value()};
  }
  if (market) return std::nullopt;
  if (!from.has("price")) return missing_parameter("price");
  const auto price = parse_decimal(from.text("price"), spec.price_exponent);
  if (!price) return VenueError{30010, "no valid trade price", 400};
  order.price = Price{price.value()};
  return std::nullopt;
}

void RestApi::refuse_order(const NewOrder& order, const VenueError& failure) {
  const bool duplicate = failure.code == kCodeDuplicate;
  venue_.record_refused(order, duplicate ? EntryStatus::kDuplicate : EntryStatus::kRejected,
                        failure.code);
}

RestApi::Failure RestApi::place(const Parameters& from, AccountId account,
                                MatchingEngine::Placed& placed) {
  NewOrder order;
  order.symbol = kNoSymbol;
  Failure failure = read_order(from, account, order);
  if (!failure && options_.limits &&
      venue_.engine().account(account).open_count() >= RateLimits::kOpenOrdersMax) {
    failure = error_of(Reject::kOpenOrders, venue_.engine().symbol(order.symbol));
  }
  if (!failure) {
    placed = venue_.place(order);
    if (placed.reject != Reject::kNone) {
      failure = error_of(placed.reject, venue_.engine().symbol(order.symbol));
    }
  }
  if (failure) refuse_order(order, *failure);
  return failure;
}

RestApi::Failure RestApi::place_order(Call& call) {
  MatchingEngine::Placed placed;
  if (const Failure failure = place(parameters_, call.account, placed)) return failure;
  JsonWriter json(call.answer.body);
  write_new_order(json, placed.order, venue_.engine().symbol(placed.order.symbol));
  return std::nullopt;
}

RestApi::Failure RestApi::test_order(Call& call) {
  NewOrder order;
  if (const Failure failure = read_order(parameters_, call.account, order)) return failure;
  const Reject reject = venue_.engine().check(order);
  if (reject != Reject::kNone) return error_of(reject, venue_.engine().symbol(order.symbol));
  call.answer.body = "{}";
  return std::nullopt;
}

RestApi::Failure RestApi::batch_orders(Call& call) {
  if (!parameters_.has("batchOrders")) return missing_parameter("batchOrders");
  const auto list = nlohmann::json::parse(parameters_.text("batchOrders"), nullptr, false);
  if (!list.is_array() || list.empty() || list.size() > kBatchMax)
    return illegal_parameter("batchOrders");
  std::vector<std::string> items;
  std::string symbol;
  for (const nlohmann::json& item : list) {
    if (!item.is_object()) return illegal_parameter("batchOrders");
    items.push_back(as_query(item));
    Parameters parameters;
    if (!parameters.read(items.back(), {})) return illegal_parameter("batchOrders");
    if (!symbol.empty() && symbol != parameters.text("symbol")) return illegal_parameter("symbol");
    symbol = parameters.text("symbol");
  }
  JsonWriter json(call.answer.body);
  json.open('[');
  for (const std::string& item : items) {
    Parameters parameters;
    parameters.read(item, {});
    MatchingEngine::Placed placed;
    const Failure failure = place(parameters, call.account, placed);
    json.open('{');
    if (!failure) {
      json.field("symbol", symbol).field("orderId", format_order_id(placed.order.id));
      if (parameters.has("newClientOrderId"))
        json.field("newClientOrderId", parameters.text("newClientOrderId"));
      json.field("orderListId", -1);
    } else {
      json.field("newClientOrderId", parameters.text("newClientOrderId"));
      json.field("msg", failure->message).field("code", failure->code);
    }
    json.close('}');
  }
  json.close(']');
  return std::nullopt;
}

RestApi::Failure RestApi::find_order(Call& call, SymbolId symbol, const Order*& order) const {
  const std::string_view order_id = parameters_.text("orderId");
  const std::string_view client_id = parameters_.text("origClientOrderId");
  if (order_id.empty() && client_id.empty()) {
    return VenueError{
        700004, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
        400};
  }
  const MatchingEngine& engine = venue_.engine();
  order = nullptr;
  if (!order_id.empty()) {
    order = engine.find(call.account, parse_order_id(order_id));
  } else if (ClientOrderId::fits(client_id)) {
    order = engine.find(call.account, ClientOrderId(client_id));
  }
  if (order != nullptr && order->symbol != symbol) order = nullptr;
  return std::nullopt;
}

RestApi::Failure RestApi::cancel_order(Call& call) {
  SymbolId symbol;
  if (const Failure failure = read_symbol(symbol)) return failure;
  const Order* order = nullptr;
  if (const Failure failure = find_order(call, symbol, order)) return failure;
  const SymbolSpec& spec = venue_.engine().symbol(symbol);
  const std::string asked(parameters_.text("origClientOrderId"));
  MatchingEngine::Placed canceled{Reject::kUnknownOrder, {}};
  if (order != nullptr) canceled = venue_.cancel(call.account, order->id);
  if (canceled.reject != Reject::kNone) {
    const OrderId id = order == nullptr ? parse_order_id(parameters_.text("orderId")) : order->id;
    venue_.record_refused_cancel(call.account,
                                 order == nullptr ? ClientOrderId(asked) : order->client_id, id,
                                 kCodeUnknownCancel);
    return error_of(canceled.reject, spec);
  }
  JsonWriter json(call.answer.body);
  write_canceled(json, canceled.order, spec, asked);
  return std::nullopt;
}

RestApi::Failure RestApi::cancel_open_orders(Call& call) {
  if (!parameters_.has("symbol")) return missing_parameter("symbol");
  std::vector<SymbolId> symbols;
  for (std::string_view rest = parameters_.text("symbol"); !rest.empty();) {
    const std::size_t comma = rest.find(',');
    symbols.push_back(venue_.find_symbol(rest.substr(0, comma)));
    if (symbols.back() == kNoSymbol) return bad_symbol();
    if (symbols.size() > kCancelSymbolsMax) return illegal_parameter("symbol");
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  JsonWriter json(call.answer.body);
  json.open('[');
  for (const Order& order : venue_.engine().open_orders(call.account)) {
    if (std::find(symbols.begin(), symbols.end(), order.symbol) == symbols.end()) continue;
    const auto canceled = venue_.cancel(call.account, order.id);
    write_canceled(json, canceled.order, venue_.engine().symbol(order.symbol), {});
  }
  json.close(']');
  return std::nullopt;
}

RestApi::Failure RestApi::query_order(Call& call) {
  SymbolId symbol;
  if (const Failure failure = read_symbol(symbol)) return failure;
  const Order* order = nullptr;
  if (const Failure failure = find_order(call, symbol, order)) return failure;
  if (order == nullptr) return VenueError{kCodeUnknownOrder, "Order does not exist.", 400};
  JsonWriter json(call.answer.body);
  write_order(json, *order, venue_.engine().symbol(symbol));
  return std::nullopt;
}

RestApi::Failure RestApi::open_orders(Call& call) {
  SymbolId symbol;
  if (const Failure failure = read_symbol(symbol)) return failure;
  JsonWriter json(call.answer.body);
  json.open('[');
  for (const Order& order : venue_.engine().open_orders(call.account)) {
    if (order.symbol == symbol) write_order(json, order, venue_.engine().symbol(symbol));
  }
  json.close(']');
  return std::nullopt;
}

// The newest `limit` in the range, oldest first.
RestApi::Failure RestApi::all_orders(Call& call) {
  SymbolId symbol;
  if (const Failure failure = read_symbol(symbol)) return failure;
  const TimeRange range = read_range(kOrdersDefault, kOrdersMax);
  const MatchingEngine& engine = venue_.engine();
  const Account& owner = engine.account(call.account);
  const auto& slots = owner.orders();
  std::vector<const Order*> chosen;
  for (auto slot = slots.rbegin(); slot != slots.rend() && chosen.size() < range.limit; ++slot) {
    const Order& order = engine.pool().order(*slot);
    const std::int64_t time = to_ms(order.created);
    if (time < range.from_ms && owner.orders_ascend()) break;  // all others are older
    if (order.symbol == symbol && range.holds(time)) chosen.push_back(&order);
  }
  JsonWriter json(call.answer.body);
  json.open('[');
  for (auto order = chosen.rbegin(); order != chosen.rend(); ++order) {
    write_order(json, **order, engine.symbol(symbol));
  }
  json.close(']');
  return std::nullopt;
}

}  // namespace levi::exchange
