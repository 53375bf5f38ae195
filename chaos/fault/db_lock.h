// The process that holds the database for db.lock: a child of the guard that dies with it.
#pragma once

#include <string>

namespace levi::chaos {

// `levictl hold-lock DATABASE TAG`: takes BEGIN EXCLUSIVE, writes one JSON line to descriptor 3
// ({"before_ns","after_ns"} or
// {"error"}), then sleeps until descriptor 4 ends. The tag stands in its command line, by which it
// is found again. Returns the exit code.
int hold_lock(const std::string& database, const std::string& tag);

inline constexpr const char* kHoldLockCommand = "hold-lock";

}  // namespace levi::chaos
