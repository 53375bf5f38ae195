#include "core/os/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>

namespace levi::os {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

Error bad_endpoint(std::string_view text, const std::string& why) {
  return error(ErrorCode::kInvalid, "'" + std::string(text) + "' is not an address: " + why,
               "write HOST:PORT, [IPV6]:PORT or unix:/PATH");
}

bool to_numeric(const std::string& host, std::uint16_t port, Address& address) {
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address.length = sizeof v4;
    return true;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    address.length = sizeof v6;
    return true;
  }
  return false;
}

std::string host_text(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  const void* host =
      storage.ss_family == AF_INET
          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(storage).sin_addr)
          : &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr;
  ::inet_ntop(storage.ss_family, host, text, sizeof text);
  return text;
}

// "localhost" never asks a resolver; other names do, once, here.
Result<std::string> resolve(const std::string& host, std::string_view text) {
  Address address;
  if (host == "localhost") return std::string("127.0.0.1");
  if (to_numeric(host, 0, address)) return host;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (failed != 0) return bad_endpoint(text, ::gai_strerror(failed));
  std::memcpy(&address.storage, list->ai_addr, list->ai_addrlen);
  ::freeaddrinfo(list);
  return host_text(address.storage);
}

}  // namespace

bool Endpoint::is_loopback() const {
  if (is_unix() || host == "localhost") return true;
  Address address;
  if (!to_numeric(host, 0, address)) return false;
  if (address.storage.ss_family == AF_INET) {
    return ntohl(reinterpret_cast<sockaddr_in&>(address.storage).sin_addr.s_addr) >> 24 == 127;
  }
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<sockaddr_in6&>(address.storage).sin6_addr);
}

std::string Endpoint::text() const {
  if (is_unix()) return "unix:" + path;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  Endpoint endpoint;
  if (text.starts_with(kUnixPrefix)) {
    endpoint.path = text.substr(kUnixPrefix.size());
    if (endpoint.path.empty()) return bad_endpoint(text, "the path is missing");
    LEVI_TRY_STATUS(to_address(endpoint));
    return endpoint;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad_endpoint(text, "the port is missing");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (port.empty() || parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size()) {
    return bad_endpoint(text, "the port must be a number from 0 to 65535");
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    // Nothing in brackets is a name: `resolves_at_once` counts on it.
    in6_addr v6{};
    if (::inet_pton(AF_INET6, std::string(host).c_str(), &v6) != 1) {
      return bad_endpoint(text, "only an IPv6 address stands in brackets");
    }
  } else if (host.find(':') != std::string_view::npos) {
    return bad_endpoint(text, "an IPv6 address stands in brackets");
  }
  if (host.empty()) return bad_endpoint(text, "the host is missing");
  LEVI_TRY(numeric, resolve(std::string(host), text));
  endpoint.host = std::move(numeric);
  return endpoint;
}

Result<Address> to_address(const Endpoint& endpoint) {
  Address address;
  if (endpoint.is_unix()) {
    auto& name = reinterpret_cast<sockaddr_un&>(address.storage);
    if (endpoint.path.size() >= sizeof name.sun_path) {
      return error(ErrorCode::kInvalid,
                   "the socket path is longer than 107 bytes: " + endpoint.path,
                   "choose a shorter folder");
    }
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, endpoint.path.c_str(), endpoint.path.size() + 1);
    address.length = static_cast<socklen_t>(sizeof name);
    return address;
  }
  const std::string& host = endpoint.host;
  if (!to_numeric(host == "localhost" ? "127.0.0.1" : host, endpoint.port, address)) {
    return bad_endpoint(endpoint.text(), "the host is not numeric");
  }
  return address;
}

std::string peer_text(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return "unknown";
  if (storage.ss_family == AF_UNIX) return "unix";
  const auto port = peer_port(fd);
  return Endpoint{host_text(storage), port ? port.value() : std::uint16_t{0}, ""}.text();
}

}  // namespace levi::os
