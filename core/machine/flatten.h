// Closing positions while the latch is sealed, by a grant that names one epoch and a count (DESIGN
// §5). Private to core/machine.
//
// Reduce-only: never more than the position, one order per symbol at a time, and only where nothing
// of the symbol is open, unknown or unsettled, so that a late fill can't turn a close into an
// opening. Immediate-or-cancel, up to half a percent through the book, and only by a book that is
// whole and fresh; what is left is tried again each second with the price of then. A position is
// given up after kFlattenTriesMax orders in a row that closed nothing of it, all of them after
// kFlattenOrdersMax for each.
#pragma once

#include "core/machine/context.h"

namespace levi::machine::flatten {

void on_command(Context& context, const Command& command);
void advance(Context& context);        // on each Timer
void on_fill(Instrument& instrument);  // of a flatten order: it moves

}  // namespace levi::machine::flatten
