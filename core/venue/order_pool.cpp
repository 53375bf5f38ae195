#include "core/venue/order_pool.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/base/check.h"
#include "core/base/sabotage.h"

namespace levi::venue {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr policy::ReconnectLimits kReconnectLimits{.delay_max = 5s};
constexpr os::HttpLimits kAnswerLimits{.body_bytes_max = 256 * 1024};

bool try_again(int errno_value) {
  return errno_value == EAGAIN || errno_value == EWOULDBLOCK || errno_value == EINTR ||
         errno_value == ENOBUFS;
}

}  // namespace

ssize_t send_now(int fd, const void* data, std::size_t size) {
  return ::send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

struct OrderPool::Connection {
  State state = State::kDown;
  bool ending = false;  // our half is closed, the answer is still awaited
  int fd = -1;
  std::size_t slot = 0;
  MonoTime deadline = kNever;
  OrderTicket ticket;
  os::HttpParser parser{os::HttpParser::Kind::kResponse, kAnswerLimits};
  std::string received;  // not taken by the parser yet
};

OrderPool::OrderPool(os::Loop& loop, latch::Latch& latch, OrderPoolOptions options,
                     Handlers handlers)
    : loop_(loop),
      latch_(latch),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      looks_at_latch_(!sabotaged(Defence::kLatchCheck)),
      reconnect_(kReconnectLimits),
      random_(options_.jitter_seed) {
  LEVI_CHECK(options_.connections > 0 && options_.connections * 2 <= OrderSockets::kSlots);
  free_.reserve(OrderSockets::kSlots);
}

OrderPool::~OrderPool() {
  loop_.cancel(retry_timer_);
  loop_.cancel(sweep_timer_);
  for (const auto& connection : connections_) {
    if (connection->state != State::kDown) bury(*connection);
  }
}

void OrderPool::open() {
  if (wanted_) return;
  wanted_ = true;
  connect_missing();
}

void OrderPool::close() {
  wanted_ = false;
  loop_.cancel(retry_timer_);
  retry_timer_ = 0;
  for (const auto& connection : connections_) {
    if (connection->state == State::kDown || connection->ending) continue;
    if (connection->state == State::kBusy) {
      connection->ending = true;
      ::shutdown(connection->fd, SHUT_WR);
    } else {
      bury(*connection);
    }
  }
}

unsigned OrderPool::open_count() const {
  return static_cast<unsigned>(std::count_if(
      connections_.begin(), connections_.end(),
      [](const auto& c) { return c->state != State::kDown && c->state != State::kConnecting; }));
}

bool OrderPool::is_outstanding(OrderSequence sequence) const {
  return std::any_of(connections_.begin(), connections_.end(), [&](const auto& c) {
    return c->state == State::kBusy && c->ticket.sequence == sequence;
  });
}

OrderPool::Sent OrderPool::send(const OrderTicket& ticket, std::uint64_t flatten_epoch,
                                std::string_view bytes) {
  if (free_.empty()) return Sent::kNothing;
  Connection& connection = *free_.back();
  const std::uint64_t sequence = ticket.sequence.value;
  if (!latch_.begin_send(sequence, flatten_epoch) && looks_at_latch_) return Sent::kSealed;
  const ssize_t sent = options_.send_call(connection.fd, bytes.data(), bytes.size());
  const int why = errno;
  latch_.end_send(sequence, sent > 0);
  if (sent == static_cast<ssize_t>(bytes.size())) {
    free_.pop_back();
    connection.state = State::kBusy;
    connection.ticket = ticket;
    set_deadline(connection, options_.answer_timeout);
    return Sent::kWhole;
  }
  if (sent == 0 || (sent < 0 && try_again(why))) return Sent::kNothing;
  // What is left of the order must never follow, not even from the kernel's buffer.
  if (sent > 0) os::abort_connection(connection.fd);
  bury(connection);
  retry_later();
  return sent > 0 ? Sent::kPartly : Sent::kNothing;
}

void OrderPool::connect_missing() {
  std::size_t active = 0;
  for (const auto& connection : connections_) {
    active += connection->state != State::kDown && !connection->ending ? 1 : 0;
  }
  // Those that wait for a last answer don't count: at most twice the pool's size, all in all.
  for (std::size_t i = 0; active < options_.connections; ++i) {
    if (i == connections_.size()) connections_.push_back(std::make_unique<Connection>());
    if (connections_[i]->state != State::kDown) continue;
    start_connect(*connections_[i]);
    ++active;
  }
}

void OrderPool::start_connect(Connection& connection) {
  auto fd = os::connect_start(options_.endpoint);
  std::optional<std::size_t> slot;
  const int number = fd ? fd.value().get() : -1;
  if (fd) slot = sockets_.add(std::move(fd.value()));
  if (!slot) {
    retry_later();
    return;
  }
  connection.fd = number;
  connection.slot = *slot;
  connection.ending = false;
  connection.state = State::kConnecting;
  connection.parser = os::HttpParser(os::HttpParser::Kind::kResponse, kAnswerLimits);
  connection.received.clear();
  set_deadline(connection, options_.connect_timeout);
  loop_.watch(number, os::kWritable | os::kHangUp,
              [this, c = &connection](std::uint32_t ready) { on_ready(*c, ready); });
}

void OrderPool::on_ready(Connection& connection, std::uint32_t ready) {
  if (connection.state != State::kConnecting) {
    on_readable(connection);
  } else if ((ready & (os::kWritable | os::kHangUp)) != 0) {
    on_connected(connection);
  }
}

void OrderPool::on_connected(Connection& connection) {
  if (!os::connect_outcome(connection.fd)) {
    drop(connection, machine::UnknownWhy::kConnectionLost);
    return;
  }
  reconnect_.on_connected(loop_.now());
  loop_.change(connection.fd, os::kReadable | os::kHangUp);
  make_free(connection);
}

void OrderPool::on_readable(Connection& connection) {
  std::array<char, kReadBytes> buffer;
  for (;;) {
    const ssize_t count = ::recv(connection.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && try_again(errno)) return;
    if (count <= 0) {
      const bool whole = count == 0 && connection.state == State::kBusy &&
                         connection.parser.headers_done() && connection.parser.finish() &&
                         connection.parser.done();
      if (whole) {
        connection.ending = true;  // The end was the message's: this connection has no next one.
        take_answer(connection);
      } else {
        drop(connection, machine::UnknownWhy::kConnectionLost);
      }
      return;
    }
    connection.received.append(buffer.data(), static_cast<std::size_t>(count));
    if (!feed(connection)) {
      drop(connection, machine::UnknownWhy::kServerError);
      return;
    }
    if (connection.parser.done()) {
      take_answer(connection);
      return;
    }
  }
}

// False where the bytes are no answer: not HTTP, more than one message, or nobody asked for them (a
// 408 before the end of an idle connection).
bool OrderPool::feed(Connection& connection) {
  if (connection.state != State::kBusy && connection.state != State::kPinging) return false;
  const auto taken = connection.parser.feed(connection.received);
  if (!taken) return false;
  connection.received.erase(0, taken.value());
  return !connection.parser.done() || connection.received.empty();
}

void OrderPool::take_answer(Connection& connection) {
  const bool is_order = connection.state == State::kBusy;
  const bool goes_on = connection.parser.keep_alive() && !connection.ending;
  const os::HttpResponse response = connection.parser.take_response();
  const OrderTicket ticket = connection.ticket;
  const bool was_starved = free_.empty();
  if (goes_on) {
    make_free(connection);
  } else {
    bury(connection);
    retry_later();
  }
  // Last: the handler may send on this very connection, or close the pool.
  if (is_order) handlers_.on_answer(ticket, response);
  if (was_starved && has_free() && is_order && handlers_.on_free) handlers_.on_free();
}

void OrderPool::make_free(Connection& connection) {
  const bool was_connecting = connection.state == State::kConnecting;
  const bool was_starved = free_.empty();
  connection.state = State::kFree;
  free_.push_back(&connection);
  set_deadline(connection, options_.keep_warm);
  if (was_connecting && was_starved && handlers_.on_free) handlers_.on_free();
}

void OrderPool::drop(Connection& connection, machine::UnknownWhy why) {
  const bool outstanding = connection.state == State::kBusy;
  const OrderTicket ticket = connection.ticket;
  if (sockets_.was_aborted(connection.slot)) why = machine::UnknownWhy::kFenced;
  bury(connection);
  retry_later();
  if (outstanding) handlers_.on_unknown(ticket, why);
}

void OrderPool::bury(Connection& connection) {
  LEVI_CHECK(connection.state != State::kDown);
  std::erase(free_, &connection);
  loop_.unwatch(connection.fd);
  sockets_.close(connection.slot);
  connection.state = State::kDown;
  connection.ending = false;
  connection.fd = -1;
  connection.deadline = kNever;
}

void OrderPool::retry_later() {
  // One decision for all that fell together: eight connections that a reset took are one loss, not
  // eight.
  if (!wanted_ || retry_timer_ != 0) return;
  retry_timer_ = loop_.after(reconnect_.on_lost(loop_.now(), random_), [this] {
    retry_timer_ = 0;
    if (wanted_) connect_missing();
  });
}

void OrderPool::ping(Connection& connection) {
  const std::string& bytes = options_.ping_request;
  const ssize_t sent =
      bytes.empty() ? 0 : options_.send_call(connection.fd, bytes.data(), bytes.size());
  if (sent == 0) {
    set_deadline(connection, options_.keep_warm);
    return;
  }
  if (sent != static_cast<ssize_t>(bytes.size())) {
    drop(connection, machine::UnknownWhy::kConnectionLost);
    return;
  }
  std::erase(free_, &connection);
  connection.state = State::kPinging;
  set_deadline(connection, options_.answer_timeout);
}

void OrderPool::set_deadline(Connection& connection, Nanos from_now) {
  connection.deadline = loop_.now() + from_now;
  arm(connection.deadline);
}

void OrderPool::arm(MonoTime deadline) {
  // One timer for all: deadlines mostly come in ascending order, so that an order rarely touches
  // it.
  if (deadline >= sweep_at_) return;
  loop_.cancel(sweep_timer_);
  sweep_at_ = deadline;
  sweep_timer_ = loop_.at(deadline, [this] { sweep(); });
}

void OrderPool::sweep() {
  sweep_timer_ = 0;
  sweep_at_ = kNever;
  const MonoTime now = loop_.now();
  // By index: a handler may add connections.
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    if (connections_[i]->deadline <= now) expire(*connections_[i]);
  }
  MonoTime next = kNever;
  for (const auto& connection : connections_) next = std::min(next, connection->deadline);
  if (next != kNever) arm(next);
}

void OrderPool::expire(Connection& connection) {
  if (connection.state != State::kFree) {
    drop(connection, machine::UnknownWhy::kTimeout);
  } else if (is_pinging()) {
    // Opened together, they fall due together.
    set_deadline(connection, options_.keep_warm / (2 * options_.connections));
  } else {
    ping(connection);
  }
}

bool OrderPool::is_pinging() const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& c) { return c->state == State::kPinging; });
}

}  // namespace levi::venue
