// A rehearsal: a standby that waits for its task first runs a made-up one, on a private channel.
//
// Everything that a takeover runs through is then mapped and warm: code, stack, heap and the loop's
// memory. Measured: 35 us of page faults between the wake-up and the first commit, else 15.
#pragma once

#include "core/engine/engine_loop.h"

namespace levi::engine {

// `loop_memory` is where the real loop will be made; nothing of the rehearsal stays in it that the
// real one would read. A failure changes nothing: the first task is slower then.
void rehearse(void* loop_memory);

}  // namespace levi::engine
