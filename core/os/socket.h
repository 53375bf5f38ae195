// Sockets: addresses, listening, connecting, aborting. Non-blocking, close-on-exec, TCP_NODELAY.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/os/fd.h"

namespace levi::os {

// "127.0.0.1:8000", "[::1]:8000", "localhost:8000", or "unix:/path". Names are resolved at once
// (numeric and localhost never leave the machine).
struct Endpoint {
  std::string host;        // empty for a Unix socket
  std::uint16_t port = 0;  // 0: take a free one when listening
  std::string path;        // Unix socket

  bool is_unix() const { return !path.empty(); }
  bool is_loopback() const;  // 127.0.0.0/8, ::1, localhost or a Unix socket
  std::string text() const;
};
Result<Endpoint> parse_endpoint(std::string_view text);

Result<Fd> listen_on(const Endpoint& endpoint,
                     int backlog = 512);  // a stale Unix socket is unlinked first
Result<std::uint16_t> local_port(int fd);
Result<std::uint16_t> peer_port(int fd);
Result<Fd> accept_one(int listener);  // kBusy when none waits
Result<Fd> connect_start(
    const Endpoint& endpoint);  // non-blocking: writable when decided, then `connect_outcome`
Status connect_outcome(int fd);
Result<Fd> connect_blocking(const Endpoint& endpoint, Nanos timeout);

void abort_connection(
    int fd);  // connect(AF_UNSPEC): RST, queued bytes discarded; the descriptor stays open
void close_with_reset(Fd fd);  // SO_LINGER 0 and close: RST
bool was_reset(int fd);        // SO_ERROR or recv says ECONNRESET

}  // namespace levi::os
