#include "exchange/rest/order_json.h"

#include "exchange/ledger/ledger_json.h"

namespace levi::exchange {
namespace {

void write_id(JsonWriter& json, std::string_view name, OrderId id) {
  json.field(name, format_order_id(id));
}

void write_client_id(JsonWriter& json, std::string_view name, std::string_view id) {
  json.key(name);
  if (id.empty()) {
    json.null();
  } else {
    json.text(id);
  }
}

void write_amounts(JsonWriter& json, const Order& order, const SymbolSpec& spec) {
  json.field("price", order.price.value, spec.price_exponent);
  json.field("origQty", order.quantity.value, spec.quantity_exponent);
  json.field("executedQty", order.executed.value, spec.quantity_exponent);
  json.field("cummulativeQuoteQty", order.executed_quote.value, kMoneyExponent);
  json.field("status", to_string(order.status)).key("timeInForce").null();
  json.field("type", to_string(order.type)).field("side", side_word(order.side));
}

}  // namespace

void write_new_order(JsonWriter& json, const Order& order, const SymbolSpec& spec) {
  json.open('{').field("symbol", spec.name.view());
  write_id(json, "orderId", order.id);
  json.field("orderListId", -1).field("price", order.price.value, spec.price_exponent);
  json.field("origQty", order.quantity.value, spec.quantity_exponent);
  json.field("type", to_string(order.type)).field("side", side_word(order.side));
  json.field("transactTime", to_ms(order.created)).close('}');
}

void write_order(JsonWriter& json, const Order& order, const SymbolSpec& spec) {
  json.open('{').field("symbol", spec.name.view());
  write_id(json, "orderId", order.id);
  json.field("orderListId", -1);
  write_client_id(json, "clientOrderId", order.client_id.view());
  write_amounts(json, order, spec);
  json.key("stopPrice").null().key("icebergQty").null();
  json.field("time", to_ms(order.created)).field("updateTime", to_ms(order.updated));
  json.field("isWorking", true);
  Money quote = order.quote_quantity;
  if (quote.value == 0) {
    const auto amount =
        notional(order.price, order.quantity, spec.price_exponent, spec.quantity_exponent);
    if (amount) quote = amount.value();
  }
  json.field("origQuoteOrderQty", quote.value, kMoneyExponent).close('}');
}

void write_canceled(JsonWriter& json, const Order& order, const SymbolSpec& spec,
                    std::string_view asked_client_id) {
  json.open('{').field("symbol", spec.name.view());
  write_client_id(json, "origClientOrderId", asked_client_id);
  write_id(json, "orderId", order.id);
  write_client_id(json, "clientOrderId", order.client_id.view());
  write_amounts(json, order, spec);
  json.close('}');
}

void write_fill(JsonWriter& json, const Fill& fill, const SymbolSpec& spec) {
  json.open('{').field("symbol", spec.name.view()).field("id", std::to_string(fill.trade.value));
  write_id(json, "orderId", fill.order);
  json.field("orderListId", -1).field("price", fill.price.value, spec.price_exponent);
  json.field("qty", fill.quantity.value, spec.quantity_exponent);
  json.field("quoteQty", fill.amount.value, kMoneyExponent);
  json.field("commission", fill.fee.value, kMoneyExponent)
      .field("commissionAsset", spec.quote.view());
  json.field("time", to_ms(fill.time)).field("isBuyer", fill.side == Side::kBuy);
  json.field("isMaker", fill.maker)
      .field("isBestMatch", true)
      .field("isSelfTrade", fill.self_trade);
  write_client_id(json, "clientOrderId", fill.client_id.view());
  json.close('}');
}

}  // namespace levi::exchange
