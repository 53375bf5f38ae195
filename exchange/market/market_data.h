// MarketData: what the venue publishes about trades: the last ones, candles, and the 24-hour
// figures.
//
// Owned by the exchange, one thread; fed with every trade. Everything is bounded: kTradesMax trades
// and kCandlesMax candles an interval, per symbol; older ones are forgotten.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/venue/mexc/wire/channel.h"
#include "exchange/matching/types.h"

namespace levi::exchange {

using mexc::KlineInterval;

struct PublicTrade {
  TradeNumber id;
  Price price;
  Quantity quantity;
  Money amount;
  Instant time;
  bool buyer_is_maker = false;
};

struct Candle {
  std::int64_t start_s = 0;
  std::int64_t end_s = 0;
  Price open, high, low, close;
  Quantity volume;
  Money amount;
};

struct DayFigures {
  Price open, high, low, last;
  Quantity volume;
  Money amount;
  std::int64_t open_time_ms = 0;
  std::int64_t close_time_ms = 0;
};

// [start, end) of the window of this interval that holds `time`, UTC; weeks begin on Monday.
std::pair<std::int64_t, std::int64_t> candle_window(KlineInterval interval, Instant time);

class SymbolMarket {
 public:
  static constexpr std::size_t kTradesMax = 1000;
  static constexpr std::size_t kCandlesMax = 1500;  // of one minute: more than a day

  void add(const PublicTrade& trade);
  const std::deque<PublicTrade>& trades() const { return trades_; }
  const std::deque<Candle>& candles(KlineInterval interval) const {
    return candles_.at(static_cast<std::size_t>(interval));
  }
  DayFigures day(Instant now) const;  // all zero before the first trade
  std::uint64_t trade_count() const { return count_; }

 private:
  std::deque<PublicTrade> trades_;
  std::array<std::deque<Candle>, mexc::kKlineIntervalCount> candles_;
  std::uint64_t count_ = 0;
};

}  // namespace levi::exchange
