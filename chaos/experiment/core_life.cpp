#include "chaos/experiment/core_life.h"

#include <algorithm>

#include "core/base/json_fields.h"

namespace levi::chaos {

CoreLife life_of(const Json& health) {
  return {static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_at(health, "incarnation"))),
          integer_at(health, "pid"), integer_at(health, "start_ticks")};
}

std::uint64_t restarts_between(const CoreLife& before, const CoreLife& now) {
  if (before.incarnation != 0 && now.incarnation > before.incarnation)
    return now.incarnation - before.incarnation;
  const bool same = before.incarnation == now.incarnation && before.pid == now.pid &&
                    before.start_ticks == now.start_ticks;
  return same ? 0 : 1;
}

std::uint64_t starts_since(const std::deque<CoreEvent>& events, MonoTime since) {
  return static_cast<std::uint64_t>(std::count_if(
      events.begin(), events.end(),
      [&](const CoreEvent& event) { return event.type == "started" && event.mono >= since; }));
}

}  // namespace levi::chaos
