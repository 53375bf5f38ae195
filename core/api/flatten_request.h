// What POST /live/flatten says. It closes positions, and without a symbol all of them: so it is
// read strictly, and whatever is not understood refuses it.
//
// Taken from the query or from a JSON object, each key once: `symbol` (text; null or left out means
// every position), `epoch`, `reason`, `actor`. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/fixed_string.h"

namespace levi::api {

struct FlattenRequest {
  std::optional<std::string> symbol;  // nothing: every position
  std::uint64_t epoch = 0;            // 0: none given
  FixedString<31> actor;
  FixedString<127> reason;
  std::string wrong;  // what can't be understood, for the problem document; empty: nothing
};

FlattenRequest read_flatten_request(std::string_view query, std::string_view body);

}  // namespace levi::api
