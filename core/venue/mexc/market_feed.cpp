#include "core/venue/mexc/market_feed.h"

#include <algorithm>
#include <utility>

#include "core/base/random.h"

namespace levi::mexc {
namespace {

// Of the venue's 500 in 10 s for depth: the rest is for snapshots and polling.
constexpr policy::RateLimit kProbeLimit{.weight_max = 200, .window = 10s};

}  // namespace

MarketFeed::MarketFeed(os::Loop& loop, Rest& rest, const Instruments& instruments,
                       MarketOptions options, std::uint64_t& ordinal, std::uint64_t jitter_seed,
                       Emit emit)
    : loop_(loop),
      rest_(rest),
      instruments_(instruments),
      options_(std::move(options)),
      ordinal_(ordinal),
      jitter_seed_(jitter_seed),
      emit_(std::move(emit)),
      probe_budget_(kProbeLimit) {}

void MarketFeed::start() {
  const auto& all = instruments_.traded();
  if (connections_.empty()) {
    for (std::size_t first = 0; first < all.size(); first += kSymbolsPerConnection) {
      std::vector<const Instrument*> some;
      const std::size_t end = std::min(first + kSymbolsPerConnection, all.size());
      for (std::size_t i = first; i < end; ++i) some.push_back(&all[i]);
      const std::size_t number = connections_.size();
      connections_.push_back(std::make_unique<MarketConnection>(
          MarketConnection::Parts{loop_, rest_, probe_budget_, ordinal_,
                                  derive_seed(jitter_seed_, number)},
          options_, venue::market_source(number), std::move(some), emit_));
    }
  }
  for (const auto& connection : connections_) connection->start();
}

void MarketFeed::stop() {
  for (const auto& connection : connections_) connection->stop();
}

void MarketFeed::resync(SymbolId symbol) {
  for (const auto& connection : connections_) connection->resync(symbol);
}

void MarketFeed::set_polling(SourceId source, bool on) {
  for (const auto& connection : connections_) {
    if (connection->source() == source) connection->set_polling(on);
  }
}

venue::FeedStatus MarketFeed::status() const {
  venue::FeedStatus status;
  status.name = "market";
  status.connected = !connections_.empty();
  if (connections_.empty()) status.detail = "not started";
  for (const auto& connection : connections_) connection->add_to(status);
  return status;
}

}  // namespace levi::mexc
