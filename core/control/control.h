// The control thread: kill, status and health on their own port and socket (DESIGN §2, §5).
//
// Its request path allocates nothing, takes no lock, does no disk I/O: fixed buffers, its own connection limit, its own
// epoll loop, the highest priority permitted. It seals the latch itself and waits for no other thread but the drain.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/control/shared.h"
#include "core/latch/latch.h"
#include "core/os/socket.h"

namespace levi::control {

struct ControlOptions {
  os::Endpoint tcp;            // 127.0.0.1:8001; beyond loopback is refused with exit 2
  std::string socket_path;     // <runtime>/control.sock
  unsigned connections_max = 64;
  Nanos drain_max{200us};      // then the order sockets are aborted
};

class ControlServer {
 public:
  // `abort_order_sockets` is the gateway's; `audit` puts a fixed-size line into a ring that another thread writes out.
  static Result<std::unique_ptr<ControlServer>> start(ControlOptions options, latch::Latch& latch, SharedStatus& status,
                                                      CommandPort& port, std::function<void()> abort_order_sockets,
                                                      std::function<void(const struct AuditEntry&)> audit);
  virtual ~ControlServer() = default;
  virtual std::uint16_t tcp_port() const = 0;
  virtual void stop() = 0;
};

}  // namespace levi::control
