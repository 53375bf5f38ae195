#include "chaos/proxy/connection.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/os/address.h"
#include "core/os/clock.h"

namespace levi::proxy {
namespace {

constexpr int kReadsPerRound = 1;
constexpr int kDrainReadsMax = 8;
constexpr int kKeepAliveSeconds = 15;

}  // namespace

void keep_alive(int fd) {
  const int on = 1;
  const int seconds = kKeepAliveSeconds;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
}

Connection::Connection(Runtime& runtime, ConnectionOwner& owner, std::uint64_t ordinal,
                       std::unique_ptr<Transport> client, std::string greeting)
    : runtime_(runtime),
      owner_(owner),
      ordinal_(ordinal),
      greeting_(std::move(greeting)),
      links_{{Direction::kUpstream, *this, exchange_}, {Direction::kDownstream, *this, exchange_}} {
  ends_[kClient].transport = std::move(client);
}

Connection::~Connection() {
  *alive_ = false;
  runtime_.timers.cancel(timer_);
  unwatch(kClient);
  unwatch(kServer);
}

void Connection::connect(const std::string& upstream) {
  connecting_ = true;
  other_loopback_ = upstream.starts_with("localhost:");
  runtime_.resolver.resolve(upstream, [this, alive = alive_](Result<os::Endpoint> endpoint) {
    if (!*alive || finished_) return;
    if (!endpoint) {
      refuse(endpoint.error().message);
    } else {
      start_connect(endpoint.value());
    }
  });
  // So that a client that gives up is noticed.
  if (connecting_ && !finished_) watch(kClient, 0);
}

std::string Connection::client_name() const {
  const auto& transport = ends_[kClient].transport;
  return transport ? os::peer_name(transport->fd()).str() : "gone";
}

void Connection::start_connect(const os::Endpoint& endpoint) {
  auto fd = os::connect_start(endpoint);
  if (!fd) {
    fail_connect(endpoint.port, fd.error().message);
    return;
  }
  // Three calls for each connection: not where nobody can vanish without a word.
  if (!endpoint.is_loopback()) keep_alive(fd.value().get());
  const auto decided = os::wait_ready(fd.value().get(), POLLOUT, MonoTime{});
  ends_[kServer].transport = owner_.wrap_upstream(std::move(fd).value());
  // On loopback it is decided by now, as a rule: that saves a round of the loop.
  upstream_port_ = endpoint.port;
  if (decided && decided.value()) {
    on_connect_decided();
  } else {
    watch(kServer, os::kWritable);
  }
}

void Connection::on_connect_decided() {
  const Status outcome = os::connect_outcome(ends_[kServer].transport->fd());
  if (!outcome) {
    fail_connect(upstream_port_, outcome.error().message);
    return;
  }
  connecting_ = false;
  start_links();
}

// Servers that listen on "localhost" may mean the loopback of either family.
void Connection::fail_connect(std::uint16_t port, const std::string& why) {
  if (std::exchange(other_loopback_, false)) {
    over_why_ = why;
    unwatch(kServer);
    ends_[kServer].transport.reset();
    start_connect({"::1", port, {}});
    return;
  }
  connecting_ = false;
  // Of two attempts the first one's: without IPv6 the second one's would mislead.
  refuse(over_why_.empty() ? why : over_why_);
}

void Connection::start_links() {
  // Its socket has sent nothing yet: these few bytes fit.
  if (!greeting_.empty()) {
    (void)os::send_some(ends_[kClient].transport->fd(), greeting_.data(), greeting_.size());
  }
  Transport& client = *ends_[kClient].transport;
  Transport& server = *ends_[kServer].transport;
  links_[0].attach(client, server);
  links_[1].attach(server, client);
  linked_ = true;
  owner_.on_connected(*this);
  if (server.begins_by_reading()) read_from(kServer);
  settle();
}

void Connection::refuse(const std::string& why) {
  if (!greeting_.empty()) {
    constexpr std::string_view kNoGateway =
        "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    (void)os::send_some(ends_[kClient].transport->fd(), kNoGateway.data(), kNoGateway.size());
    broken_ = true;
    finish(Finish::kClosed, why);
    return;
  }
  finish(Finish::kRefused, why);
}

void Connection::on_ready(Side side, std::uint32_t ready) {
  if (finished_) return;
  if (!linked_) {
    if (side == kServer && connecting_) {
      on_connect_decided();
    } else if (side == kClient && (ready & os::kHangUp)) {
      finish(Finish::kReset, "the client left before the upstream answered");
    }
    return;
  }
  if (ready & os::kHangUp) end_of(side).hung = true;
  if (to(side).wants_write()) to(side).flush();
  // Writable alone may be what a TLS read waited for.
  if ((ready & (os::kReadable | os::kHangUp)) || end_of(side).transport->wants_write()) {
    read_from(side);
  }
  settle();
}

void Connection::read_from(Side side) {
  // The clock is read only for toxics: the bare path has no use for it.
  const MonoTime now = from(side).bare() ? MonoTime{} : os::mono_now();
  for (int i = 0; i < kReadsPerRound && !over_; ++i) {
    if (!from(side).read(runtime_.buffer(), now)) break;
  }
}

void Connection::settle() {
  if (finished_ || !linked_) return;
  settle_messages();
  check_over();
  if (over_) {
    finish(over_how_, over_why_);
    return;
  }
  update_interest(kClient);
  update_interest(kServer);
  arm_timer();
}

// Usually nothing: a link whose toxics ask about no message, and that holds none.
void Connection::settle_messages() {
  const bool wanted = links_[0].wants_messages() || links_[1].wants_messages();
  for (Link& link : links_) {
    if (wanted || !link.bare()) link.assemble(wanted, os::mono_now());
  }
}

void Connection::check_over() {
  if (over_) return;
  const bool both_ended = links_[0].end_passed() && links_[1].end_passed();
  if (both_ended) {
    over_ = true;
    over_how_ = Finish::kComplete;
    return;
  }
  for (const Side side : {kClient, kServer}) {
    // Whoever no longer takes bytes has gone by RST; what it sent before has been passed on.
    if (to(side).sink_gone() && (from(side).end_passed() || from(side).sink_gone())) {
      over_ = true;
      over_how_ = runtime_.compat ? Finish::kClosed : Finish::kReset;
      over_why_ = side == kClient ? "reset by the client" : "reset by the upstream";
    }
  }
  if (ends_[kClient].hung && ends_[kServer].hung && !ends_[kClient].watched &&
      !ends_[kServer].watched) {
    over_ = true;
    over_how_ = Finish::kReset;
    over_why_ = "both sides are gone";
  }
}

void Connection::update_interest(Side side) {
  End& end = end_of(side);
  std::uint32_t interest = 0;
  if (from(side).wants_read()) interest |= os::kReadable;
  const bool waits_for_read = end.transport->write_waits_for_read();
  if (to(side).wants_write() && waits_for_read) interest |= os::kReadable;
  if ((to(side).wants_write() && !waits_for_read) || end.transport->wants_write()) {
    interest |= os::kWritable;
  }
  // The kernel reports a dead peer whatever the interest: not to be told again and again.
  if (interest == 0 && end.hung) {
    unwatch(side);
  } else {
    watch(side, interest);
  }
}

void Connection::watch(Side side, std::uint32_t interest) {
  End& end = end_of(side);
  const int fd = end.transport->fd();
  if (!end.watched) {
    end.watched = true;
    end.interest = interest;
    runtime_.loop.watch(fd, interest, [this, side](std::uint32_t ready) { on_ready(side, ready); });
  } else if (end.interest != interest) {
    end.interest = interest;
    runtime_.loop.change(fd, interest);
  }
}

void Connection::unwatch(Side side) {
  End& end = end_of(side);
  if (!end.watched) return;
  end.watched = false;
  runtime_.loop.unwatch(end.transport->fd());
}

void Connection::arm_timer() {
  const MonoTime next = std::min(links_[0].next_deadline(), links_[1].next_deadline());
  if (next >= timer_at_) return;  // an alarm that comes too early is set again
  runtime_.timers.cancel(timer_);
  timer_at_ = next;
  timer_ = runtime_.timers.at(next, [this] {
    timer_ = 0;
    timer_at_ = kNever;
    const MonoTime now = os::mono_now();
    links_[0].advance(now);
    links_[1].advance(now);
    settle();
  });
}

void Connection::finish(Finish how, const std::string& why) {
  if (finished_) return;
  finished_ = true;
  links_[0].stop();
  links_[1].stop();
  runtime_.timers.cancel(timer_);
  timer_ = 0;
  const bool refused_with_reset = how == Finish::kRefused && !runtime_.compat;
  const bool peer_reset = how == Finish::kReset;
  if (how != Finish::kComplete) {  // else both have read the other's end, and no more is to be said
    close_end(kClient, refused_with_reset || peer_reset);
    close_end(kServer, peer_reset);
  }
  for (const Side side : {kClient, kServer}) {
    unwatch(side);
    if (ends_[side].transport) (void)ends_[side].transport->take();
  }
  owner_.on_finished(*this, how, why);
}

void Connection::close_end(Side side, bool reset) {
  End& end = end_of(side);
  if (!end.transport) return;
  unwatch(side);
  if (reset) {
    os::close_with_reset(end.transport->take());
    return;
  }
  // Bytes that nobody read would turn the FIN into an RST.
  end.transport->end_sending();
  os::Fd fd = end.transport->take();
  for (int i = 0; i < kDrainReadsMax; ++i) {
    if (os::receive_some(fd.get(), runtime_.buffer().data(), runtime_.buffer().size()).bytes == 0)
      break;
  }
}

void Connection::on_received(Direction direction, std::size_t bytes) {
  std::uint64_t& counted = bytes_[index(direction)];
  if (counted == 0) owner_.on_first_byte(*this, direction);
  counted += bytes;
  owner_.on_bytes(direction, false, bytes);
}

void Connection::on_sent(Direction direction, std::size_t bytes) {
  owner_.on_bytes(direction, true, bytes);
}

void Connection::on_end_passed(Direction) {}  // settle() looks at both directions

void Connection::on_sink_gone(Direction) {}

void Connection::on_ending(Direction direction, Ending ending) {
  if (over_) return;
  over_ = true;
  over_how_ = ending == Ending::kReset ? Finish::kReset : Finish::kClosed;
  const bool from_peer = ending == Ending::kReset && link(direction).source_ended();
  if (from_peer && runtime_.compat) over_how_ = Finish::kClosed;
  const bool client = direction == Direction::kUpstream;
  const std::string problem = ends_[client ? kClient : kServer].transport->problem();
  over_why_ = !from_peer        ? "a toxic"
              : problem.empty() ? (client ? "reset by the client" : "reset by the upstream")
                                : (client ? "the client: " : "the upstream: ") + problem;
  broken_ = from_peer && !problem.empty();
}

void Connection::on_answer(const Message* request, std::string answer, bool close) {
  exchange_.answer_locally(request, {std::move(answer), close});
  links_[1].give_local_answers(os::mono_now());
}

bool Connection::refuses_upgrade() {
  for (const Direction direction : {Direction::kUpstream, Direction::kDownstream}) {
    if (exchange_.takeover(direction) && link(direction).needs_independent_messages()) return true;
  }
  return false;
}

void Connection::on_delayed(Direction direction, const ToxicEntry& toxic, Nanos asked,
                            Nanos achieved) {
  owner_.on_delayed(*this, direction, toxic, asked, achieved);
}

void Connection::on_dropped(Direction direction, const ToxicEntry& toxic, std::size_t bytes) {
  owner_.on_dropped(*this, direction, toxic, bytes);
}

}  // namespace levi::proxy
