#include "exchange/market/market_data.h"

#include <algorithm>
#include <limits>

#include "core/base/check.h"

namespace levi::exchange {
namespace {

constexpr std::int64_t kDay = 86'400;

std::int64_t floor_to(std::int64_t value, std::int64_t unit) {
  const std::int64_t rest = value % unit;
  return value - (rest < 0 ? rest + unit : rest);
}

std::pair<std::int64_t, std::int64_t> month_window(std::int64_t seconds) {
  using namespace std::chrono;
  const sys_days day = floor<days>(sys_seconds(std::chrono::seconds(seconds)));
  const year_month_day date(day);
  const sys_days first = date.year() / date.month() / 1;
  const sys_days next = (date.year() / date.month() + months(1)) / 1;
  return {sys_seconds(first).time_since_epoch().count(),
          sys_seconds(next).time_since_epoch().count()};
}

std::int64_t seconds_of(KlineInterval interval) {
  switch (interval) {
    case KlineInterval::kMin1:
      return 60;
    case KlineInterval::kMin5:
      return 300;
    case KlineInterval::kMin15:
      return 900;
    case KlineInterval::kMin30:
      return 1'800;
    case KlineInterval::kMin60:
      return 3'600;
    case KlineInterval::kHour4:
      return 14'400;
    case KlineInterval::kHour8:
      return 28'800;
    case KlineInterval::kDay1:
      return kDay;
    case KlineInterval::kWeek1:
      return 7 * kDay;
    case KlineInterval::kMonth1:
      break;  // Not a fixed length.
  }
  LEVI_UNREACHABLE();
}

// A month of trades may come to more than the type can count: the figure then stays at its end.
template <class Tag>
void add_saturating(Count<Tag>& sum, Count<Tag> part) {
  if (__builtin_add_overflow(sum.value, part.value, &sum.value)) {
    sum.value = std::numeric_limits<std::int64_t>::max();
  }
}

}  // namespace

std::pair<std::int64_t, std::int64_t> candle_window(KlineInterval interval, Instant time) {
  const std::int64_t seconds = floor_to(time.ns, 1'000'000'000) / 1'000'000'000;
  if (interval == KlineInterval::kMonth1) return month_window(seconds);
  const std::int64_t length = seconds_of(interval);
  // 1970-01-01 was a Thursday: shifted by three days, weeks begin on Monday.
  const std::int64_t shift = interval == KlineInterval::kWeek1 ? 3 * kDay : 0;
  const std::int64_t start = floor_to(seconds + shift, length) - shift;
  return {start, start + length};
}

void SymbolMarket::add(const PublicTrade& trade) {
  ++count_;
  trades_.push_back(trade);
  if (trades_.size() > kTradesMax) trades_.pop_front();
  for (std::size_t i = 0; i < candles_.size(); ++i) {
    std::deque<Candle>& candles = candles_[i];
    const std::int64_t now_s = trade.time.ns / 1'000'000'000;
    if (candles.empty() || now_s >= candles.back().end_s) {
      const auto [start, end] = candle_window(static_cast<KlineInterval>(i), trade.time);
      candles.push_back({start, end, trade.price, trade.price, trade.price, trade.price, {}, {}});
      if (candles.size() > kCandlesMax) candles.pop_front();
    }
    Candle& candle = candles.back();
    candle.high = std::max(candle.high, trade.price);
    candle.low = std::min(candle.low, trade.price);
    candle.close = trade.price;
    add_saturating(candle.volume, trade.quantity);
    add_saturating(candle.amount, trade.amount);
  }
}

DayFigures SymbolMarket::day(Instant now) const {
  const std::deque<Candle>& minutes = candles(KlineInterval::kMin1);
  DayFigures day;
  day.close_time_ms = to_ms(now);
  day.open_time_ms = day.close_time_ms - kDay * 1000;
  bool first = true;
  for (const Candle& minute : minutes) {
    if (minute.end_s * 1000 <= day.open_time_ms) continue;
    if (first) {
      day.open = minute.open;
      day.high = minute.high;
      day.low = minute.low;
      first = false;
    }
    day.high = std::max(day.high, minute.high);
    day.low = std::min(day.low, minute.low);
    day.last = minute.close;
    add_saturating(day.volume, minute.volume);
    add_saturating(day.amount, minute.amount);
  }
  if (first && !trades_.empty()) day.open = day.high = day.low = day.last = trades_.back().price;
  return day;
}

}  // namespace levi::exchange
