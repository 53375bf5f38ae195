#include "core/control/server.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "core/os/clock.h"
#include "core/os/socket_calls.h"

namespace levi::control {
namespace {

constexpr std::uint64_t kTcpToken = ~std::uint64_t{0};
constexpr std::uint64_t kUnixToken = kTcpToken - 1;
constexpr std::uint64_t kWakeToken = kTcpToken - 2;
constexpr int kAcceptsPerRound =
    16;  // below the smallest share of slots: a newcomer is served before it can be evicted
constexpr unsigned kConnectionsLeast = 8;
constexpr std::uint32_t kNoSlot = ~std::uint32_t{0};
constexpr Nanos kAcceptPause = 5ms;
constexpr std::uint32_t kWarmSlots = 16;  // of each listener
constexpr std::uint32_t kDroppedBytesMax = 1u << 20;
constexpr Nanos kLingerMax = 1s;
constexpr Nanos kRoundMax = 500ms;  // so that control_round_ns tells that the thread lives
constexpr int kBacklog = 4096;      // the kernel cuts it to net.core.somaxconn

std::uint64_t token_of(std::uint32_t slot, std::uint32_t generation) {
  return std::uint64_t{generation} << 32 | slot;
}

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::start(
    ControlOptions options, latch::Latch& latch, SharedStatus& status, CommandPort& port,
    std::function<void()> abort_order_sockets, AuditRing& audit) {
  if (!options.tcp.is_loopback()) {
    return error(ErrorCode::kInvalid,
                 "the control port may listen on loopback only, not on " + options.tcp.text(),
                 "set control: 127.0.0.1:8001");
  }
  LEVI_TRY(poller, os::Poller::create());
  auto server = std::make_unique<Server>(
      std::move(options), ControlPorts{latch, status, port, audit, std::move(abort_order_sockets)},
      std::move(poller));
  LEVI_TRY_STATUS(server->listen());
  server->run_in_background();
  return std::unique_ptr<ControlServer>(std::move(server));
}

Server::Server(ControlOptions options, ControlPorts ports, os::Poller poller)
    : options_(std::move(options)),
      ports_(std::move(ports)),
      poller_(std::move(poller)),
      spare_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
  options_.connections_max = std::max(options_.connections_max, kConnectionsLeast);
  unix_.count = options_.socket_path.empty() ? 0 : options_.connections_max / 4;
  tcp_.first = unix_.count;
  tcp_.count = options_.connections_max - unix_.count;
  tcp_.token = kTcpToken;
  unix_.token = kUnixToken;
  slots_ = std::vector<Connection>(options_.connections_max);
  notes_ = std::vector<ConnectionNotes>(options_.connections_max);
  buffers_ = std::make_unique_for_overwrite<ConnectionBuffers[]>(options_.connections_max);
  // The first slots are there and stay there; the others come with a crowd.
  for (auto* listener : {&unix_, &tcp_}) warm_up(*listener);
}

Server::~Server() { stop(); }

void Server::warm_up(const Listener& listener) {
  const std::uint32_t count = std::min(listener.count, kWarmSlots);
  std::memset(static_cast<void*>(&buffers_[listener.first]), 0, sizeof(ConnectionBuffers) * count);
  (void)os::lock_pages(&buffers_[listener.first], sizeof(ConnectionBuffers) * count);
  (void)os::lock_pages(&slots_[listener.first], sizeof(Connection) * count);
  (void)os::lock_pages(&notes_[listener.first], sizeof(ConnectionNotes) * count);
}

Status Server::listen() {
  LEVI_TRY(tcp, os::listen_on(options_.tcp, kBacklog));
  LEVI_TRY(port, os::local_port(tcp.get()));
  tcp_.fd = std::move(tcp);
  tcp_port_ = port;
  if (!options_.socket_path.empty()) {
    LEVI_TRY(socket,
             os::listen_on({.host = {}, .port = 0, .path = options_.socket_path}, kBacklog));
    unix_.fd = std::move(socket);
  }
  bool added = poller_.add(tcp_.fd.get(), os::Poller::kRead, kTcpToken) &&
               poller_.add(wake_.fd(), os::Poller::kRead, kWakeToken);
  if (unix_.fd) added = added && poller_.add(unix_.fd.get(), os::Poller::kRead, kUnixToken);
  if (!added) return io_error("cannot watch the control port", errno);
  return ok();
}

void Server::run_in_background() {
  ports_.commands.wake_http_ = [this] { wake_.raise(); };
  ports_.audit.wake_producer_ = [this] { wake_.raise(); };
  thread_ = os::start_thread("levi-control", [this] { run(); });
}

void Server::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  wake_.raise();
  thread_.join();
  if (unix_.fd) ::unlink(options_.socket_path.c_str());
  tcp_.fd.reset();  // whoever still waits to be accepted is told
  unix_.fd.reset();
}

void Server::run() {
  (void)os::raise_priority(os::Priority::kControl);
  while (!stopping_.load(std::memory_order_relaxed)) round();
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].waits != Waits::kFree) close_slot(i);
  }
}

