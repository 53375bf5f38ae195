#include "levictl/exit_code.h"

#include <cstdio>

#include "core/base/check.h"

namespace levi::cli {
namespace {

ExitCode code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return kUsage;
    case ErrorCode::kUnreachable:
    case ErrorCode::kTimeout:
    case ErrorCode::kNotFound:
      return kUndecided;
    case ErrorCode::kInterrupted:
      return kInterrupted;
    case ErrorCode::kRefused:
      return kRefused;
    case ErrorCode::kIo:
    case ErrorCode::kConflict:
    case ErrorCode::kBusy:
    case ErrorCode::kCorrupt:
    case ErrorCode::kUnsupported:
      return kFailed;
  }
  LEVI_UNREACHABLE();
}

}  // namespace

int fail(const Error& error) {
  std::fprintf(stderr, "levictl: %s\n", error.text().c_str());
  return code_of(error.code);
}

}  // namespace levi::cli
