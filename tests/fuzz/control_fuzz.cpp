// The control port's parser: any bytes, whole or in two pieces, and the questions that decide about
// a kill.
#include <cstdint>
#include <cstring>
#include <string>

#include "core/base/check.h"
#include "core/control/request.h"
#include "core/control/stop_request.h"

using namespace levi::control;

namespace {

void check_views(const char* buffer, std::size_t size, const ParseResult& result) {
  if (result.parsed == Parsed::kRefused) LEVI_CHECK(result.status >= 400 && result.why[0] != '\0');
  if (result.parsed != Parsed::kWhole) return;
  LEVI_CHECK(result.consumed > 0 && result.consumed <= size);
  const std::string_view body = result.request.body;
  LEVI_CHECK(body.empty() || (body.data() >= buffer && body.data() + body.size() <= buffer + size));
  LEVI_CHECK(!result.request.method.empty() && !result.request.target.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t given) {
  const std::size_t size = given < kRequestBytesMax ? given : kRequestBytesMax;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  std::string buffer = bytes;
  const ParseResult result = parse_request(buffer.data(), size);
  check_views(buffer.data(), size, result);
  // More bytes never make a whole request another one, nor a kill no kill.
  const std::string prefix = bytes.substr(0, size / 2);
  std::string half = prefix;
  const ParseResult earlier = parse_request(half.data(), half.size());
  check_views(half.data(), half.size(), earlier);
  if (earlier.parsed == Parsed::kWhole) {
    LEVI_CHECK(result.parsed == Parsed::kWhole && result.consumed == earlier.consumed);
  }
  std::string_view query;
  const bool kills = wants_kill(bytes, &query);
  LEVI_CHECK(kills || !wants_kill(prefix, nullptr));
  // Half a body never releases.
  const StopRequest whole = read_stop_request(query, bytes, true);
  const StopRequest broken = read_stop_request(query, bytes, false);
  LEVI_CHECK(!broken.says_off || query_says_off(query));
  LEVI_CHECK(whole.reason.valid() && whole.actor.valid());
  return 0;
}