void Server::round() {
  now_ = os::mono_now();
  ports_.status.control_round_ns.store(now_.ns, std::memory_order_relaxed);
  const auto events = poller_.wait(std::min<Nanos>(kRoundMax, next_deadline_ - now_));
  now_ = os::mono_now();
  bool tcp = false;
  bool local = false;
  for (const epoll_event& event : events) {
    if (event.data.u64 == kTcpToken) {
      tcp = true;
    } else if (event.data.u64 == kUnixToken) {
      local = true;
    } else if (event.data.u64 == kWakeToken) {
      wake_.clear();
      take_answers();
      check_tickets();
    } else {
      on_event(event);
    }
  }
  // Those who are here come before newcomers.
  if (local) accept_waiting(unix_);
  if (tcp) accept_waiting(tcp_);
  if (next_deadline_ <= now_) expire();
}

void Server::on_event(const epoll_event& event) {
  const auto i = static_cast<std::uint32_t>(event.data.u64);
  const auto generation = static_cast<std::uint32_t>(event.data.u64 >> 32);
  // Closed, or taken by another, earlier in this round.
  if (slots_[i].waits == Waits::kFree || slots_[i].generation != generation) return;
  if ((event.events & EPOLLOUT) != 0) {
    if (!flush(i)) return;
    if (!slots_[i].has_output() && slots_[i].waits == Waits::kRequest) serve(i);
  }
  if (slots_[i].generation != generation || (event.events & ~std::uint32_t{EPOLLOUT}) == 0) return;
  // Already half closed, and now hung up: nobody is there to read the answer that is still awaited.
  if (slots_[i].peer_ended && (event.events & (EPOLLHUP | EPOLLERR)) != 0) return close_slot(i);
  on_readable(i);
}

void Server::accept_waiting(Listener& listener) {
  for (int n = 0; n < kAcceptsPerRound; ++n) {
    os::Accepted newcomer = os::accept_now(listener.fd.get());
    if (newcomer.no_descriptors) newcomer = accept_without_descriptors(listener);
    if (newcomer.no_descriptors) return pause(listener);
    if (!newcomer.fd) return;
    open_slot(slot_for_newcomer(listener), std::move(newcomer.fd));
  }
}

// Somebody has used up the process's descriptors: the spare one lets the newcomer in. The spare
// comes back with the next slot that closes, which is the oldest one's lot where it is needed again
// before that.
os::Accepted Server::accept_without_descriptors(const Listener& listener) {
  if (!spare_ && oldest_slot(listener) != kNoSlot) evict(oldest_slot(listener));
  spare_.reset();
  return os::accept_now(listener.fd.get());
}

// Another thread was quicker to take what was freed. A listener that stays readable must not make
// this thread spin.
void Server::pause(Listener& listener) {
  listener.paused_until = now_ + kAcceptPause;
  next_deadline_ = std::min(next_deadline_, listener.paused_until);
  (void)poller_.change(listener.fd.get(), 0, listener.token);
}

void Server::resume_if_due(Listener& listener) {
  if (listener.paused_until <= now_) {
    listener.paused_until = kNever;
    (void)poller_.change(listener.fd.get(), os::Poller::kRead, listener.token);
  }
  next_deadline_ = std::min(next_deadline_, listener.paused_until);
}

// The slot in use that has been silent longest; one that waits for the trading thread goes only
// when all do. kNoSlot: none is in use.
std::uint32_t Server::oldest_slot(const Listener& listener) const {
  std::uint32_t oldest = kNoSlot;
  bool oldest_works = true;
  for (std::uint32_t i = listener.first; i < listener.first + listener.count; ++i) {
    const Connection& slot = slots_[i];
    if (slot.waits == Waits::kFree) continue;
    const bool works = slot.waits == Waits::kAudit || slot.waits == Waits::kTrading;
    const bool longer = oldest == kNoSlot || slot.last_activity < slots_[oldest].last_activity;
    if (works != oldest_works ? !works : longer) {
      oldest = i;
      oldest_works = works;
    }
  }
  return oldest;
}

// A flood of idle connections can't lock the kill out: when all slots are taken, the oldest one
// goes.
std::uint32_t Server::slot_for_newcomer(const Listener& listener) {
  for (std::uint32_t i = listener.first; i < listener.first + listener.count; ++i) {
    if (slots_[i].waits == Waits::kFree) return i;
  }
  const std::uint32_t oldest = oldest_slot(listener);
  evict(oldest);
  return oldest;
}

void Server::evict(std::uint32_t i) {
  ports_.status.control_evicted.fetch_add(1, std::memory_order_relaxed);
  const std::uint32_t generation = slots_[i].generation;
  give_up_request(i);
  if (slots_[i].generation == generation) close_slot(i);
}

