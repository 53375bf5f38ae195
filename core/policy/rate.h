// Keeps requests under a venue's limit of so much weight per window. Pure; one per limit, owned by
// the sending thread.
//
// An exact sliding window, not a token bucket: a bucket that holds the whole allowance and refills
// at the allowed rate lets nearly twice the limit through in one window, and a venue answers that
// with 429 and then a ban.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/instant.h"

namespace levi::policy {

struct RateLimit {
  std::uint32_t weight_max = 500;
  Nanos window{10s};
};

class RateWindow {
 public:
  explicit RateWindow(RateLimit limit);

  // Counts `weight` at `now` and returns true, or leaves everything as it was. A weight above the
  // limit is never taken.
  bool take(std::uint32_t weight, MonoTime now);
  // The earliest instant at which `take(weight)` would succeed; kNever for a weight above the
  // limit.
  MonoTime ready_at(std::uint32_t weight, MonoTime now) const;
  // The venue said 429 or 418 with Retry-After: nothing is taken before then.
  void punish(MonoTime until);
  std::uint32_t used(MonoTime now) const;

 private:
  struct Taken {
    MonoTime at;
    std::uint32_t weight = 0;
  };
  const Taken& taken(std::size_t i) const { return ring_[(first_ + i) % ring_.size()]; }
  void forget(MonoTime now);

  RateLimit limit_;
  std::vector<Taken> ring_;  // each entry weighs at least 1: `weight_max` places are enough
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::uint32_t used_ = 0;
  MonoTime punished_until_;
};

}  // namespace levi::policy
