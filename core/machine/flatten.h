// Closing positions while the latch is sealed, by a grant that names one epoch and a count (DESIGN
// §5). Private to core/machine.
//
// Reduce-only: never more than the position, one order per symbol at a time, and only where nothing
// of the symbol is open, unknown or unsettled, so that a late fill can't turn a close into an
// opening. Immediate-or-cancel at the best opposite price; what is left is tried again each second
// with the price of then.
#pragma once

#include "core/machine/context.h"

namespace levi::machine::flatten {

void on_command(Context& context, const Command& command);
void advance(Context& context);  // on each Timer

}  // namespace levi::machine::flatten
