// The calls that move bytes over a non-blocking socket, as plain values: no Result, because an
// Error's text allocates and "nothing there now" is no error. For paths that may not allocate (the
// control thread).
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "core/base/fixed_string.h"
#include "core/os/fd.h"

namespace levi::os {

struct Moved {
  std::size_t bytes = 0;
  bool again = false;   // nothing now
  bool closed = false;  // end of stream
  bool failed = false;  // reset, or another error: the connection is of no use
};

inline Moved moved(ssize_t result, bool sending) {
  if (result > 0) return {.bytes = static_cast<std::size_t>(result)};
  if (result == 0) return sending ? Moved{.again = true} : Moved{.closed = true};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {.again = true};
  return {.failed = true};
}
inline Moved receive_some(int fd, char* into, std::size_t size) {
  return moved(::recv(fd, into, size, MSG_DONTWAIT), false);
}
inline Moved send_some(int fd, const char* from, std::size_t size) {
  return moved(::send(fd, from, size, MSG_DONTWAIT | MSG_NOSIGNAL), true);
}
inline void end_sending(int fd) { ::shutdown(fd, SHUT_WR); }  // FIN; what is queued still arrives

struct Accepted {
  Fd fd;
  bool no_descriptors = false;  // EMFILE, ENFILE: one must be closed first
};
inline Accepted accept_now(int listener) {
  const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return {.fd = Fd(), .no_descriptors = errno == EMFILE || errno == ENFILE};
  const int one = 1;
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
                     sizeof one);  // fails on a Unix socket: fine
  return {.fd = Fd(fd)};
}

// "127.0.0.1:40512" or "unix".
inline FixedString<47> peer_name(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::array<char, INET6_ADDRSTRLEN + 8> text{};
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "gone";
  const void* host = nullptr;
  unsigned port = 0;
  if (address.ss_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&address);
    host = &in->sin_addr;
    port = ntohs(in->sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(&address);
    host = &in->sin6_addr;
    port = ntohs(in->sin6_port);
  } else {
    return "unix";
  }
  if (::inet_ntop(address.ss_family, host, text.data(), INET6_ADDRSTRLEN) == nullptr) return "gone";
  char* end = text.data() + std::strlen(text.data());
  *end++ = ':';
  end = std::to_chars(end, text.data() + text.size(), port).ptr;
  return std::string_view(text.data(), static_cast<std::size_t>(end - text.data()));
}

// Keeps these pages in memory where that is permitted; false where not.
inline bool lock_pages(const void* data, std::size_t size) { return ::mlock(data, size) == 0; }

}  // namespace levi::os
