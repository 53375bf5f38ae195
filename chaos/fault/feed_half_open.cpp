// feed.half_open: the exchange keeps the sockets of one feed and neither reads nor writes them.
// Nothing ends, nothing comes: only a watchdog over application frames can notice.
#include <algorithm>

#include "chaos/fault/feed_fault.h"
#include "chaos/fault/kinds.h"
#include "core/os/clock.h"

namespace levi::chaos {
namespace {

constexpr const char* kFeedHalfOpen = "feed.half_open";
constexpr Nanos kSilence = 150ms;  // longer than the market data channels' own 100 ms

class FeedHalfOpen : public FeedFault {
 public:
  FeedHalfOpen() : FeedFault(kFeedHalfOpen, "half_open") {}

  // The very sockets are frozen at the exchange, and the core shows that frames stopped (or already
  // gave them up).
  Result<Proof> prove(const Target& target, const Undo&, const Injection&,
                      MonoTime deadline) override {
    do {
      LEVI_TRY(left, victims(target));
      const bool frozen =
          std::all_of(left.begin(), left.end(), [](const Connection& c) { return c.frozen; });
      LEVI_TRY(view, feed_view(target, feed()));
      const bool reconnected = view.reconnects > before().reconnects;
      const bool silent = !view.up || view.last_frame_age >= kSilence || reconnected;
      if (frozen && silent && (!left.empty() || reconnected)) {
        return Proof{os::mono_now(), "the exchange's " + feed() +
                                         " sockets are frozen, and the core gets no frames"};
      }
    } while (os::mono_now() < deadline);
    return error(ErrorCode::kTimeout, "frames of the " + feed() + " feed kept coming");
  }
};

}  // namespace

FaultKind feed_half_open() {
  FaultKind kind;
  kind.name = kFeedHalfOpen;
  kind.title = "the exchange keeps the sockets of a feed, never reading or writing";
  kind.parameters = {{"on", provable_feeds()}};
  kind.needs = {"exchange-admin"};
  kind.down_events = {"feed-down"};
  kind.up_events = {"feed-up"};
  kind.make = [] { return std::make_unique<FeedHalfOpen>(); };
  return kind;
}

}  // namespace levi::chaos
