// OrderPool: the connections over which orders leave: warm, keep-alive HTTP/1.1, one order
// outstanding on each.
//
// Owned and used by the trading thread; only `abort_all` may be called from others. `send` is the
// last hop of the kill latch (DESIGN §5): under begin_send/end_send, exactly one non-blocking
// send(2), nothing queued behind it in this process. What could not leave whole aborts its
// connection (RST), so that its rest never leaves. An answer frees the connection; none in time, or
// the connection's loss, leaves the order unknown. Connections that are idle for long carry a ping,
// so that the venue does not close one under the next order; one at a time, so that an order never
// finds them all taken.
//
// Handlers are called from the loop, never from inside `send`. They may call `send`, `open` and
// `close`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/base/random.h"
#include "core/latch/latch.h"
#include "core/machine/event.h"
#include "core/os/http.h"
#include "core/os/loop.h"
#include "core/os/socket.h"
#include "core/policy/reconnect.h"
#include "core/venue/gateway.h"
#include "core/venue/order_sockets.h"

namespace levi::venue {

// What must be known of an order when its answer, or none, comes.
struct OrderTicket {
  OrderSequence sequence;
  OrderKind kind = OrderKind::kNormal;
  SymbolId symbol;
  std::int64_t signed_ms = 0;  // the timestamp in its signature, venue time
};

struct OrderPoolOptions {
  os::Endpoint endpoint;
  unsigned connections = 8;
  Nanos connect_timeout{1s};
  Nanos answer_timeout{2s};
  Nanos keep_warm{15s};      // idle for longer: one ping
  std::string ping_request;  // whole HTTP request without side effect
  std::uint64_t jitter_seed = 0;
  SendCall send_call = &send_now;
};

class OrderPool {
 public:
  struct Handlers {
    std::function<void(const OrderTicket&, const os::HttpResponse&)> on_answer;
    std::function<void(const OrderTicket&, machine::UnknownWhy)> on_unknown;
    std::function<void()> on_free;  // a connection became free while there was none
  };
  enum class Sent {
    kWhole,
    kPartly,  // some bytes left: unknown; the connection is aborted
    kNothing,
    kSealed,
  };

  OrderPool(os::Loop& loop, latch::Latch& latch, OrderPoolOptions options, Handlers handlers);
  ~OrderPool();
  OrderPool(const OrderPool&) = delete;
  OrderPool& operator=(const OrderPool&) = delete;

  void open();
  // Every connection ends: idle ones at once, those with an order outstanding by FIN first (the
  // venue sees the end behind the order, and can still answer it), then wholly when the answer or
  // the time-out has come.
  void close();
  bool is_open() const { return wanted_; }
  bool has_free() const { return !free_.empty(); }
  unsigned open_count() const;
  bool is_outstanding(OrderSequence sequence) const;

  // `bytes` is the whole signed request. kNothing also where no connection is free.
  Sent send(const OrderTicket& ticket, std::uint64_t flatten_epoch, std::string_view bytes);

  unsigned abort_all() { return sockets_.abort_all(); }  // any thread

 private:
  struct Connection;
  enum class State : std::uint8_t { kDown, kConnecting, kFree, kBusy, kPinging };

  void connect_missing();
  void start_connect(Connection& connection);
  void on_ready(Connection& connection, std::uint32_t ready);
  void on_connected(Connection& connection);
  void on_readable(Connection& connection);
  bool feed(Connection& connection);
  void take_answer(Connection& connection);
  void make_free(Connection& connection);
  void drop(Connection& connection, machine::UnknownWhy why);
  void bury(Connection& connection);
  void set_deadline(Connection& connection, Nanos from_now);
  bool is_pinging() const;
  void ping(Connection& connection);
  void arm(MonoTime deadline);
  void sweep();
  void expire(Connection& connection);
  void retry_later();

  os::Loop& loop_;
  latch::Latch& latch_;
  const OrderPoolOptions options_;
  const Handlers handlers_;
  const bool looks_at_latch_;  // false only in levid-sabotage
  OrderSockets sockets_;
  std::vector<std::unique_ptr<Connection>>
      connections_;                // of the pool, and closed ones that wait for their answer
  std::vector<Connection*> free_;  // the most recently used last
  bool wanted_ = false;
  policy::ReconnectPolicy reconnect_;
  Random random_;
  os::Loop::TimerId retry_timer_ = 0;
  os::Loop::TimerId sweep_timer_ = 0;
  MonoTime sweep_at_ = kNever;
};

}  // namespace levi::venue
