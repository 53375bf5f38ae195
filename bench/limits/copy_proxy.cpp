// The limit of a TCP proxy in one thread: epoll, recv, send, and nothing else. No toxics, no
// tracking, no API; what the sink does not take is waited for before the source is read on.
//
//   limit_copy_proxy UPSTREAM_PORT     prints the port it listens on, serves until its parent is
//   gone
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "bench/limits/limit.h"

namespace {

constexpr std::size_t kBufferBytes = 128 * 1024;

struct Side {
  int fd = -1;
  Side* other = nullptr;
  std::vector<char> unsent;  // for this side
  std::size_t sent = 0;
  bool ended = false;
};

int epoll_fd = -1;
char buffer[kBufferBytes];

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void interest(Side* side, int operation) {
  epoll_event event{};
  event.events = (side->other->unsent.empty() && !side->ended ? EPOLLIN : 0u) |
                 (side->unsent.empty() ? 0u : EPOLLOUT);
  event.data.ptr = side;
  epoll_ctl(epoll_fd, operation, side->fd, &event);
}

void drop(Side* side) {
  for (Side* end : {side, side->other}) {
    close(end->fd);
    end->fd = -1;  // leaked on purpose: an event of this round may still name it
  }
}

void on_writable(Side* side) {
  const ssize_t count = send(side->fd, side->unsent.data() + side->sent,
                             side->unsent.size() - side->sent, MSG_NOSIGNAL);
  if (count < 0 && errno != EAGAIN) {
    drop(side);  // else its error would be reported for ever, and a spinning CPU is never slow to
                 // wake
    return;
  }
  if (count > 0) side->sent += static_cast<std::size_t>(count);
  if (side->sent < side->unsent.size()) return;
  side->unsent.clear();
  side->sent = 0;
  interest(side, EPOLL_CTL_MOD);
  interest(side->other, EPOLL_CTL_MOD);
}

void on_readable(Side* side) {
  Side* const sink = side->other;
  const ssize_t count = recv(side->fd, buffer, sizeof buffer, 0);
  if (count < 0) {
    if (errno != EAGAIN) drop(side);
    return;
  }
  if (count == 0) {
    side->ended = true;
    shutdown(sink->fd, SHUT_WR);
    if (sink->ended) {
      drop(side);
    } else {
      interest(side, EPOLL_CTL_MOD);
    }
    return;
  }
  const ssize_t gone = send(sink->fd, buffer, static_cast<std::size_t>(count), MSG_NOSIGNAL);
  if (gone < 0 && errno != EAGAIN) {
    drop(side);
    return;
  }
  if (gone == count) return;
  sink->unsent.assign(buffer + (gone > 0 ? gone : 0), buffer + count);
  interest(sink, EPOLL_CTL_MOD);
  interest(side, EPOLL_CTL_MOD);
}

void accept_one(int listener, int upstream_port) {
  const int client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return;
  const int upstream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(upstream_port);
  if (connect(upstream, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(client);
    close(upstream);
    return;
  }
  fcntl(upstream, F_SETFL, O_NONBLOCK);
  const int one = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(upstream, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  auto* const a = new Side{.fd = client, .other = nullptr, .unsent = {}};
  auto* const b = new Side{.fd = upstream, .other = a, .unsent = {}};
  a->other = b;
  interest(a, EPOLL_CTL_ADD);
  interest(b, EPOLL_CTL_ADD);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s UPSTREAM_PORT\n", argv[0]);
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 4096) != 0) {
    return 1;
  }
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  epoll_event events[64];
  for (;;) {
    const int count = epoll_wait(epoll_fd, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      auto* const side = static_cast<Side*>(events[i].data.ptr);
      if (side == nullptr) {
        accept_one(listener, std::atoi(argv[1]));
        continue;
      }
      if (side->fd >= 0 && !side->unsent.empty()) on_writable(side);
      if (side->fd >= 0 && side->unsent.empty() && side->other->unsent.empty() && !side->ended) {
        on_readable(side);
      }
    }
  }
}
