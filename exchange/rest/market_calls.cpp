// Market data calls: unsigned, weighed by address.
#include <algorithm>
#include <array>

#include "exchange/json/json_writer.h"
#include "exchange/rest/rest_api.h"

namespace levi::exchange {
namespace {

constexpr std::size_t kDepthDefault = 100;
constexpr std::size_t kDepthMax = 5000;
constexpr std::size_t kTradesDefault = 500;
constexpr std::size_t kTradesMax = 1000;

void write_levels(JsonWriter& json, const Book& book, Side side, const SymbolSpec& spec,
                  std::size_t most) {
  json.open('[');
  for (const auto& [rank, level] : book.levels(side)) {
    if (most-- == 0) break;
    json.open('[').decimal(Book::price_of(side, rank).value, spec.price_exponent);
    json.decimal(level.total.value, spec.quantity_exponent).close(']');
  }
  json.close(']');
}

std::optional<KlineInterval> parse_interval(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, KlineInterval>, 12> kNames{{
      {"1m", KlineInterval::kMin1},
      {"5m", KlineInterval::kMin5},
      {"15m", KlineInterval::kMin15},
      {"30m", KlineInterval::kMin30},
      {"60m", KlineInterval::kMin60},
      {"1h", KlineInterval::kMin60},
      {"4h", KlineInterval::kHour4},
      {"8h", KlineInterval::kHour8},
      {"1d", KlineInterval::kDay1},
      {"1W", KlineInterval::kWeek1},
      {"1w", KlineInterval::kWeek1},
      {"1M", KlineInterval::kMonth1},
  }};
  for (const auto& [name, interval] : kNames) {
    if (name == text) return interval;
  }
  return std::nullopt;
}

void write_rate(JsonWriter& json, std::string_view name, FeeRate rate) {
  json.field(name, rate.value, 6);
}

void write_symbol(JsonWriter& json, const SymbolSpec& spec) {
  json.open('{').field("symbol", spec.name.view()).field("status", "1");
  json.field("baseAsset", spec.base.view()).field("baseAssetPrecision", spec.quantity_exponent);
  json.field("quoteAsset", spec.quote.view()).field("quotePrecision", spec.price_exponent);
  json.field("quoteAssetPrecision", spec.price_exponent);
  json.field("baseCommissionPrecision", kMoneyExponent)
      .field("quoteCommissionPrecision", kMoneyExponent);
  json.key("orderTypes").open('[');
  for (const OrderType type : {OrderType::kLimit, OrderType::kMarket, OrderType::kLimitMaker,
                               OrderType::kImmediateOrCancel, OrderType::kFillOrKill}) {
    json.text(to_string(type));
  }
  json.close(']').field("isSpotTradingAllowed", true).field("isMarginTradingAllowed", false);
  json.field("quoteAmountPrecision", spec.amount_min.value, kMoneyExponent);
  json.field("baseSizePrecision", 1, spec.quantity_exponent);
  json.key("permissions").open('[').text("SPOT").close(']').key("filters").open('[').close(']');
  json.field("maxQuoteAmount", spec.amount_max.value, kMoneyExponent);
  write_rate(json, "makerCommission", spec.maker_fee);
  write_rate(json, "takerCommission", spec.taker_fee);
  json.field("quoteAmountPrecisionMarket", spec.amount_min.value, kMoneyExponent);
  json.field("maxQuoteAmountMarket", spec.amount_max.value, kMoneyExponent);
  json.field("fullName", spec.base.view()).field("tradeSideType", 1).close('}');
}

// (to - from) / from in parts per million, without overflow for any two prices.
std::int64_t change_ppm(Price from, Price to) {
  if (from.value == 0) return 0;
  __extension__ typedef __int128 Wide;
  return static_cast<std::int64_t>(static_cast<Wide>(to.value - from.value) * 1'000'000 /
                                   from.value);
}

}  // namespace

RestApi::Failure RestApi::ping(Call& call) {
  call.answer.body = "{}";
  return std::nullopt;
}

RestApi::Failure RestApi::time(Call& call) {
  JsonWriter(call.answer.body).open('{').field("serverTime", to_ms(venue_.now())).close('}');
  return std::nullopt;
}

RestApi::Failure RestApi::default_symbols(Call& call) {
  JsonWriter json(call.answer.body);
  json.open('{').field("code", 0).key("data").open('[');
  for (const SymbolSpec& spec : venue_.engine().symbols()) json.text(spec.name.view());
  json.close(']').key("msg").null().close('}');
  return std::nullopt;
}

RestApi::Failure RestApi::exchange_info(Call& call) {
  std::string_view wanted =
      parameters_.has("symbol") ? parameters_.text("symbol") : parameters_.text("symbols");
  std::vector<SymbolId> chosen;
  while (!wanted.empty()) {
    const std::size_t comma = wanted.find(',');
    const SymbolId symbol = venue_.find_symbol(wanted.substr(0, comma));
    if (symbol == kNoSymbol) return bad_symbol();
    if (std::find(chosen.begin(), chosen.end(), symbol) == chosen.end()) chosen.push_back(symbol);
    wanted = comma == std::string_view::npos ? std::string_view{} : wanted.substr(comma + 1);
  }
  JsonWriter json(call.answer.body);
  json.open('{').field("timezone", "CST").field("serverTime", to_ms(venue_.now()));
  json.key("rateLimits").open('[').close(']').key("exchangeFilters").open('[').close(']');
  json.key("symbols").open('[');
  if (chosen.empty()) {
    for (const SymbolSpec& spec : venue_.engine().symbols()) write_symbol(json, spec);
  }
  for (const SymbolId symbol : chosen) write_symbol(json, venue_.engine().symbol(symbol));
  json.close(']').close('}');
  return std::nullopt;
}

RestApi::Failure RestApi::depth(Call& call) {
  SymbolId symbol;
  if (const Failure failure = read_symbol(symbol)) return failure;
  const std::size_t limit = read_range(kDepthDefault, kDepthMax).limit;
  const MatchingEngine& engine = venue_.engine();
  JsonWriter json(call.answer.body);
  json.open('{').field("lastUpdateId", engine.version(symbol).value);
  json.key("bids");
  write_levels(json, engine.book(symbol), Side::kBuy, engine.symbol(symbol), limit);
  json.key("asks");
  write_levels(json, engine.book(symbol), Side::kSell, engine.symbol(symbol), limit);
  json.field("timestamp", to_ms(venue_.now())).close('}');
  return std::nullopt;
}

RestApi::Failure RestApi::trades(Call& call) {
  SymbolId symbol;
  if (const Failure failure = read_symbol(symbol)) return failure;
  const std::size_t limit = read_range(kTradesDefault, kTradesMax).limit;
  const auto& trades = venue_.market(symbol).trades();
  const SymbolSpec& spec = venue_.engine().symbol(symbol);
  JsonWriter json(call.answer.body);
  json.open('[');
  const std::size_t count = std::min(limit, trades.size());
  for (std::size_t i = 0; i < count; ++i) {  // The newest first.
    const PublicTrade& trade = trades[trades.size() - 1 - i];
    json.open('{').key("id").null().field("price", trade.price.value, spec.price_exponent);
    json.field("qty", trade.quantity.value, spec.quantity_exponent);
    json.field("quoteQty", trade.amount.value, kMoneyExponent).field("time", to_ms(trade.time));
    json.field("isBuyerMaker", trade.buyer_is_maker).field("isBestMatch", true);
    json.field("tradeType", trade.buyer_is_maker ? "ASK" : "BID").close('}');
  }
  json.close(']');
  return std::nullopt;
}

RestApi::Failure RestApi::aggregate_trades(Call& call) {
  SymbolId symbol;
  if (const Failure failure = read_symbol(symbol)) return failure;
  if (parameters_.has("startTime") != parameters_.has("endTime")) {
    return missing_parameter(parameters_.has("startTime") ? "endTime" : "startTime");
  }
  const TimeRange range = read_range(kTradesDefault, kTradesMax);
  const SymbolSpec& spec = venue_.engine().symbol(symbol);
  JsonWriter json(call.answer.body);
  json.open('[');
  std::size_t left = range.limit;
  const auto& trades = venue_.market(symbol).trades();
  for (auto trade = trades.rbegin(); trade != trades.rend() && left > 0; ++trade) {
    const std::int64_t time = to_ms(trade->time);
    if (time < range.from_ms || time > range.to_ms) continue;
    --left;
    json.open('{').key("a").null().key("f").null().key("l").null();
    json.field("p", trade->price.value, spec.price_exponent);
    json.field("q", trade->quantity.value, spec.quantity_exponent).field("T", time);
    json.field("m", trade->buyer_is_maker).field("M", true).close('}');
  }
  json.close(']');
  return std::nullopt;
}

RestApi::Failure RestApi::klines(Call& call) {
  SymbolId symbol;
  if (const Failure failure = read_symbol(symbol)) return failure;
  const auto interval = parse_interval(parameters_.text("interval"));
  if (!interval) return VenueError{-1120, "Invalid interval.", 400};
  const TimeRange range = read_range(kTradesDefault, kTradesMax);
  const SymbolSpec& spec = venue_.engine().symbol(symbol);
  std::vector<const Candle*> chosen;
  const auto& candles = venue_.market(symbol).candles(*interval);
  for (const Candle& candle : candles) {
    const std::int64_t start = candle.start_s * 1000;
    if (start >= range.from_ms && start <= range.to_ms) chosen.push_back(&candle);
  }
  const std::size_t skip = chosen.size() > range.limit ? chosen.size() - range.limit : 0;
  JsonWriter json(call.answer.body);
  json.open('[');
  for (std::size_t i = skip; i < chosen.size(); ++i) {
    const Candle& candle = *chosen[i];
    json.open('[').number(candle.start_s * 1000);
    for (const Price price : {candle.open, candle.high, candle.low, candle.close}) {
      json.decimal(price.value, spec.price_exponent);
    }
    json.decimal(candle.volume.value, spec.quantity_exponent).number(candle.end_s * 1000);
    json.decimal(candle.amount.value, kMoneyExponent).close(']');
  }
  json.close(']');
  return std::nullopt;
}

RestApi::Failure RestApi::average_price(Call& call) {
  SymbolId symbol;
  if (const Failure failure = read_symbol(symbol)) return failure;
  constexpr std::int64_t kMinutes = 5;
  const SymbolSpec& spec = venue_.engine().symbol(symbol);
  const Instant since = venue_.now() - std::chrono::minutes(kMinutes);
  __extension__ typedef __int128 Wide;
  Wide weighed = 0, volume = 0;
  for (const PublicTrade& trade : venue_.market(symbol).trades()) {
    if (trade.time < since) continue;
    weighed += static_cast<Wide>(trade.price.value) * trade.quantity.value;
    volume += trade.quantity.value;
  }
  const std::int64_t price =
      volume > 0 ? static_cast<std::int64_t>(weighed / volume) : last_price(symbol).value;
  JsonWriter(call.answer.body)
      .open('{')
      .field("mins", kMinutes)
      .field("price", price, spec.price_exponent)
      .close('}');
  return std::nullopt;
}

Price RestApi::last_price(SymbolId symbol) const {
  const auto& trades = venue_.market(symbol).trades();
  return trades.empty() ? venue_.engine().symbol(symbol).price_start : trades.back().price;
}

RestApi::Failure RestApi::each_symbol(Call& call,
                                      void (RestApi::*write)(std::string&, SymbolId) const) {
  std::string& out = call.answer.body;
  if (parameters_.has("symbol")) {
    SymbolId symbol;
    if (const Failure failure = read_symbol(symbol)) return failure;
    (this->*write)(out, symbol);
    return std::nullopt;
  }
  out += '[';
  for (std::size_t i = 0; i < venue_.engine().symbols().size(); ++i) {
    if (i > 0) out += ',';
    (this->*write)(out, SymbolId{static_cast<std::uint16_t>(i)});
  }
  out += ']';
  return std::nullopt;
}

RestApi::Failure RestApi::day_ticker(Call& call) { return each_symbol(call, &RestApi::write_day); }
RestApi::Failure RestApi::price_ticker(Call& call) {
  return each_symbol(call, &RestApi::write_price);
}
RestApi::Failure RestApi::book_ticker(Call& call) {
  return each_symbol(call, &RestApi::write_book_ticker);
}

void RestApi::write_day(std::string& out, SymbolId symbol) const {
  const SymbolSpec& spec = venue_.engine().symbol(symbol);
  const DayFigures day = venue_.market(symbol).day(venue_.now());
  const Book& book = venue_.engine().book(symbol);
  JsonWriter json(out);
  const auto price = [&](std::string_view name, Price value) {
    json.field(name, value.value, spec.price_exponent);
  };
  json.open('{').field("symbol", spec.name.view());
  price("priceChange", day.last - day.open);
  json.field("priceChangePercent", change_ppm(day.open, day.last),
             6);  // a fraction, as the venue gives it
  price("prevClosePrice", day.open);
  price("lastPrice", day.last);
  for (const Side side : {Side::kBuy, Side::kSell}) {
    const bool bid = side == Side::kBuy;
    const Price best = book.best_price(side).value_or(Price{});
    price(bid ? "bidPrice" : "askPrice", best);
    json.field(bid ? "bidQty" : "askQty", book.total_at(side, best).value, spec.quantity_exponent);
  }
  price("openPrice", day.open);
  price("highPrice", day.high);
  price("lowPrice", day.low);
  json.field("volume", day.volume.value, spec.quantity_exponent);
  json.field("quoteVolume", day.amount.value, kMoneyExponent);
  json.field("openTime", day.open_time_ms)
      .field("closeTime", day.close_time_ms)
      .key("count")
      .null();
  json.close('}');
}

void RestApi::write_price(std::string& out, SymbolId symbol) const {
  const SymbolSpec& spec = venue_.engine().symbol(symbol);
  JsonWriter(out)
      .open('{')
      .field("symbol", spec.name.view())
      .field("price", last_price(symbol).value, spec.price_exponent)
      .close('}');
}

void RestApi::write_book_ticker(std::string& out, SymbolId symbol) const {
  const SymbolSpec& spec = venue_.engine().symbol(symbol);
  const Book& book = venue_.engine().book(symbol);
  JsonWriter json(out);
  json.open('{').field("symbol", spec.name.view());
  for (const Side side : {Side::kBuy, Side::kSell}) {
    const bool bid = side == Side::kBuy;
    const Price best = book.best_price(side).value_or(Price{});
    json.field(bid ? "bidPrice" : "askPrice", best.value, spec.price_exponent);
    json.field(bid ? "bidQty" : "askQty", book.total_at(side, best).value, spec.quantity_exponent);
  }
  json.close('}');
}

// There are no futures here; clients that ask for both markets get an empty list.
RestApi::Failure RestApi::contract_detail(Call& call) {
  call.answer.body = R"({"success":true,"code":0,"data":[]})";
  return std::nullopt;
}

}  // namespace levi::exchange
