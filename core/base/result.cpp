#include "core/base/result.h"

#include <system_error>

#include "core/base/check.h"

namespace levi {

const char* to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kIo:
      return "i/o";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kUnreachable:
      return "unreachable";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kRefused:
      return "refused";
    case ErrorCode::kBusy:
      return "busy";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kInterrupted:
      return "interrupted";
  }
  LEVI_UNREACHABLE();
}

Error io_error(std::string attempted, int errno_value, std::string fix) {
  return Error{ErrorCode::kIo,
               std::move(attempted) + ": " + std::system_category().message(errno_value),
               std::move(fix)};
}

}  // namespace levi
