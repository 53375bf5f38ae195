// Answer: what an HTTP response of MEXC spot v3 means. Pure: bytes in, verdict out; never throws,
// whatever the bytes.
//
// Source: apidocs spot_v3_en, error codes; grouped by what is to be done. HTTP 4xx is the caller's
// fault, 5xx leaves the outcome unknown: the order may have been executed.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/os/http.h"

namespace levi::mexc {

enum class Verdict : std::uint8_t {
  kDone,
  kUnknown,   // 5xx, a time-out, nonsense: the call may have been executed
  kLimited,   // 429 or 418: not executed; wait `retry_after`
  kClock,     // our timestamp is outside the window: not executed; ask the time again
  kAuth,      // key, signature, permission, address: no retry mends it
  kHalted,    // the symbol does not trade now
  kRejected,  // the order breaks a rule
  kFunds,
  kUnknownOrder,  // cancel or query of an order that the venue does not have
};
const char* to_string(Verdict verdict);

// The group of an error code of the body; kRejected for codes that no document names.
Verdict verdict_of_code(std::int64_t code);

// The venue's own word on what was asked, which no repetition changes soon; unlike trouble that all
// calls have (no answer, a limit, a clock, a key). So often in a row, and a question is given up.
bool is_refusal(Verdict verdict);
inline constexpr unsigned kRefusalsMax = 8;

struct Answer {
  Verdict verdict = Verdict::kUnknown;
  int status = 0;         // HTTP; 0 when there was no response
  std::int32_t code = 0;  // of the body, or the HTTP status where it has none
  std::string message;    // the venue's, cut; text from outside
  Nanos retry_after{0};   // kLimited
  bool banned = false;    // 418: the address, not just this endpoint
  nlohmann::json body;    // kDone: an object or an array

  std::string text() const;  // "HTTP 400, code 10101: insufficient balance"
};

Answer read_answer(const os::HttpResponse& response);
Answer failed_answer(const Error& error);  // the call itself failed: kUnknown

}  // namespace levi::mexc
