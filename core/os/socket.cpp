#include "core/os/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"
#include "core/os/address.h"
#include "core/os/clock.h"

namespace levi::os {
namespace {

constexpr int kSocketFlags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

Error connect_error(const std::string& what, int errno_value) {
  Error e = io_error("cannot connect to " + what, errno_value);
  // Whatever the reason, nobody answers there, and nothing was sent. But a shortage of our own (no
  // descriptor, no free port to call from) says nothing about the other side.
  const bool ours = errno_value == EMFILE || errno_value == ENFILE || errno_value == EADDRNOTAVAIL;
  if (!ours) e.code = ErrorCode::kUnreachable;
  return e;
}

void set_no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
               sizeof on);  // Fails on Unix sockets: no delay there.
}

// A socket file that nobody listens on any more is in the way of bind.
Status remove_stale_socket(const Address& address, const std::string& path) {
  struct stat info {};
  // Anything else that stands there is not ours to remove: bind will say that the address is taken.
  if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return ok();
  const Fd probe(::socket(AF_UNIX, kSocketFlags, 0));
  if (!probe) return io_error("cannot create a socket", errno);
  if (::connect(probe.get(), address.get(), address.length) == 0 || errno == EAGAIN) {
    return error(ErrorCode::kBusy, "another process listens on " + path);
  }
  if (errno == ECONNREFUSED && ::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return io_error("cannot remove the stale socket " + path, errno);
  }
  return ok();
}

Result<sockaddr_storage> name_of(int fd, bool peer) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* name = reinterpret_cast<sockaddr*>(&storage);
  const int result = peer ? ::getpeername(fd, name, &length) : ::getsockname(fd, name, &length);
  if (result != 0) return io_error("cannot read a socket's address", errno);
  return storage;
}

Result<std::uint16_t> port_of(int fd, bool peer) {
  LEVI_TRY(name, name_of(fd, peer));
  if (name.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in&>(name).sin_port);
  if (name.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6&>(name).sin6_port);
  return error(ErrorCode::kUnsupported, "this socket has no port");
}

// Connecting to a free port of the ephemeral range can hit one's own source port: TCP then joins
// the socket to itself, and a target that is not there would seem to answer.
bool is_joined_to_itself(int fd) {
  const auto own = name_of(fd, false);
  const auto peer = name_of(fd, true);
  if (!own || !peer || own.value().ss_family == AF_UNIX) return false;
  return std::memcmp(&own.value(), &peer.value(), sizeof(sockaddr_storage)) == 0;
}

}  // namespace

Result<Fd> listen_on(const Endpoint& endpoint, int backlog) {
  LEVI_TRY(address, to_address(endpoint));
  if (endpoint.is_unix()) {
    LEVI_TRY_STATUS(remove_stale_socket(address, endpoint.path));
  }
  Fd fd(::socket(address.storage.ss_family, kSocketFlags, 0));
  if (!fd) return io_error("cannot create a socket", errno);
  const int on = 1;
  if (!endpoint.is_unix()) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), address.get(), address.length) != 0 || ::listen(fd.get(), backlog) != 0) {
    const int why = errno;
    Error e = io_error("cannot listen on " + endpoint.text(), why);
    if (why == EADDRINUSE) e.code = ErrorCode::kBusy;
    return e;
  }
  return fd;
}

Result<std::uint16_t> local_port(int fd) { return port_of(fd, false); }

Result<std::uint16_t> peer_port(int fd) { return port_of(fd, true); }

Result<Fd> accept_one(int listener) {
  for (;;) {
    Fd fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      set_no_delay(fd.get());
      return fd;
    }
    // A connection that died in the queue is not the listener's trouble.
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
    if (errno == EAGAIN) return error(ErrorCode::kBusy, "no connection waits");
    return io_error("cannot accept a connection", errno);
  }
}

Result<Fd> connect_start(const Endpoint& endpoint) {
  LEVI_TRY(address, to_address(endpoint));
  Fd fd(::socket(address.storage.ss_family, kSocketFlags, 0));
  if (!fd) return io_error("cannot create a socket", errno);
  set_no_delay(fd.get());
  if (::connect(fd.get(), address.get(), address.length) != 0 && errno != EINPROGRESS) {
    return connect_error(endpoint.text(), errno);
  }
  return fd;
}

Status connect_outcome(int fd) {
  int why = 0;
  socklen_t length = sizeof why;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &length) != 0) why = errno;
  if (why != 0) return connect_error("the peer", why);
  if (is_joined_to_itself(fd)) {
    abort_connection(fd);
    return connect_error("the peer", ECONNREFUSED);
  }
  return ok();
}

Result<Fd> connect_blocking(const Endpoint& endpoint, Nanos timeout) {
  const MonoTime deadline = mono_now() + timeout;
  LEVI_TRY(fd, connect_start(endpoint));
  LEVI_TRY(ready, wait_ready(fd.get(), POLLOUT, deadline));
  if (!ready) {
    return error(ErrorCode::kTimeout, "no answer from " + endpoint.text() + " to a connect");
  }
  Status outcome = connect_outcome(fd.get());
  if (!outcome) {
    Error e = outcome.error();
    const std::size_t colon = e.message.rfind(": ");
    e.message = "cannot connect to " + endpoint.text() + e.message.substr(colon);
    return e;
  }
  return fd;
}

Result<bool> wait_ready(int fd, short events, MonoTime deadline) {
  for (;;) {
    const std::int64_t left = std::max<std::int64_t>((deadline - mono_now()).count(), 0);
    timespec limit{};
    limit.tv_sec = left / 1'000'000'000;
    limit.tv_nsec = left % 1'000'000'000;
    pollfd entry{fd, events, 0};
    const int count = ::ppoll(&entry, 1, &limit, nullptr);
    if (count > 0) return true;
    if (count == 0) return false;
    if (errno != EINTR) return io_error("cannot wait for a descriptor", errno);
  }
}

void abort_connection(int fd) {
  sockaddr none{};
  none.sa_family = AF_UNSPEC;
  // A Unix socket knows no RST: both directions end, which the peer sees as end of file.
  if (::connect(fd, &none, sizeof none) != 0) ::shutdown(fd, SHUT_RDWR);
}

void close_with_reset(Fd fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool was_reset(int fd) {
  int why = 0;
  socklen_t length = sizeof why;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &length) == 0 && why == ECONNRESET) return true;
  char byte = 0;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == ECONNRESET;
}

}  // namespace levi::os