void Server::open_slot(std::uint32_t i, os::Fd fd) {
  Connection& slot = slots_[i];
  const std::uint32_t generation = slot.generation + 1;
  slot = Connection{};
  slot.generation = generation;
  slot.interest = os::Poller::kRead;
  if (!poller_.add(fd.get(), slot.interest, token_of(i, generation))) return;
  slot.peer = os::peer_name(fd.get());
  slot.fd = std::move(fd);
  slot.waits = Waits::kRequest;
  slot.last_activity = now_;
  set_deadline(i, now_ + options_.idle_max);
  ports_.status.control_connections.store(++open_, std::memory_order_relaxed);
  on_readable(i);  // its request is mostly there already
}

void Server::close_slot(std::uint32_t i) {
  Connection& slot = slots_[i];
  if (slot.waits == Waits::kAudit) --awaiting_audit_;
  poller_.remove(slot.fd.get());
  slot.fd.reset();
  if (!spare_) spare_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  slot.waits = Waits::kFree;
  slot.deadline = kNever;
  ++slot.generation;
  ports_.status.control_connections.store(--open_, std::memory_order_relaxed);
}

void Server::on_readable(std::uint32_t i) {
  Connection& slot = slots_[i];
  if (slot.waits == Waits::kEnd) return drop_input(i);
  auto& in = buffers_[i].in;
  const std::size_t room = in.size() - slot.in_used;
  if (room == 0) return want(i);
  const os::Moved got = os::receive_some(slot.fd.get(), in.data() + slot.in_used, room);
  if (got.again) return;
  if (got.closed || got.failed) return on_stream_end(i, got.failed);
  slot.in_used += static_cast<std::uint32_t>(got.bytes);
  slot.last_activity = now_;
  if (slot.waits != Waits::kRequest) overtake_release(i);
  if (slot.waits == Waits::kRequest) serve(i);
  want(i);
}

// The peer sends no more. It may still wait for answers, unless it is gone altogether.
void Server::on_stream_end(std::uint32_t i, bool failed) {
  const std::uint32_t generation = slots_[i].generation;
  slots_[i].peer_ended = true;
  if (failed) slots_[i].close_after = true;
  if (slots_[i].waits == Waits::kRequest) give_up_request(i);
  Connection& slot = slots_[i];
  if (slot.generation != generation) return;
  const bool works = slot.waits == Waits::kAudit || slot.waits == Waits::kTrading;
  if (failed || (!works && !slot.has_output())) return close_slot(i);
  slot.close_after = true;
  want(i);
}

void Server::drop_input(std::uint32_t i) {
  Connection& slot = slots_[i];
  auto& in = buffers_[i].in;
  const os::Moved got = os::receive_some(slot.fd.get(), in.data(), in.size());
  if (got.again) return;
  slot.dropped += static_cast<std::uint32_t>(got.bytes);
  if (got.closed || got.failed || slot.dropped > kDroppedBytesMax) close_slot(i);
}

bool Server::flush(std::uint32_t i) {
  Connection& slot = slots_[i];
  while (slot.has_output()) {
    const char* from = buffers_[i].out.data() + slot.out_begin;
    const os::Moved sent = os::send_some(slot.fd.get(), from, slot.out_end - slot.out_begin);
    if (sent.failed) {
      close_slot(i);
      return false;
    }
    if (sent.again) break;
    slot.out_begin += static_cast<std::uint32_t>(sent.bytes);
  }
  if (!slot.has_output() && slot.close_after && slot.waits == Waits::kRequest) {
    if (slot.peer_ended) {
      close_slot(i);
      return false;
    }
    os::end_sending(slot.fd.get());
    slot.waits = Waits::kEnd;
    set_deadline(i, now_ + kLingerMax);
  }
  want(i);
  return true;
}

// Watches for what this slot can use now: else a level-triggered poller would spin.
void Server::want(std::uint32_t i) {
  Connection& slot = slots_[i];
  if (slot.waits == Waits::kFree) return;
  const bool room = slot.in_used < kRequestBytesMax || slot.waits == Waits::kEnd;
  const std::uint32_t interest = (room && !slot.peer_ended ? os::Poller::kRead : 0u) |
                                 (slot.has_output() ? os::Poller::kWrite : 0u);
  if (interest == slot.interest) return;
  slot.interest = interest;
  (void)poller_.change(slot.fd.get(), interest, token_of(i, slot.generation));
}

void Server::set_deadline(std::uint32_t i, MonoTime deadline) {
  slots_[i].deadline = deadline;
  next_deadline_ = std::min(next_deadline_, deadline);
}

void Server::expire() {
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].waits != Waits::kFree && slots_[i].deadline <= now_) on_deadline(i);
  }
  next_deadline_ = kNever;
  for (const Connection& slot : slots_) {
    if (slot.waits != Waits::kFree) next_deadline_ = std::min(next_deadline_, slot.deadline);
  }
  resume_if_due(tcp_);
  resume_if_due(unix_);
}

void Server::log(bool warning, std::string_view text) {
  LogLine line;
  line.text = FixedString<231>(text);
  line.warning = warning;
  (void)log_.push(line);
}

}  // namespace levi::control
