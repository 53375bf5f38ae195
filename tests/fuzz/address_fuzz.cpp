// Any bytes as an address and as a URL that is called. What is accepted is written as something
// that reads the same, and never asks a resolver here: names are left out.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/os/http.h"
#include "core/os/resolver.h"
#include "core/os/socket.h"

namespace {

using namespace levi;

void check_endpoint(std::string_view text) {
  if (!os::resolves_at_once(text)) return;
  const auto parsed = os::parse_endpoint(text);
  if (!parsed) return;
  LEVI_CHECK(parsed.value().is_unix() || !parsed.value().host.empty());
  (void)parsed.value().is_loopback();
  const std::string written = parsed.value().text();
  LEVI_CHECK(os::resolves_at_once(written));
  const auto again = os::parse_endpoint(written);
  LEVI_CHECK(again && again.value().text() == written);
}

// The address of "http://ADDRESS/..." as parse_http_url reads it: a port is added where none
// stands.
bool asks_nobody(std::string_view rest) {
  const std::string authority(rest.substr(0, std::min(rest.find_first_of("/?"), rest.size())));
  const bool has_port = authority.find(':') != std::string::npos && !authority.ends_with(']');
  return os::resolves_at_once(has_port ? authority : authority + ":80");
}

void check_url(std::string_view rest) {
  for (const bool unix_socket : {false, true}) {
    if (!unix_socket && !asks_nobody(rest)) continue;
    const auto parsed = os::parse_http_url((unix_socket ? "unix:" : "http://") + std::string(rest));
    if (!parsed) continue;
    LEVI_CHECK(parsed.value().target.starts_with('/'));
    check_endpoint(parsed.value().endpoint.text());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_endpoint(text);
  check_url(text);
  return 0;
}
