// Starts and definitions. Private to core/machine.
#pragma once

#include "core/machine/context.h"

namespace levi::machine::config {

void on_started(Context& context, const Started& event);
void on_limits(Context& context, const Limits& event);
void on_instrument(Context& context, const InstrumentDefined& event);

}  // namespace levi::machine::config
