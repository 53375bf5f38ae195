// What the core's own events mean to a trial. Pure.
#pragma once

#include <deque>
#include <optional>

#include "chaos/experiment/event_stream.h"
#include "chaos/fault/fault.h"

namespace levi::chaos {

// The core says that something broke, or that it is whole again. One event type may say either
// (store-state, latch-seen).
bool says_down(const CoreEvent& event);
bool says_up(const CoreEvent& event);

// The core's first word about this kind of fault, at or after `since`.
std::optional<MonoTime> first_down(const std::deque<CoreEvent>& events, const FaultKind& kind,
                                   MonoTime since);
// Its last word that it is over, where nothing was reported down after it. Empty while something
// is.
std::optional<MonoTime> last_up(const std::deque<CoreEvent>& events, const FaultKind& kind,
                                MonoTime since);

// The event types that a run asks the stream for.
const std::vector<std::string>& followed_types();

}  // namespace levi::chaos
