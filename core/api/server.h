// The API thread: everything of docs/api.md on one port (DESIGN §2, §11).
//
// Queries are answered from a replica of the machine that follows the journal ring; commands go to
// the trading thread and are answered when it has answered; a kill seals the latch right here. The
// store is read through a connection of its own, with a short timeout. A second thread, the scribe,
// writes the audit chain for both HTTP threads. Started after recovery and before trading; nothing
// that goes wrong in here stops orders, fills or the kill.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/control/audit_entry.h"
#include "core/control/facts.h"
#include "core/control/health.h"
#include "core/control/shared.h"
#include "core/journal/journal.h"
#include "core/latch/latch.h"
#include "core/os/http.h"
#include "core/os/socket.h"

namespace levi::api {

struct ApiOptions {
  os::Endpoint endpoint;  // 127.0.0.1:8000; beyond loopback is refused with exit 2
  os::HttpLimits http{.header_bytes_max = 16 * 1024,
                      .body_bytes_max = 64 * 1024,
                      .connections_max = 1024,
                      .idle_max = 60s};
  control::Facts facts;
  std::string data_folder;  // <data>/audit is written, <data>/levi.db read
  std::string store_path;
  journal::Paths journal;
  control::HealthLimits health;
  Nanos drain_max{200us};
  Nanos answer_max{2s};   // for the trading thread, and for the audit line of an opening
  Nanos look_every{5ms};  // at the journal ring
  unsigned streams_max = 64;
  std::size_t stream_pending_bytes_max =
      4u << 20;                 // a client of /events that is further behind is cut off
  Nanos stream_stall_max{30s};  // as is one that takes nothing of what is there for it
};

// Where the replica begins: the machine as recovery left it. The journal goes on behind `at`.
struct ApiSeed {
  std::string machine_snapshot;  // Machine::serialize()
  RecordSequence at;
};

struct ApiPorts {  // all outlive the server
  control::SharedStatus& status;
  control::CommandPort& commands;
  latch::Latch& latch;
  control::AuditRing& control_audit;
  std::function<void()> abort_order_sockets;
};

class ApiServer {
 public:
  // Listens, then starts both threads. Sets wake_http_ of the command port and wake_scribe_ of the
  // audit ring.
  static Result<std::unique_ptr<ApiServer>> start(ApiOptions options, ApiSeed seed,
                                                  journal::RingHandle ring, ApiPorts ports);
  virtual ~ApiServer() = default;  // stops
  virtual std::uint16_t port() const = 0;
  // Ends open streams, joins the API thread; then writes what is left for the audit chain. After
  // control's stop.
  virtual void stop() = 0;
};

}  // namespace levi::api
