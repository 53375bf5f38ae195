// What the machine makes of the kill latch: seals of its own, releases by each holder's rules,
// cancelling all after a seal. Private to core/machine.
#pragma once

#include "core/machine/context.h"

namespace levi::machine::latch_rules {

void on_seen(Context& context, const LatchSeen& event);
// Started with this word: a seal from before holds on, and what is open is cancelled.
void on_started(Context& context, std::uint64_t word);
// Asks for a seal until it is seen in the word; nothing is traded meanwhile.
void want_seal(Context& context, latch::Holder holder, const Text& reason);
void on_resume(Context& context, const Command& command);
void on_cancel_all(Context& context, const Command& command);
void on_foreign(Context& context, const ForeignOrder& event);
void on_timer(Context& context);
// ACTIVE, REDUCING or HALTED by the state as it is now.
void refresh_trading(State& state);

}  // namespace levi::machine::latch_rules
