// MarketFeed: all symbols' market data, over as many connections as the venue's limit of 30
// subscriptions takes. Owned by the venue, on the trading thread.
#pragma once

#include <memory>
#include <vector>

#include "core/policy/rate.h"
#include "core/venue/feed.h"
#include "core/venue/mexc/market_connection.h"

namespace levi::mexc {

class MarketFeed final : public venue::Feed {
 public:
  MarketFeed(os::Loop& loop, Rest& rest, const Instruments& instruments, MarketOptions options,
             std::uint64_t& ordinal, std::uint64_t jitter_seed, Emit emit);

  void start() override;
  void stop() override;
  void resync(SymbolId symbol) override;
  void set_polling(SourceId source, bool on) override;
  venue::FeedStatus status() const override;

 private:
  os::Loop& loop_;
  Rest& rest_;
  const Instruments& instruments_;
  const MarketOptions options_;
  std::uint64_t& ordinal_;
  const std::uint64_t jitter_seed_;
  const Emit emit_;
  policy::RateWindow probe_budget_;
  std::vector<std::unique_ptr<MarketConnection>> connections_;  // made by the first start
};

}  // namespace levi::mexc
