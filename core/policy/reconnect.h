// How long to wait before a lost connection is opened again (DESIGN §6). Pure; one per connection,
// owned by its thread.
//
// The first attempt after the loss of a connection that worked comes at once; every further one
// waits a random part ("full jitter") of a bound that begins at 100 ms and doubles to 30 s. The
// bound starts over only after a stable minute, so a peer that accepts and drops in turn is not
// hammered: "at once" is granted at most once in `at_once_every`. (The very first connect, at the
// start, is the caller's own.)
#pragma once

#include "core/base/instant.h"
#include "core/base/random.h"

namespace levi::policy {

struct ReconnectLimits {
  Nanos delay_min{100ms};
  Nanos delay_max{30s};
  Nanos stable_after{60s};
  Nanos at_once_every{1s};
};

class ReconnectPolicy {
 public:
  explicit ReconnectPolicy(ReconnectLimits limits = {});

  // The connection works (for a feed: its first frame was accepted).
  void on_connected(MonoTime now);
  // It was lost, or an attempt failed: how long to wait before the next one.
  Nanos on_lost(MonoTime now, Random& random);

  unsigned attempts() const { return attempts_; }  // waited for since the last stable minute

 private:
  Nanos jittered(Random& random) const;

  ReconnectLimits limits_;
  bool connected_ = false;
  bool at_once_used_ = false;
  MonoTime connected_at_;
  MonoTime at_once_at_;
  unsigned attempts_ = 0;
};

}  // namespace levi::policy
