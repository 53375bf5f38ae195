// When a dead engine is started again: a budget over a sliding window of all restarts (DESIGN §6).
//
// Pure: time comes in, a decision goes out. The window itself is the caller's value (machine state,
// replayed from the journal), so it survives a restart of the core; only an audited start clears
// it.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/instant.h"

namespace levi::policy {

struct RestartLimits {
  std::uint32_t restarts_max = 5;
  Nanos window{600s};
};

enum class RestartDecision : std::uint8_t { kRestart, kGiveUp };

// Forgets restarts that have left the window; then, if the budget allows one more, counts it at
// `now`. A restart leaves the window once it is `window` old. `times` ascends and never grows
// beyond `restarts_max`.
RestartDecision decide_restart(std::vector<Instant>& times, const RestartLimits& limits,
                               Instant now);

// How many more would be allowed at `now`; changes nothing.
std::uint32_t restarts_left(const std::vector<Instant>& times, const RestartLimits& limits,
                            Instant now);

}  // namespace levi::policy
