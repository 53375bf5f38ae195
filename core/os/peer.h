// Whether the other end of a stream socket is gone. Header-only, for processes that link nothing
// else of ours.
#pragma once

#include <sys/socket.h>

#include <cerrno>

namespace levi::os {

// Looks, never waits, and takes nothing off the stream. Bytes that wait mean that the peer was
// there.
inline bool peer_closed(int fd) {
  char byte = 0;
  const ssize_t got = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got == 0) return true;
  return got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
}

}  // namespace levi::os
