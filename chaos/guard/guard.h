// The guard: a process of its own that alone injects and reverts, and outlives levictl (DESIGN §7).
//
// levictl starts it (exec) before anything else and talks to it in JSON lines over a socket pair,
// descriptor 3 in the guard:
//   {"do":"begin","folder","target","owner","lease_ms"}   -> {"ok":true} | {"error","code","fix"}
//   {"do":"inject","undo":{...},"leave_out":bool,"deadline_ns","life_ns"}   ->
//   {"ok":true,"number","before_ns","after_ns","detail"} | {"error",...,"leftovers",
//   "number" where something still stands}
//   {"do":"revert","number":n}                             ->
//   {"ok":true,"at_ns","leftovers":[{"text","fix"}]}
//   {"do":"renew"}                                         no answer: levictl is alive
//   {"do":"done"}                                          -> {"ok":true,"leftovers":[...]}, then
//   it exits 0 or 5
// Each question carries an "id", and its answer the same: an answer that comes after levictl
// stopped waiting for it is not taken for the next one's. An injection begins before `deadline_ns`
// (monotonic clock) or never: levictl may not be waiting for it any more. A pipe closed without
// "done", a lease that ran out (lease.h), SIGINT or SIGTERM: it takes everything back and exits.
// The undo of each injection is on disk before it; what cannot be taken back stays in the log for
// the next command of ours.
#pragma once

namespace levi::chaos {

inline constexpr const char* kGuardCommand = "guard";

// The body of `levictl guard`. Returns the exit code: 0 clean, 5 something is left, 2 not started
// by levictl.
int guard_main();

// `levictl guard` and `levictl hold-lock`: what levictl starts itself as. Returns -1 where the
// command line is neither.
int hidden_command(int argc, const char* const* argv);

}  // namespace levi::chaos
