// Which life of the core it is that answers. A crash that the supervisor repaired at once is whole
// again before any probe minds: only this tells. Pure.
#pragma once

#include <cstdint>
#include <deque>

#include "chaos/experiment/event_stream.h"

namespace levi::chaos {

struct CoreLife {
  std::uint64_t incarnation = 0;  // as its journal counts its starts; 0: it does not say
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
};
CoreLife life_of(const Json& health);

// How often it began anew between two looks. Without incarnations, another process is one.
std::uint64_t restarts_between(const CoreLife& before, const CoreLife& now);

// How often it said that it started, at or after `since`.
std::uint64_t starts_since(const std::deque<CoreEvent>& events, MonoTime since);

}  // namespace levi::chaos
