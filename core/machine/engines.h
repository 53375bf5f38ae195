// Engines: when one is started, stopped, given up (DESIGN §6). Private to core/machine.
//
// Every restart counts in the engine's sliding window: after a crash or a hang, by command, and
// with the core (an intent that kills the core is charged to its engine too). The window is state,
// so it outlives the core; only a start command clears it. Spent: FAILED, one alarm, its orders
// cancelled, and the latch is taken if its symbol has a position.
#pragma once

#include "core/machine/context.h"

namespace levi::machine::engines {

void on_defined(Context& context, const EngineDefined& event);
void on_up(Context& context, const EngineUp& event);
void on_down(Context& context, const EngineDown& event);
void on_core_started(Context& context);  // its processes died with the last core
void on_start_command(Context& context, const Command& command);
void on_stop_command(Context& context, const Command& command);
void on_restart_command(Context& context, const Command& command);
void on_timer(Context& context);
// A fill moved the symbol's position: every engine that trades it is told, but for `owner`, whose
// order it was and who hears of the fill itself.
void tell_position(Context& context, SymbolId symbol, EngineId owner);

}  // namespace levi::machine::engines
