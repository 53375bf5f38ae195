// Result<T>: a value, or an Error that says what was attempted, on what, and what the user can do.
//
// `LEVI_TRY(value, call())` declares `value` or returns the error; `LEVI_TRY_ASSIGN(existing,
// call())` assigns; `LEVI_TRY_STATUS(call())` for a Status.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <string>
#include <utility>

namespace levi {

enum class ErrorCode {
  kInvalid,      // Bad input: wrong usage or an invalid file. Exit code 2.
  kNotFound,     // The thing named does not exist.
  kIo,           // The operating system refused; the message carries strerror.
  kTimeout,      // A deadline passed.
  kUnreachable,  // Nobody answers there. Exit code 3.
  kConflict,     // The state moved on: a stale epoch, a lease held by another. HTTP 409.
  kRefused,      // Authorisation or approval is missing. Exit code 7.
  kBusy,         // Locked or full for now; the same call may succeed later.
  kCorrupt,      // Bytes on disk or on the wire contradict their own checks.
  kUnsupported,  // Not possible on this machine or in this build.
  kInterrupted,  // Ctrl-C or SIGTERM.
};

const char* to_string(ErrorCode code);

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kIo;
  std::string message;  // "cannot open /x/levid.yaml: No such file or directory"
  std::string fix;      // "give --config FILE, or run levictl up"; may be empty

  std::string text() const { return fix.empty() ? message : message + " (" + fix + ")"; }
};

template <class T>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;
using Status = Result<void>;

inline Status ok() { return boost::outcome_v2::success(); }

inline Error error(ErrorCode code, std::string message, std::string fix = {}) {
  return Error{code, std::move(message), std::move(fix)};
}

// An Error of kIo for `errno_value`: "<attempted>: <strerror>".
Error io_error(std::string attempted, int errno_value, std::string fix = {});

}  // namespace levi

#define LEVI_TRY(declaration, ...) BOOST_OUTCOME_TRY(auto declaration, __VA_ARGS__)
#define LEVI_TRY_ASSIGN(existing, ...) BOOST_OUTCOME_TRY(existing, __VA_ARGS__)
#define LEVI_TRY_STATUS(...) BOOST_OUTCOME_TRYV(__VA_ARGS__)
