#include "exchange/rest/rest_api.h"

#include <array>

#include "exchange/json/json_writer.h"

namespace levi::exchange {
namespace {

constexpr std::int64_t kAheadMaxMs = 1'000;  // a timestamp may be this far in the future

void write_failure(RestAnswer& answer, const VenueError& failure) {
  answer.http_status = failure.http_status;
  answer.body.clear();
  JsonWriter(answer.body)
      .open('{')
      .field("code", failure.code)
      .field("msg", failure.message)
      .close('}');
}

}  // namespace

const RestApi::Route* RestApi::find_route(std::string_view method, std::string_view path,
                                          bool& path_known) {
  // The order calls first: they are the ones that come ten thousand times a second.
  static const std::array<Route, 31> kRoutes{{
      {"POST", "/api/v3/order", {1, 1}, true, &RestApi::place_order},
      {"DELETE", "/api/v3/order", {1, 0}, true, &RestApi::cancel_order},
      {"GET", "/api/v3/order", {2, 0}, true, &RestApi::query_order},
      {"POST", "/api/v3/order/test", {1, 0}, true, &RestApi::test_order},
      {"POST", "/api/v3/batchOrders", {1, 1}, true, &RestApi::batch_orders},
      {"DELETE", "/api/v3/openOrders", {1, 0}, true, &RestApi::cancel_open_orders},
      {"GET", "/api/v3/openOrders", {3, 0}, true, &RestApi::open_orders},
      {"GET", "/api/v3/allOrders", {10, 0}, true, &RestApi::all_orders},
      {"GET", "/api/v3/myTrades", {10, 0}, true, &RestApi::my_trades},
      {"GET", "/api/v3/account", {10, 0}, true, &RestApi::account},
      {"GET", "/api/v3/tradeFee", {20, 0}, true, &RestApi::trade_fee},
      {"GET", "/api/v3/selfSymbols", {1, 0}, true, &RestApi::default_symbols},
      {"GET", "/api/v3/capital/config/getall", {10, 0}, true, &RestApi::coins},
      {"POST", "/api/v3/userDataStream", {1, 0}, true, &RestApi::create_stream},
      {"PUT", "/api/v3/userDataStream", {1, 0}, true, &RestApi::extend_stream},
      {"GET", "/api/v3/userDataStream", {1, 0}, true, &RestApi::list_streams},
      {"DELETE", "/api/v3/userDataStream", {1, 0}, true, &RestApi::close_stream},
      {"GET", "/api/v3/ping", {1, 0}, false, &RestApi::ping},
      {"GET", "/api/v3/time", {1, 0}, false, &RestApi::time},
      {"GET", "/api/v3/defaultSymbols", {1, 0}, false, &RestApi::default_symbols},
      {"GET", "/api/v3/exchangeInfo", {10, 0}, false, &RestApi::exchange_info},
      {"GET", "/api/v3/depth", {1, 0}, false, &RestApi::depth},
      {"GET", "/api/v3/trades", {5, 0}, false, &RestApi::trades},
      {"GET", "/api/v3/aggTrades", {1, 0}, false, &RestApi::aggregate_trades},
      {"GET", "/api/v3/klines", {1, 0}, false, &RestApi::klines},
      {"GET", "/api/v3/avgPrice", {1, 0}, false, &RestApi::average_price},
      {"GET", "/api/v3/ticker/24hr", {1, 0}, false, &RestApi::day_ticker},
      {"GET", "/api/v3/ticker/price", {1, 0}, false, &RestApi::price_ticker},
      {"GET", "/api/v3/ticker/bookTicker", {1, 0}, false, &RestApi::book_ticker},
      {"GET", "/api/v1/contract/detail", {1, 0}, false, &RestApi::contract_detail},
      {"GET", "/api/v1/contract/ping", {1, 0}, false, &RestApi::ping},
  }};
  for (const Route& route : kRoutes) {
    if (route.path != path) continue;
    path_known = true;
    if (route.method == method) return &route;
  }
  return nullptr;
}

void RestApi::handle(const RestRequest& request, RestAnswer& answer) {
  bool path_known = false;
  const Route* route = find_route(request.method, request.path, path_known);
  if (route == nullptr) {
    write_failure(answer, path_known ? VenueError{405, "Method Not Allowed", 405}
                                     : VenueError{404, "Not Found", 404});
    return;
  }
  Call call{request, answer};
  if (const Failure failure = dispatch(*route, call)) write_failure(answer, *failure);
}

RestApi::Failure RestApi::dispatch(const Route& route, Call& call) {
  const bool order = route.handler == &RestApi::place_order;
  Failure failure;
  if (!parameters_.read(call.request.query, call.request.body)) {
    failure = VenueError{33333, "param error", 400};
  }
  if (!failure && options_.limits) failure = check_limits(route, call, false);
  if (!failure && route.is_signed) failure = authorise(call);
  if (!failure && options_.limits && route.is_signed) failure = check_limits(route, call, true);
  if (!failure) return (this->*route.handler)(call);
  if (order) {  // An order that got no further is still one that arrived.
    NewOrder known;
    known.symbol = kNoSymbol;
    static_cast<void>(read_order(parameters_, call.account, known));  // As far as it goes.
    refuse_order(known, *failure);
  }
  return failure;
}

RestApi::Failure RestApi::authorise(Call& call) {
  const RestRequest& request = call.request;
  if (request.api_key.empty()) return VenueError{400, "api key required", 400};
  KeyRing::Key* key = keys_.find(request.api_key);
  if (key == nullptr) return VenueError{10072, "Api key info invalid", 400};
  const Unsigned query = without_signature(request.query);
  const Unsigned body =
      query.signature ? Unsigned{request.body, {}, {}} : without_signature(request.body);
  const auto given = query.signature ? query.signature : body.signature;
  if (!given || given->empty()) return missing_parameter("signature");
  const mexc::Signature expected = query.signature
                                       ? key->signer.sign({query.before, query.after, request.body})
                                       : key->signer.sign({request.query, body.before, body.after});
  if (!mexc::signature_equals(expected, *given)) {
    return VenueError{700002, "Signature for this request is not valid.", 400};
  }
  call.account = key->account;
  return check_time();
}

RestApi::Failure RestApi::check_time() const {
  const auto timestamp = parameters_.integer("timestamp");
  if (!timestamp) return missing_parameter("timestamp");
  std::int64_t window = std::min(options_.recv_window_default_ms, options_.recv_window_max_ms);
  if (parameters_.has("recvWindow")) {
    const auto asked = parameters_.integer("recvWindow");
    if (!asked || *asked < 0) return illegal_parameter("recvWindow");
    if (*asked > options_.recv_window_max_ms) {
      return VenueError{
          700005, "recvWindow must less than " + std::to_string(options_.recv_window_max_ms), 400};
    }
    window = *asked;
  }
  const std::int64_t now = to_ms(venue_.now());
  // Compared without a difference that could overflow.
  if (*timestamp >= now + kAheadMaxMs || *timestamp < now - window) {
    return VenueError{700003, "Timestamp for this request is outside of the recvWindow.", 400};
  }
  return std::nullopt;
}

RestApi::Failure RestApi::check_limits(const Route& route, Call& call, bool by_account) {
  CallWeight weight = route.weight;
  if (route.handler == &RestApi::day_ticker && !parameters_.has("symbol")) weight.ip = 40;
  if (route.handler == &RestApi::price_ticker && !parameters_.has("symbol")) weight.ip = 2;
  const MonoTime now = venue_.origin().mono;
  RateLimits::Verdict verdict;
  if (!by_account) {
    verdict = limits_.take(route.path, call.request.address, weight, now);
  } else {
    verdict = limits_.take_account(route.path, call.account, weight, now);
    const bool rare = route.handler == &RestApi::batch_orders || route.handler == &RestApi::account;
    if (verdict.http_status == 200 && rare)
      verdict = limits_.take_rare(route.path, call.account, now);
  }
  if (verdict.http_status == 200) return std::nullopt;
  call.answer.retry_after_s = verdict.retry_after_s;
  return VenueError{verdict.http_status, "Too Many Requests", verdict.http_status};
}

RestApi::Failure RestApi::read_symbol(SymbolId& symbol) const {
  if (!parameters_.has("symbol")) return missing_parameter("symbol");
  symbol = venue_.find_symbol(parameters_.text("symbol"));
  if (symbol == kNoSymbol) return bad_symbol();
  return std::nullopt;
}

RestApi::TimeRange RestApi::read_range(std::size_t limit_default, std::size_t limit_max) const {
  TimeRange range;
  range.from_ms = parameters_.integer("startTime").value_or(0);
  range.to_ms = parameters_.integer("endTime").value_or(INT64_MAX);
  const std::int64_t asked = parameters_.integer("limit").value_or(0);
  range.limit =
      asked > 0 ? std::min<std::size_t>(static_cast<std::size_t>(asked), limit_max) : limit_default;
  return range;
}

}  // namespace levi::exchange
