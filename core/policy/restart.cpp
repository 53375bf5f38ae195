#include "core/policy/restart.h"

#include <algorithm>

namespace levi::policy {
namespace {

bool in_window(Instant time, const RestartLimits& limits, Instant now) {
  return now - time < limits.window;
}

}  // namespace

RestartDecision decide_restart(std::vector<Instant>& times, const RestartLimits& limits,
                               Instant now) {
  std::erase_if(times, [&](Instant time) { return !in_window(time, limits, now); });
  if (times.size() >= limits.restarts_max) return RestartDecision::kGiveUp;
  times.push_back(now);
  return RestartDecision::kRestart;
}

std::uint32_t restarts_left(const std::vector<Instant>& times, const RestartLimits& limits,
                            Instant now) {
  const auto used = static_cast<std::uint32_t>(std::count_if(
      times.begin(), times.end(), [&](Instant time) { return in_window(time, limits, now); }));
  return used >= limits.restarts_max ? 0 : limits.restarts_max - used;
}

}  // namespace levi::policy
