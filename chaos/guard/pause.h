// For tests only: stops at a named step, so that a process can be killed exactly there.
//
// LEVI_CHAOS_PAUSE_AT=<step> and LEVI_CHAOS_PAUSE_DIR=<folder>: the process that reaches the step
// first writes its pid to <folder>/at and goes on once <folder>/go is there, or after kPauseMax, so
// that no process waits for ever for a test that died. Without both variables nothing happens.
#pragma once

#include <functional>
#include <string_view>

#include "core/base/instant.h"

namespace levi::chaos {

inline constexpr Nanos kPauseMax = 60s;

// `wait` lets a little time pass and returns false where waiting is over (interrupted, the other
// side died).
void pause_at(std::string_view step, const std::function<bool()>& wait);

}  // namespace levi::chaos
