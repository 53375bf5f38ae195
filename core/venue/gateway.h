// Gateway: the one place from which an order leaves (DESIGN §5 "Sending").
//
// Owned by the trading thread; every call comes from there, but `abort_order_sockets`, which the
// control thread calls when a drain deadline passes. Nothing is buffered behind it: an order is
// encoded and signed into memory, then, under the latch's begin_send/end_send, given to ONE
// non-blocking send. A short send aborts the connection and the order is `unknown`. Orders use
// their own connections; cancels and queries use others and pass a sealed latch.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/machine/effect.h"
#include "core/machine/event.h"
#include "core/machine/state.h"
#include "core/os/clock.h"
#include "core/os/socket.h"

namespace levi::venue {

// send(2) with MSG_NOSIGNAL | MSG_DONTWAIT. Replaced only by tests, which need a short send.
using SendCall = ssize_t (*)(int fd, const void* data, std::size_t size);
ssize_t send_now(int fd, const void* data, std::size_t size);

struct Credentials {
  std::string key;
  std::string secret;  // never printed, logged or reported
};

struct GatewayOptions {
  os::Endpoint rest;
  std::string host;  // as the configuration names it, for the Host header; empty: rest.text()
  Credentials credentials;
  InstanceId instance;
  Incarnation incarnation;
  std::vector<machine::Ancestor> ancestors;  // whose orders this journal took over
  unsigned order_connections = 8;            // kept open and warm; one order outstanding on each
  unsigned query_connections = 4;
  Nanos recv_window{2s};     // 200 ms on the stage
  Nanos answer_timeout{2s};  // then `unknown`
  Nanos connect_timeout{1s};
  Nanos keep_warm{15s};         // an order connection that is idle for longer carries a ping
  Nanos query_delay_min{50ms};  // between two questions about one order, doubling
  Nanos query_delay_max{2s};
  Nanos clock_check{30s};                             // how often serverTime is asked
  std::function<Instant()> wall_now = &os::wall_now;  // replaced by tests
  SendCall send_call = &send_now;
};

inline std::string host_of(const GatewayOptions& options) {
  return options.host.empty() ? options.rest.text() : options.host;
}

struct GatewayStatus {
  unsigned order_connections = 0;
  std::uint64_t orders_sent = 0;
  std::uint64_t short_sends = 0;
  std::uint64_t questions_open = 0;  // orders whose outcome is being asked for
  Nanos blocked_for{0};              // 429, 418: no order leaves before
  std::string trouble;               // "the venue refuses our key: ..."; empty when there is none
};

class Gateway {
 public:
  // What the venue said, as machine events; called on the trading thread, never from inside a call
  // of this interface.
  using Emit = std::function<void(const machine::Event&)>;
  virtual ~Gateway() = default;

  // The order is in the journal already. Emits (later) VenueAck / VenueRejected / VenueUnknown /
  // OrderUnsent. A flatten order waits a moment for a connection, since a seal has closed them all;
  // every other order leaves now or not at all.
  virtual void send(const machine::SendOrder& order, std::uint64_t flatten_epoch) = 0;
  virtual void cancel(const machine::CancelOrder& order) = 0;  // VenueCanceled / CancelFailed
  virtual void cancel_all(const std::vector<SymbolId>& symbols) = 0;  // by at most 5 symbols a call
  // Emits VenueOrderState; asks again by itself until the order is found or not_found_final (a
  // second call about the same order meanwhile changes nothing).
  virtual void query(const machine::QueryOrder& order) = 0;
  virtual void query_trades(const machine::QueryTrades& order) = 0;  // emits VenueFill for each
  // VenueOrderState / ForeignOrder for each.
  virtual void fetch_open_orders(SymbolId symbol, std::function<void(Status)> done) = 0;

  // The latch was sealed: every order connection is closed (their end is the judge's mark),
  // reopened after a release.
  virtual void close_order_connections() = 0;
  virtual void open_order_connections() = 0;
  virtual unsigned order_connections_open() const = 0;
  virtual GatewayStatus status() const = 0;

  // Any thread: connect(AF_UNSPEC) on every order socket. Safe against a concurrent close and
  // reuse of the number; neither side waits for the other.
  virtual void abort_order_sockets() = 0;
};

}  // namespace levi::venue
