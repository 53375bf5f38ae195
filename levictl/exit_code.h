// Exit codes (DESIGN §10). When several apply: 5, 1, 4, 3.
#pragma once

#include "core/base/result.h"

namespace levi::cli {

enum ExitCode : int {
  kDone = 0,         // passed, healthy, done
  kFailed = 1,       // gate missed, not recovered, kill with orders left
  kUsage = 2,        // wrong usage or invalid file: nothing was done
  kUndecided = 3,    // undecided, or the target is unreachable or not running
  kInterrupted = 4,  // Ctrl-C or SIGTERM; everything reverted
  kLeftovers = 5,    // something of ours remains
  kLeased = 6,       // another run holds the lease
  kRefused = 7,      // authorisation or approval is missing
};

// The exit code of an error that ends a command, after printing "levictl: <text>" to stderr.
int fail(const Error& error);

}  // namespace levi::cli
