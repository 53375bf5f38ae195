// The limit of an acknowledged kill: one keep-alive HTTP POST over loopback to a bare epoll server
// in another process, which receives, looks for the end of the head, and sends a fixed answer. No
// parsing, no latch, no JSON.
//
// `--serve PRIORITY FD` is the server alone, for a bench program whose own client asks both: it
// writes its port to that descriptor, takes that SCHED_FIFO priority (0: none) where it may, and
// serves one connection.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bench/limits/limit.h"

namespace {

using namespace levi::limit;

constexpr char kRequest[] =
    "POST /live/kill HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
    "application/json\r\nContent-Length: 18\r\n\r\n"
    "{\"reason\":\"bench\"}";
constexpr char kAnswer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\nConnection: "
    "keep-alive\r\n\r\n"
    "{\"ok\":true}";

void no_delay(int fd) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

[[noreturn]] void serve(int listener) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  no_delay(fd);
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  char buffer[8192];
  for (;;) {
    if (epoll_wait(epoll, &event, 1, -1) != 1) continue;
    const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size <= 0) _exit(0);
    if (memmem(buffer, static_cast<std::size_t>(size), "\r\n\r\n", 4) == nullptr) _exit(1);
    if (send(fd, kAnswer, sizeof kAnswer - 1, MSG_NOSIGNAL) < 0) _exit(1);
  }
}

int listen_somewhere(sockaddr_in& address) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, plain, size) != 0 || listen(listener, 1) != 0) std::exit(1);
  getsockname(listener, plain, &size);
  return listener;
}

[[noreturn]] void serve_alone(int listener, std::uint16_t port, int priority, int ready) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (dprintf(ready, "%d\n", port) < 0) std::exit(1);
  sched_param parameters{};
  parameters.sched_priority = priority;
  if (priority > 0) (void)sched_setscheduler(0, SCHED_FIFO, &parameters);
  serve(listener);
}

}  // namespace

int main(int argc, char** argv) {
  sockaddr_in address{};
  const int listener = listen_somewhere(address);
  if (argc == 4 && std::strcmp(argv[1], "--serve") == 0) {
    serve_alone(listener, ntohs(address.sin_port), std::atoi(argv[2]), std::atoi(argv[3]));
  }
  fork_child([&] { serve(listener); });
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
  no_delay(fd);
  return run("http_roundtrip", 20'000, argc, argv, [&] {
    char buffer[8192];
    const std::int64_t begin = now_ns();
    if (send(fd, kRequest, sizeof kRequest - 1, MSG_NOSIGNAL) < 0) std::exit(1);
    if (recv(fd, buffer, sizeof buffer, 0) != static_cast<ssize_t>(sizeof kAnswer - 1))
      std::exit(1);
    return now_ns() - begin;
  });
}
