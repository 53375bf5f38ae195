#include "core/policy/reconnect.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/base/check.h"

namespace levi::policy {
namespace {

constexpr unsigned kDoublingsMax = 30;  // Past any sensible delay_max; keeps the shift defined.

}  // namespace

ReconnectPolicy::ReconnectPolicy(ReconnectLimits limits) : limits_(limits) {
  LEVI_CHECK(limits.delay_min > Nanos{0} && limits.delay_max >= limits.delay_min);
  LEVI_CHECK(limits.delay_max.count() < INT64_MAX >> 1);
}

void ReconnectPolicy::on_connected(MonoTime now) {
  connected_ = true;
  connected_at_ = now;
}

Nanos ReconnectPolicy::on_lost(MonoTime now, Random& random) {
  const bool worked = std::exchange(connected_, false);
  if (worked && now - connected_at_ >= limits_.stable_after) attempts_ = 0;
  if (worked && (!at_once_used_ || now - at_once_at_ >= limits_.at_once_every)) {
    at_once_used_ = true;
    at_once_at_ = now;
    return Nanos{0};
  }
  const Nanos delay = jittered(random);
  attempts_ = std::min(attempts_ + 1, kDoublingsMax);
  return delay;
}

Nanos ReconnectPolicy::jittered(Random& random) const {
  Nanos bound = limits_.delay_min;
  for (unsigned i = 0; i < attempts_ && bound < limits_.delay_max; ++i) bound *= 2;
  bound = std::min(bound, limits_.delay_max);
  return Nanos{
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(bound.count()) + 1))};
}

}  // namespace levi::policy
