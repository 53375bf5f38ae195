#include "core/venue/mexc/wire/channel.h"

#include <gtest/gtest.h>

namespace levi::mexc {
namespace {

TEST(MexcChannel, EveryFormOfTheVenueSurvivesTheRoundTrip) {
  for (const char* name :
       {"spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT",
        "spot@public.aggre.depth.v3.api.pb@10ms@ETHUSDT",
        "spot@public.aggre.bookTicker.v3.api.pb@100ms@SOLUSDT",
        "spot@public.limit.depth.v3.api.pb@BTCUSDT@5",
        "spot@public.limit.depth.v3.api.pb@BTCUSDT@20",
        "spot@public.bookTicker.batch.v3.api.pb@BTCUSDT",
        "spot@public.kline.v3.api.pb@BTCUSDT@Min15", "spot@public.kline.v3.api.pb@BTCUSDT@Month1",
        "spot@public.miniTicker.v3.api.pb@BTCUSDT@UTC+8", "spot@public.miniTickers.v3.api.pb@24H",
        "spot@private.account.v3.api.pb", "spot@private.deals.v3.api.pb",
        "spot@private.orders.v3.api.pb"}) {
    const auto channel = parse_channel(name);
    ASSERT_TRUE(channel) << name;
    EXPECT_EQ(format_channel(channel.value()), name);
  }
}

TEST(MexcChannel, PartsLandInTheirFields) {
  const Channel depth = parse_channel("spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT").value();
  EXPECT_EQ(depth.kind, ChannelKind::kAggreDepth);
  EXPECT_EQ(depth.cadence_ms, 10);
  EXPECT_EQ(depth.symbol, "BTCUSDT");
  EXPECT_FALSE(depth.is_private());
  EXPECT_TRUE(parse_channel("spot@private.orders.v3.api.pb").value().is_private());
}

TEST(MexcChannel, WhatIsNotExactlyAFormIsRefused) {
  for (const char* name :
       {"", "spot", "@", "spot@", "spot@public.aggre.depth.v3.api.pb",
        "swap@public.aggre.depth.v3.api.pb@10ms@BTCUSDT",
        "spot@public.aggre.depth.v3.api.pb@20ms@BTCUSDT",
        "spot@public.aggre.depth.v3.api.pb@10ms@btcusdt", "spot@public.aggre.depth.v3.api.pb@10ms@",
        "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT@",
        "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT@5",
        "spot@public.limit.depth.v3.api.pb@BTCUSDT@7", "spot@public.kline.v3.api.pb@BTCUSDT@Min2",
        "spot@private.orders.v3.api.pb@", "spot@public.nothing.v3.api.pb@BTCUSDT",
        "spot@public.aggre.depth.v3.api.pb@10ms@BTC USDT",
        "spot@public.aggre.depth.v3.api.pb@10ms@ABCDEFGHIJKLMNOPQRSTUVWXYZ"}) {
    EXPECT_FALSE(parse_channel(name)) << name;
  }
}

}  // namespace
}  // namespace levi::mexc
