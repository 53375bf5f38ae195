#include "chaos/proxy/listen_address.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace levi::proxy {
namespace {

constexpr int kBacklog = 4096;  // of a flood of connects; the kernel may cap it

Error listen_error(const std::string& what) { return error(ErrorCode::kIo, "listen tcp: " + what); }

// "Address already in use" as Go writes it.
std::string os_text(const std::string& message) {
  const std::size_t colon = message.rfind(": ");
  std::string text = colon == std::string::npos ? message : message.substr(colon + 2);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

Result<os::Fd> open_listener(os::Endpoint& endpoint) {
  auto fd = os::listen_on(endpoint, kBacklog);
  if (!fd && endpoint.host == "::") {  // a machine without IPv6
    os::Endpoint v4{"0.0.0.0", endpoint.port, {}};
    auto second = os::listen_on(v4, kBacklog);
    if (second) {
      endpoint = v4;
      return second;
    }
  }
  return fd;
}

}  // namespace

Result<os::Endpoint> parse_listen(const std::string& text) {
  if (text.starts_with("unix:")) return os::parse_endpoint(text);
  if (text.empty()) return os::Endpoint{"::", 0, {}};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return listen_error("address " + text + ": missing port in address");
  }
  const std::string host = text.substr(0, colon);
  const std::string port = text.substr(colon + 1);
  if (host.find(':') != std::string::npos && !host.starts_with('[')) {
    return listen_error("address " + text + ": too many colons in address");
  }
  std::uint32_t number = 0;
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), number);
  if (!port.empty() && (parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size())) {
    return listen_error("lookup tcp/" + port + ": unknown port");
  }
  if (number > 65535) return listen_error("address " + port + ": invalid port");
  if (host.empty()) return os::Endpoint{"::", static_cast<std::uint16_t>(number), {}};
  auto endpoint = os::parse_endpoint(host + ':' + std::to_string(number));
  if (!endpoint) return listen_error("lookup " + host + ": no such host");
  return endpoint;
}

Result<Listening> listen_at(const std::string& text) {
  LEVI_TRY(endpoint, parse_listen(text));
  auto fd = open_listener(endpoint);
  if (!fd) {
    const std::string network =
        endpoint.is_unix() ? "unix " + endpoint.path : "tcp " + endpoint.text();
    return error(ErrorCode::kIo, "listen " + network + ": bind: " + os_text(fd.error().message));
  }
  if (!endpoint.is_unix()) {
    LEVI_TRY(port, os::local_port(fd.value().get()));
    endpoint.port = port;
  }
  return Listening{std::move(fd).value(), endpoint.text()};
}

bool same_listen(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto one = parse_listen(a);
  const auto other = parse_listen(b);
  return one && other && one.value().text() == other.value().text();
}

}  // namespace levi::proxy
