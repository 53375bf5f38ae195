// Reconciliation, and orders that the venue knows and this journal does not (DESIGN §4 "At start").
// Private to core/machine.
//
// A power cut may lose what stood above the journal's watermark: orders that were sent. Their
// client ids say who they are, so a fill or an open-orders line adopts them: sequences beyond
// `sequence_last`, or in a hole that an earlier adoption left below it. Nobody manages such an
// order any more, so it is cancelled.
#pragma once

#include "core/machine/context.h"

namespace levi::machine::reconcile {

void begin(State& state);
void on_started(Context& context, const ReconcileStarted& event);
void on_done(Context& context, const ReconcileDone& event);
// Keeps up with the pushes (`reconciled_to`). Seals where one does not end: people must know, and
// every order must go.
void on_timer(Context& context);

// The adopted order; null where the event is not about one that could have been lost.
Order* adopt(Context& context, const VenueFill& fill);
Order* adopt(Context& context, const VenueOrderState& state);

}  // namespace levi::machine::reconcile
