#include "core/control/origin.h"

#include <algorithm>

#include "core/control/pairs.h"

namespace levi::control {
namespace {

constexpr std::string_view kScheme = "http://";

// "127.0.0.1:8000" -> "127.0.0.1", "[::1]:8000" -> "[::1]"
std::string_view without_port(std::string_view host) {
  const std::size_t bracket = host.find(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return host.substr(0, colon);
}

// 127.0.0.0/8 as numbers: "127.example.org" is a name like any other.
bool is_loopback_number(std::string_view host) {
  return host.substr(0, 4) == "127." &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_own_name(std::string_view host) {
  const std::string_view name = without_port(host);
  return equal_ignoring_case(name, "localhost") || name == "[::1]" || is_loopback_number(name);
}

}  // namespace

bool is_from_elsewhere(std::string_view host, std::string_view origin) {
  host = trimmed(host);
  origin = trimmed(origin);
  if (!host.empty() && !is_own_name(host)) return true;
  if (origin.empty()) return false;
  return !equal_ignoring_case(origin.substr(0, kScheme.size()), kScheme) ||
         !equal_ignoring_case(origin.substr(std::min(kScheme.size(), origin.size())), host);
}

}  // namespace levi::control
