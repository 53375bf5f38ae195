// Account calls: balances, own trades, listen keys.
#include <algorithm>

#include "exchange/json/json_writer.h"
#include "exchange/ledger/ledger_json.h"
#include "exchange/rest/order_json.h"
#include "exchange/rest/rest_api.h"

namespace levi::exchange {
namespace {

constexpr std::size_t kMyTradesMax = 100;
constexpr std::int64_t kMyTradesSpanMs = 30LL * 86'400'000;  // the venue shows the last month only

}  // namespace

RestApi::Failure RestApi::account(Call& call) {
  const MatchingEngine& engine = venue_.engine();
  JsonWriter json(call.answer.body);
  json.open('{').field("canTrade", true).field("canWithdraw", false).field("canDeposit", false);
  json.key("updateTime").null().field("accountType", "SPOT").key("balances").open('[');
  for (std::size_t i = 0; i < engine.assets().size(); ++i) {
    const Balance& balance =
        engine.account(call.account).balance(AssetId{static_cast<std::uint16_t>(i)});
    json.open('{').field("asset", engine.assets()[i].view());
    json.field("free", balance.free.value, kMoneyExponent);
    json.field("locked", balance.locked.value, kMoneyExponent).close('}');
  }
  json.close(']').key("permissions").open('[').text("SPOT").close(']').close('}');
  return std::nullopt;
}

// The newest `limit` in the range, oldest first.
RestApi::Failure RestApi::my_trades(Call& call) {
  SymbolId symbol;
  if (const Failure failure = read_symbol(symbol)) return failure;
  TimeRange range = read_range(kMyTradesMax, kMyTradesMax);
  range.from_ms = std::max(range.from_ms, venue_.now().ns / 1'000'000 - kMyTradesSpanMs);
  const std::string_view order_text = parameters_.text("orderId");
  const OrderId order = parse_order_id(order_text);
  std::vector<const Fill*> chosen;
  const Account& owner = venue_.engine().account(call.account);
  const auto& fills = owner.fills();
  for (auto fill = fills.rbegin(); fill != fills.rend() && chosen.size() < range.limit; ++fill) {
    const std::int64_t time = to_ms(fill->time);
    if (time < range.from_ms && owner.fills_ascend()) break;  // all others are older
    const bool wanted = fill->symbol == symbol && range.holds(time);
    if (wanted && (order_text.empty() || fill->order == order)) chosen.push_back(&*fill);
  }
  JsonWriter json(call.answer.body);
  json.open('[');
  for (auto fill = chosen.rbegin(); fill != chosen.rend(); ++fill) {
    write_fill(json, **fill, venue_.engine().symbol(symbol));
  }
  json.close(']');
  return std::nullopt;
}

RestApi::Failure RestApi::trade_fee(Call& call) {
  SymbolId symbol;
  if (const Failure failure = read_symbol(symbol)) return failure;
  const SymbolSpec& spec = venue_.engine().symbol(symbol);
  JsonWriter json(call.answer.body);
  json.open('{').key("data").open('{').field("makerCommission", spec.maker_fee.value, 6);
  json.field("takerCommission", spec.taker_fee.value, 6).close('}');
  json.field("code", 0)
      .field("msg", "success")
      .field("timestamp", venue_.now().ns / 1'000'000)
      .close('}');
  return std::nullopt;
}

RestApi::Failure RestApi::coins(Call& call) {
  JsonWriter json(call.answer.body);
  json.open('[');
  for (const AssetName& asset : venue_.engine().assets()) {
    json.open('{').field("coin", asset.view()).field("name", asset.view());
    json.key("networkList").open('[').close(']').close('}');
  }
  json.close(']');
  return std::nullopt;
}

RestApi::Failure RestApi::create_stream(Call& call) {
  const std::string key = streams_.create(call.account, venue_.origin().mono);
  JsonWriter(call.answer.body).open('{').field("listenKey", key).close('}');
  return std::nullopt;
}

RestApi::Failure RestApi::extend_stream(Call& call) {
  if (!parameters_.has("listenKey")) return missing_parameter("listenKey");
  const std::string_view key = parameters_.text("listenKey");
  if (!streams_.extend(call.account, key, venue_.origin().mono))
    return VenueError{22222, "record does not exist", 400};
  JsonWriter(call.answer.body).open('{').field("listenKey", key).close('}');
  return std::nullopt;
}

RestApi::Failure RestApi::list_streams(Call& call) {
  JsonWriter json(call.answer.body);
  json.open('{').key("listenKey").open('[');
  for (const std::string& key : streams_.keys_of(call.account, venue_.origin().mono))
    json.text(key);
  json.close(']').close('}');
  return std::nullopt;
}

RestApi::Failure RestApi::close_stream(Call& call) {
  if (!parameters_.has("listenKey")) return missing_parameter("listenKey");
  const std::string_view key = parameters_.text("listenKey");
  if (!streams_.remove(call.account, key)) return VenueError{22222, "record does not exist", 400};
  JsonWriter(call.answer.body).open('{').field("listenKey", key).close('}');
  return std::nullopt;
}

}  // namespace levi::exchange
