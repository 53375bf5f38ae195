// LEVI_CHECK: what only a bug can make false. Prints the place and aborts, in release builds too.
//
// What the outside world can cause (I/O, time-outs, bad input) is a Result (result.h), never a
// check.
#pragma once

namespace levi {

[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace levi

#define LEVI_CHECK(expression)                          \
  (static_cast<bool>(expression) ? static_cast<void>(0) \
                                 : ::levi::check_failed(#expression, __FILE__, __LINE__))
#define LEVI_UNREACHABLE() ::levi::check_failed("unreachable", __FILE__, __LINE__)
