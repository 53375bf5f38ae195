#include "exchange/stream/encode.h"

#include "core/base/check.h"
#include "exchange/ledger/ledger_json.h"

namespace levi::exchange {
namespace {

std::string price_text(const SymbolSpec& spec, Price price) {
  return format_decimal(price.value, spec.price_exponent);
}
std::string quantity_text(const SymbolSpec& spec, Quantity quantity) {
  return format_decimal(quantity.value, spec.quantity_exponent);
}
std::string money_text(Money money) { return format_decimal(money.value, kMoneyExponent); }
std::string version_text(BookVersion version) { return std::to_string(version.value); }

std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

// The mean price of what was executed, in price steps, rounded down.
Price average_price(const SymbolSpec& spec, const Order& order) {
  if (order.executed.value == 0) return {};
  const std::int64_t unit =
      power_of_ten(kMoneyExponent - spec.price_exponent - spec.quantity_exponent);
  return Price{order.executed_quote.value / order.executed.value / unit};
}

int order_type_number(OrderType type) {
  switch (type) {
    case OrderType::kLimit:
      return 1;
    case OrderType::kLimitMaker:
      return 2;
    case OrderType::kImmediateOrCancel:
      return 3;
    case OrderType::kFillOrKill:
      return 4;
    case OrderType::kMarket:
      return 5;
  }
  LEVI_UNREACHABLE();
}

int status_number(OrderStatus status) {
  switch (status) {
    case OrderStatus::kNew:
      return 1;
    case OrderStatus::kFilled:
      return 2;
    case OrderStatus::kPartiallyFilled:
      return 3;
    case OrderStatus::kCanceled:
      return 4;
    case OrderStatus::kPartiallyCanceled:
      return 5;
  }
  LEVI_UNREACHABLE();
}

int side_number(Side side) { return side == Side::kBuy ? 1 : 2; }

struct Best {
  Price price;
  Quantity quantity;
};
Best best_of(const Book& book, Side side) {
  const auto& levels = book.levels(side);
  if (levels.empty()) return {};
  return {Book::price_of(side, levels.begin()->first), levels.begin()->second.total};
}

template <class Ticker>
void set_best(const SymbolSpec& spec, const Book& book, Ticker& out) {
  const Best bid = best_of(book, Side::kBuy);
  const Best ask = best_of(book, Side::kSell);
  out.set_bidprice(price_text(spec, bid.price));
  out.set_bidquantity(quantity_text(spec, bid.quantity));
  out.set_askprice(price_text(spec, ask.price));
  out.set_askquantity(quantity_text(spec, ask.quantity));
}

}  // namespace

void encode_depth(const MatchingEngine& engine, SymbolId symbol,
                  const std::vector<LevelChange>& changes, BookVersion from, BookVersion to,
                  pb::PublicAggreDepthsV3Api& out) {
  const SymbolSpec& spec = engine.symbol(symbol);
  const Book& book = engine.book(symbol);
  for (const LevelChange& change : changes) {
    auto& item = change.side == Side::kBuy ? *out.add_bids() : *out.add_asks();
    item.set_price(price_text(spec, change.price));
    item.set_quantity(quantity_text(spec, book.total_at(change.side, change.price)));
  }
  out.set_fromversion(version_text(from));
  out.set_toversion(version_text(to));
  out.set_lastordercreatetime(to_ms(engine.last_order_time(symbol)));
}

void encode_deals(const SymbolSpec& spec, const std::vector<PublicTrade>& trades,
                  pb::PublicAggreDealsV3Api& out) {
  for (const PublicTrade& trade : trades) {
    auto& item = *out.add_deals();
    item.set_price(price_text(spec, trade.price));
    item.set_quantity(quantity_text(spec, trade.quantity));
    item.set_tradetype(trade.buyer_is_maker ? 2 : 1);
    item.set_time(to_ms(trade.time));
    item.set_tradeid(std::to_string(trade.id.value));
  }
}

void encode_book_ticker(const MatchingEngine& engine, SymbolId symbol,
                        pb::PublicAggreBookTickerV3Api& out) {
  set_best(engine.symbol(symbol), engine.book(symbol), out);
  out.set_version(version_text(engine.version(symbol)));
  out.set_lastordercreatetime(to_ms(engine.last_order_time(symbol)));
}

void encode_book_ticker_batch(const MatchingEngine& engine, SymbolId symbol,
                              pb::PublicBookTickerBatchV3Api& out) {
  set_best(engine.symbol(symbol), engine.book(symbol), *out.add_items());
  out.set_version(version_text(engine.version(symbol)));
  out.set_lastordercreatetime(to_ms(engine.last_order_time(symbol)));
}

void encode_limit_depth(const MatchingEngine& engine, SymbolId symbol, int levels,
                        pb::PublicLimitDepthsV3Api& out) {
  const SymbolSpec& spec = engine.symbol(symbol);
  for (const Side side : {Side::kBuy, Side::kSell}) {
    int left = levels;
    for (const auto& [rank, level] : engine.book(symbol).levels(side)) {
      if (left-- == 0) break;
      auto& item = side == Side::kBuy ? *out.add_bids() : *out.add_asks();
      item.set_price(price_text(spec, Book::price_of(side, rank)));
      item.set_quantity(quantity_text(spec, level.total));
    }
  }
  out.set_version(version_text(engine.version(symbol)));
  out.set_lastordercreatetime(to_ms(engine.last_order_time(symbol)));
}

void encode_kline(const SymbolSpec& spec, KlineInterval interval, const Candle& candle,
                  pb::PublicSpotKlineV3Api& out) {
  out.set_interval(mexc::to_string(interval));
  out.set_windowstart(candle.start_s);
  out.set_windowend(candle.end_s);
  out.set_openingprice(price_text(spec, candle.open));
  out.set_closingprice(price_text(spec, candle.close));
  out.set_highestprice(price_text(spec, candle.high));
  out.set_lowestprice(price_text(spec, candle.low));
  out.set_volume(quantity_text(spec, candle.volume));
  out.set_amount(money_text(candle.amount));
}

void encode_mini_ticker(const SymbolSpec& spec, const DayFigures& day,
                        pb::PublicMiniTickerV3Api& out) {
  __extension__ typedef __int128 Wide;
  const Wide change = static_cast<Wide>(day.last.value - day.open.value) * 10'000;
  const std::int64_t rate =
      day.open.value == 0 ? 0 : static_cast<std::int64_t>(change / day.open.value);
  out.set_symbol(spec.name.str());
  out.set_price(price_text(spec, day.last));
  out.set_rate(format_decimal(rate, 4));
  out.set_zonedrate(format_decimal(rate, 4));
  out.set_high(price_text(spec, day.high));
  out.set_low(price_text(spec, day.low));
  out.set_volume(money_text(day.amount));
  out.set_quantity(quantity_text(spec, day.volume));
  out.set_lastcloserate(format_decimal(rate, 4));
  out.set_lastclosezonedrate(format_decimal(rate, 4));
  out.set_lastclosehigh(price_text(spec, day.high));
  out.set_lastcloselow(price_text(spec, day.low));
}

void encode_order(const SymbolSpec& spec, const Order& order, const LastDeal& last,
                  pb::PrivateOrdersV3Api& out) {
  const auto amount = [&](Quantity quantity) {
    const auto product =
        notional(order.price, quantity, spec.price_exponent, spec.quantity_exponent);
    return money_text(product ? product.value() : Money{});
  };
  out.set_id(format_order_id(order.id));
  out.set_clientid(order.client_id.str());
  out.set_price(price_text(spec, order.price));
  out.set_quantity(quantity_text(spec, order.quantity));
  out.set_amount(order.quote_quantity.value > 0 ? money_text(order.quote_quantity)
                                                : amount(order.quantity));
  out.set_avgprice(price_text(spec, average_price(spec, order)));
  out.set_ordertype(order_type_number(order.type));
  out.set_tradetype(side_number(order.side));
  out.set_ismaker(last.maker);
  out.set_remainamount(amount(order.remaining()));
  out.set_remainquantity(quantity_text(spec, order.remaining()));
  if (last.quantity.value > 0) out.set_lastdealquantity(quantity_text(spec, last.quantity));
  out.set_cumulativequantity(quantity_text(spec, order.executed));
  out.set_cumulativeamount(money_text(order.executed_quote));
  out.set_status(status_number(order.status));
  out.set_createtime(to_ms(order.created));
  out.set_market(spec.name.str());
}

void encode_fill(const SymbolSpec& spec, const Fill& fill, pb::PrivateDealsV3Api& out) {
  out.set_price(price_text(spec, fill.price));
  out.set_quantity(quantity_text(spec, fill.quantity));
  out.set_amount(money_text(fill.amount));
  out.set_tradetype(side_number(fill.side));
  out.set_ismaker(fill.maker);
  out.set_isselftrade(fill.self_trade);
  out.set_tradeid(std::to_string(fill.trade.value));
  out.set_clientorderid(fill.client_id.str());
  out.set_orderid(format_order_id(fill.order));
  out.set_feeamount(money_text(fill.fee));
  out.set_feecurrency(spec.quote.str());
  out.set_time(to_ms(fill.time));
}

void encode_balance(const AssetName& asset, const Balance& balance, const Balance& change,
                    BalanceCause cause, Instant time, pb::PrivateAccountV3Api& out) {
  out.set_vcoinname(asset.str());
  out.set_coinid(asset.str());
  out.set_balanceamount(money_text(balance.free));
  out.set_balanceamountchange(money_text(change.free));
  out.set_frozenamount(money_text(balance.locked));
  out.set_frozenamountchange(money_text(change.locked));
  out.set_type(cause == BalanceCause::kPlaced     ? "ENTRUST_PLACE"
               : cause == BalanceCause::kCanceled ? "ENTRUST_CANCEL"
                                                  : "ENTRUST");
  out.set_time(to_ms(time));
}

}  // namespace levi::exchange
