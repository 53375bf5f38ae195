// feed.reset: the exchange resets (RST) the sockets of one feed. The core must notice and
// reconnect.
#include "chaos/fault/feed_fault.h"
#include "chaos/fault/kinds.h"
#include "core/os/clock.h"

namespace levi::chaos {
namespace {

constexpr const char* kFeedReset = "feed.reset";

class FeedReset : public FeedFault {
 public:
  FeedReset() : FeedFault(kFeedReset, "reset") {}

  // The sockets ended at the exchange, and the core lost its feed or has already had to reconnect.
  Result<Proof> prove(const Target& target, const Undo&, const Injection&,
                      MonoTime deadline) override {
    do {
      LEVI_TRY(left, victims(target));
      LEVI_TRY(view, feed_view(target, feed()));
      if (left.empty() && (!view.up || view.reconnects > before().reconnects)) {
        return Proof{os::mono_now(),
                     "the exchange's " + feed() + " sockets ended, and the core lost its feed"};
      }
    } while (os::mono_now() < deadline);
    return error(ErrorCode::kTimeout, "no " + feed() + " socket was seen to end");
  }
};

}  // namespace

FaultKind feed_reset() {
  FaultKind kind;
  kind.name = kFeedReset;
  kind.title = "the exchange resets the sockets of a feed";
  kind.parameters = {{"on", provable_feeds()}};
  kind.needs = {"exchange-admin"};
  kind.down_events = {"feed-down"};
  kind.up_events = {"feed-up"};
  kind.make = [] { return std::make_unique<FeedReset>(); };
  return kind;
}

}  // namespace levi::chaos
