// ExchangeHost: what the faults and the admin calls do to the running process's sockets and pace.
// The server is one; a test has another. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "exchange/ledger/ledger.h"

namespace levi::exchange {

enum class ConnectionKind : std::uint8_t { kRest, kPublic, kPrivate };
const char* to_string(ConnectionKind kind);  // "rest", "public", "private"

struct ConnectionInfo {
  ConnectionOrdinal connection;
  ConnectionKind kind = ConnectionKind::kRest;
  std::string peer;
  MonoTime opened;
  MonoTime last_received;
  std::uint64_t orders = 0;
  bool frozen = false;
};

struct FlowPace {
  int events_per_second = 100;  // per symbol
  bool paused = false;
};

class ExchangeHost {
 public:
  virtual ~ExchangeHost() = default;
  virtual std::vector<ConnectionInfo> connections() const = 0;
  virtual void reset_connection(ConnectionOrdinal connection) = 0;
  virtual void freeze_connection(ConnectionOrdinal connection, bool frozen) = 0;
  virtual Status refuse_connects(bool refuse) = 0;
  virtual FlowPace pace(const FlowPace* wanted) = 0;  // null: only asks
};

}  // namespace levi::exchange
