// The engine process: `levi-engine`. Waits, warm, on its channel for a task; then runs one strategy
// until it is told to stop.
//
// One thread, no allocation once it runs. It ends when levid is gone (parent-death signal, end of
// file on the life socket), on SIGTERM (after the tick in hand), or by being killed: nothing it
// holds needs cleaning up (channel.h). SIGINT is ignored: a terminal's Ctrl-C is levid's to handle.
#pragma once

namespace levi::engine {

inline constexpr int kExitStopped = 0;
inline constexpr int kExitParameters = 2;  // the strategy refused them; the reason is on stderr
inline constexpr int kExitChannel = 3;     // no channel, or of another build
inline constexpr int kExitImage =
    4;  // the predecessor's image can't be used: levid then starts one without

int run_engine();

}  // namespace levi::engine
