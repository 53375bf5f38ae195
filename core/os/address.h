// Address: an Endpoint as the kernel wants it, and a wait with a deadline. Internal to core/os.
#pragma once

#include <sys/socket.h>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/os/socket.h"

namespace levi::os {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Result<Address> to_address(
    const Endpoint& endpoint);  // numeric hosts only: parse_endpoint resolved the names

// "127.0.0.1:40512", "[::1]:40512", or "unix"
std::string peer_text(int fd);

// ppoll(2) with EINTR retried: false when the deadline passed first.
Result<bool> wait_ready(int fd, short events, MonoTime deadline);

}  // namespace levi::os
