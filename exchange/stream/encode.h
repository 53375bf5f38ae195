// Pushes: the venue's state as protobuf messages. The wrapper is reused, so that a push allocates
// little.
#pragma once

#include <string>
#include <vector>

#include "core/venue/mexc/wire/push.pb.h"
#include "exchange/venue/venue.h"

namespace levi::exchange {

namespace pb = mexc::pb;

struct LevelChange {
  Side side;
  Price price;
  friend auto operator<=>(const LevelChange&, const LevelChange&) = default;
};

void encode_depth(const MatchingEngine& engine, SymbolId symbol,
                  const std::vector<LevelChange>& changes, BookVersion from, BookVersion to,
                  pb::PublicAggreDepthsV3Api& out);
void encode_deals(const SymbolSpec& spec, const std::vector<PublicTrade>& trades,
                  pb::PublicAggreDealsV3Api& out);
void encode_book_ticker(const MatchingEngine& engine, SymbolId symbol,
                        pb::PublicAggreBookTickerV3Api& out);
void encode_book_ticker_batch(const MatchingEngine& engine, SymbolId symbol,
                              pb::PublicBookTickerBatchV3Api& out);
void encode_limit_depth(const MatchingEngine& engine, SymbolId symbol, int levels,
                        pb::PublicLimitDepthsV3Api& out);
void encode_kline(const SymbolSpec& spec, KlineInterval interval, const Candle& candle,
                  pb::PublicSpotKlineV3Api& out);
void encode_mini_ticker(const SymbolSpec& spec, const DayFigures& day,
                        pb::PublicMiniTickerV3Api& out);

struct LastDeal {
  Quantity quantity;  // 0: none yet
  bool maker = false;
};
void encode_order(const SymbolSpec& spec, const Order& order, const LastDeal& last,
                  pb::PrivateOrdersV3Api& out);
void encode_fill(const SymbolSpec& spec, const Fill& fill, pb::PrivateDealsV3Api& out);
void encode_balance(const AssetName& asset, const Balance& balance, const Balance& change,
                    BalanceCause cause, Instant time, pb::PrivateAccountV3Api& out);

}  // namespace levi::exchange
