// The control thread: kill, status and health on their own port and socket (DESIGN §2, §5).
//
// Its request path allocates nothing, takes no lock, does no disk I/O: fixed buffers, its own
// connection limit, its own epoll loop, the highest priority permitted. It seals the latch itself
// and waits for no other thread but the drain.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/result.h"
#include "core/control/audit_entry.h"
#include "core/control/facts.h"
#include "core/control/health.h"
#include "core/control/shared.h"
#include "core/latch/latch.h"
#include "core/os/socket.h"

namespace levi::control {

struct ControlOptions {
  os::Endpoint tcp;         // 127.0.0.1:8001; beyond loopback is refused with exit 2
  std::string socket_path;  // <runtime>/control.sock; empty: none
  Facts facts;
  unsigned connections_max = 256;  // a quarter of them is the Unix socket's own
  Nanos drain_max{200us};          // then the order sockets are aborted
  Nanos kill_body_max{100ms};  // a POST to kill that is not whole by then kills with what is there
  Nanos request_max{10s};      // for any other request to arrive whole
  Nanos idle_max{300s};        // between requests
  Nanos answer_max{2s};        // for the audit line, and for the trading thread's answer
  HealthLimits health;
};

struct LogLine {
  FixedString<231> text;
  bool warning = false;
};

class ControlServer {
 public:
  // Listens, then starts the thread. All references must outlive the server. `abort_order_sockets`
  // is the gateway's, called on this thread. Sets port.wake_http_ and audit.wake_producer_.
  static Result<std::unique_ptr<ControlServer>> start(ControlOptions options, latch::Latch& latch,
                                                      SharedStatus& status, CommandPort& port,
                                                      std::function<void()> abort_order_sockets,
                                                      AuditRing& audit);
  virtual ~ControlServer() = default;  // stops
  virtual std::uint16_t tcp_port() const = 0;
  virtual void stop() = 0;  // joins the thread; unlinks the socket
  // What the thread would have logged. For one other thread to print; lines beyond 256 unread ones
  // are lost.
  virtual std::optional<LogLine> next_log_line() = 0;
};

}  // namespace levi::control
