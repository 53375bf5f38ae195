// Gateway: the one place from which an order leaves (DESIGN §5 "Sending").
//
// Owned by the trading thread; every call comes from there, but `abort_order_sockets`, which the control thread calls when a
// drain deadline passes. Nothing is buffered behind it: an order is encoded and signed into memory, then, under the latch's
// begin_send/end_send, given to ONE non-blocking send. A short send aborts the connection and the order is `unknown`.
// Orders use their own connections; cancels and queries use others and pass a sealed latch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/latch/latch.h"
#include "core/machine/effect.h"
#include "core/machine/event.h"
#include "core/machine/state.h"
#include "core/os/loop.h"
#include "core/os/socket.h"

namespace levi::venue {

struct Credentials {
  std::string key;
  std::string secret;  // never printed, logged or reported
};

struct GatewayOptions {
  os::Endpoint rest;
  Credentials credentials;
  InstanceId instance;
  Incarnation incarnation;
  unsigned order_connections = 8;   // kept open and warm; one order outstanding on each
  unsigned query_connections = 4;
  Nanos recv_window{2s};            // 200 ms on the stage
  Nanos answer_timeout{2s};         // then `unknown`
};

class Gateway {
 public:
  // What the venue said, as machine events; called on the trading thread, never from inside `send`.
  using Emit = std::function<void(const machine::Event&)>;
  virtual ~Gateway() = default;

  // The order is in the journal already. Emits (later) VenueAck / VenueRejected / VenueUnknown / OrderUnsent.
  virtual void send(const machine::SendOrder& order, std::uint64_t flatten_epoch) = 0;
  virtual void cancel(const machine::Order& order) = 0;
  virtual void cancel_all(const std::vector<SymbolId>& symbols) = 0;  // by at most 5 symbols a call
  virtual void query(const machine::Order& order) = 0;                // emits VenueOrderState; applies the not-found rule
  virtual void query_trades(const machine::Order& order) = 0;         // emits VenueFill for each
  virtual void fetch_open_orders(SymbolId symbol, std::function<void(Status)> done) = 0;  // VenueOrderState / ForeignOrder

  // The latch was sealed: every order connection is closed (their end is the judge's mark), reopened after a release.
  virtual void close_order_connections() = 0;
  virtual void open_order_connections() = 0;
  virtual unsigned order_connections_open() const = 0;

  // Control thread only: connect(AF_UNSPEC) on every order socket. Safe against a concurrent close and reuse of the number.
  virtual void abort_order_sockets() = 0;
};

}  // namespace levi::venue
