// Feed: a source of market data, or of private order and deal pushes. Owned by the trading thread.
//
// Emits machine events: TopOfBook, Deal, BookGap, FeedUp, FeedDown, and VenueAck/VenueFill/
// VenueCanceled from the private stream. Reconnects by policy/reconnect, resyncs a poisoned book,
// watches every subscription (policy/staleness), renews its sockets with an overlap before the
// venue's 24 h end, polls over REST where told to.
//
// Sources. A venue limits the subscriptions of one connection, so a market feed of many symbols has
// several connections, and each is a source of its own: FeedDown(source) concerns only the symbols
// whose data came from that source.
//
// An unchanged TopOfBook is emitted again from time to time while its subscription is proven alive:
// a quiet market is not a stale one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/machine/event.h"

namespace levi::venue {

inline constexpr SourceId kMarketSource{0};   // the first market connection
inline constexpr SourceId kPrivateSource{1};  // orders and deals of the account
// Further market connections take 2, 3, ...
constexpr SourceId market_source(std::size_t connection) {
  return connection == 0 ? kMarketSource : SourceId{static_cast<std::uint8_t>(connection + 1)};
}

struct SubscriptionStatus {
  std::string channel;
  bool live = false;  // confirmed by the venue, heard within the watchdog's limit, and not late
  MonoTime last_frame;
};
struct FeedStatus {
  std::string name;  // "market", "private"
  bool connected = false;
  bool polling = false;
  std::uint64_t connection = 0;  // ordinal of the newest connection
  std::uint64_t reconnects = 0;
  std::uint64_t frames = 0;              // application frames accepted
  std::uint64_t decode_errors = 0;       // frames that made no sense, counted and dropped
  std::uint64_t deals_unattributed = 0;  // private: without a client id, of no order that we know
  Nanos lag{0};  // of the oldest data, by the venue's stamps; 0 while that is within the limit
  std::string detail;  // why it is not connected, or that it lags; empty when all is well
  std::vector<SubscriptionStatus> subscriptions;
};

class Feed {
 public:
  using Emit = std::function<void(const machine::Event&)>;
  virtual ~Feed() = default;
  virtual void start() = 0;
  virtual void stop() = 0;
  virtual void resync(SymbolId symbol) = 0;
  // REST polling of the source's symbols while its socket is down. The machine decides (PollRest).
  virtual void set_polling(SourceId source, bool on) = 0;
  virtual FeedStatus status() const = 0;
};

}  // namespace levi::venue
