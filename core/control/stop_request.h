// What a POST to /live/kill or /live/restore says, read from its query and its body: the same
// reader for both servers.
//
// A kill is what is meant unless something says `on=false` (or 0, off, no) and nothing says
// otherwise. Only a body that was read to its end and is well-formed can say it: half a body never
// releases anything. What is not understood never keeps a kill from killing, and never lets a
// release pass: a misspelt `epoch` would lose its pin. Nothing here allocates.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/fixed_string.h"
#include "core/base/latch_word.h"

namespace levi::control {

struct StopRequest {
  bool says_off = false;  // release; else kill
  bool body_readable = true;
  bool holder_known = true;  // false: `holder` named none of ours (a kill then seals as operator)
  bool holder_given = false;
  bool epoch_readable = true;
  latch::Holder holder = latch::Holder::kOperator;
  std::uint64_t epoch = 0;  // 0: none given
  FixedString<31> actor;
  FixedString<127> reason;
  FixedString<31> stray;  // the first key that is none of ours, or has no plain value; empty: none
};

// `body_whole` false: the connection broke, the body was too large, or its framing was nonsense.
StopRequest read_stop_request(std::string_view query, std::string_view body, bool body_whole);

// True where the query alone says on=false, and not also the contrary.
bool query_says_off(std::string_view query);

}  // namespace levi::control
