// The risk gate: every intent is accepted, or refused for one named reason (DESIGN §4). Private to
// core/machine.
#pragma once

#include "core/machine/context.h"

namespace levi::machine::risk {

// What the gate says to a kPlace of a running engine. Exposure is judged as if every open order of
// that side were filled.
Refusal judge(const State& state, const Instrument& instrument, const Intent& intent);

// Whether orders of that side, `more` beyond what is open on it, shrink the position even if all of
// them are filled.
bool only_reduces(const Instrument& instrument, Side side, Quantity more);

void on_intent(Context& context, const Intent& event);

}  // namespace levi::machine::risk
