// MEXC channel names, both ways: "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT" <-> Channel.
// Pure.
//
// Parsing is strict: what is not exactly one of the venue's forms is refused, as the venue does
// ("Blocked").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/base/result.h"

namespace levi::mexc {

enum class ChannelKind : std::uint8_t {
  kAggreDeals,       // @<10ms|100ms>@<SYM>
  kAggreDepth,       // @<10ms|100ms>@<SYM>
  kAggreBookTicker,  // @<10ms|100ms>@<SYM>
  kLimitDepth,       // @<SYM>@<5|10|20>
  kBookTickerBatch,  // @<SYM>
  kKline,            // @<SYM>@<Min1 ... Month1>
  kMiniTicker,       // @<SYM>@<zone>
  kMiniTickers,      // @<zone>
  kPrivateAccount,
  kPrivateDeals,
  kPrivateOrders,
};

enum class KlineInterval : std::uint8_t {
  kMin1,
  kMin5,
  kMin15,
  kMin30,
  kMin60,
  kHour4,
  kHour8,
  kDay1,
  kWeek1,
  kMonth1,
};
inline constexpr std::size_t kKlineIntervalCount = 10;

const char* to_string(KlineInterval interval);  // "Min1"

struct Channel {
  ChannelKind kind = ChannelKind::kAggreDepth;
  SymbolName symbol;                              // empty for private channels and miniTickers
  int cadence_ms = 0;                             // 10 or 100 where the kind has one
  int levels = 0;                                 // 5, 10 or 20 of kLimitDepth
  KlineInterval interval = KlineInterval::kMin1;  // of kKline
  FixedString<15> zone;                           // "UTC+8", of the mini tickers

  bool is_private() const { return kind >= ChannelKind::kPrivateAccount; }
  friend bool operator==(const Channel&, const Channel&) = default;
};

Result<Channel> parse_channel(std::string_view name);
std::string format_channel(const Channel& channel);

}  // namespace levi::mexc
