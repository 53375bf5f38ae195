// Feed: one source of market data and of private order and deal pushes. Owned by the trading thread.
//
// Emits machine events: TopOfBook, Deal, BookGap, FeedUp, FeedDown, and VenueAck/VenueFill/VenueCanceled from the private
// stream. Reconnects by policy/reconnect, resyncs a poisoned book, watches every subscription (policy/staleness), renews its
// sockets with an overlap before the venue's 24 h end, falls back to REST polling.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/machine/event.h"

namespace levi::venue {

struct SubscriptionStatus {
  std::string channel;
  bool live = false;
  MonoTime last_frame;
};
struct FeedStatus {
  std::string name;      // "market", "private"
  bool connected = false;
  bool polling = false;
  std::uint64_t connection = 0;
  std::uint64_t reconnects = 0;
  std::vector<SubscriptionStatus> subscriptions;
};

class Feed {
 public:
  using Emit = std::function<void(const machine::Event&)>;
  virtual ~Feed() = default;
  virtual void start() = 0;
  virtual void stop() = 0;
  virtual void resync(SymbolId symbol) = 0;
  virtual void set_polling(bool on) = 0;
  virtual FeedStatus status() const = 0;
};

}  // namespace levi::venue
