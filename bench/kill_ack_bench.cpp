// kill POST -> ack on the control port, keep-alive, as a client sees it: idle beside a bare epoll
// round trip of the same run, and under four CPU hogs beside idle.
//
// The server lives in a process of its own, as levid does: a real ControlServer on a real latch,
// its audit ring emptied ten times a second. The client runs at the priority of the trading thread
// where that is permitted: under hogs its own waiting for a CPU is not what is measured.
#include <sys/prctl.h>
#include <unistd.h>

#include <cstring>

#include "bench/report.h"
#include "core/control/control.h"
#include "core/os/clock.h"
#include "core/os/poller.h"
#include "core/os/thread.h"
#include "tests/support/forked.h"
#include "tests/support/http_peer.h"

namespace levi::bench {
namespace {

constexpr int kBlocks = 5;  // ours and the limit's take turns, so that both see the same machine
constexpr int kPerBlock = 4000;
constexpr int kHogs = 4;
constexpr const char* kRequest =
    "POST /live/kill HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
    "application/json\r\nContent-Length: 18\r\n\r\n"
    "{\"reason\":\"bench\"}";

// The child: until it is killed.
int serve(const std::string& folder, int port_pipe) {
  auto latch = latch::Latch::create(latch::latch_path(folder));
  if (!latch) return 1;
  static control::SharedStatus status;
  static control::CommandPort commands;
  static control::AuditRing audit;
  os::Signal trading;
  commands.wake_trading_ = [&trading] { trading.raise(); };
  control::ControlOptions options;
  options.tcp = {.host = "127.0.0.1", .port = 0, .path = {}};
  control::fill_own_identity(options.facts);
  auto server = control::ControlServer::start(
      options, latch.value(), status, commands, [] {}, audit);
  if (!server) return 1;
  const std::uint16_t port = server.value()->tcp_port();
  if (::write(port_pipe, &port, sizeof port) != sizeof port) return 1;
  auto poller = os::Poller::create();
  for (;;) {
    (void)poller.value().wait(100ms);
    while (audit.pop()) {
    }
    while (server.value()->next_log_line()) {
    }
  }
}

Samples kill_often(test::HttpPeer& peer, int count) {
  Samples samples;
  char answer[8192];
  for (int i = 0; i < count; ++i) {
    const MonoTime begin = os::mono_now();
    LEVI_CHECK(::send(peer.fd(), kRequest, std::strlen(kRequest), MSG_NOSIGNAL) > 0);
    const ssize_t size = ::recv(peer.fd(), answer, sizeof answer, 0);
    samples.add(os::mono_now() - begin);
    LEVI_CHECK(
        size > 0 &&
        std::string_view(answer, static_cast<std::size_t>(size)).starts_with("HTTP/1.1 200"));
  }
  return samples;
}

int hog() {
  volatile std::uint64_t spins = 0;
  for (;;) spins = spins + 1;
}

void print_ratio(const char* figure, double value, const char* target) {
  std::printf("{\"figure\":\"%s\",\"value\":%.2f,\"unit\":\"times\",\"target\":\"%s\"}\n", figure,
              value, target);
}

int run() {
  const test::TempFolder folder(test::kTmpfs);
  auto pipe = os::make_pipe();
  LEVI_CHECK(pipe);
  test::Forked server([&] { return serve(folder.path(), pipe.value().second.get()); });
  std::uint16_t port = 0;
  LEVI_CHECK(::read(pipe.value().first.get(), &port, sizeof port) == sizeof port);
  test::HttpPeer peer(port);
  const bool prioritised = os::raise_priority(os::Priority::kTrading).real_time;
  kill_often(peer, 1000);
  Samples idle;
  Samples limit;
  for (int block = 0; block < kBlocks; ++block) {
    idle.add_all(kill_often(peer, kPerBlock));
    limit.add_all(run_limit("http_roundtrip", kPerBlock));
  }
  print_figure("kill_ack", idle, limit, "p50 <= 2 x a bare epoll HTTP round trip");
  Samples hogged;
  {
    std::vector<std::unique_ptr<test::Forked>> hogs;
    for (int i = 0; i < kHogs; ++i) hogs.push_back(std::make_unique<test::Forked>(hog));
    kill_often(peer, 1000);
    hogged = kill_often(peer, kBlocks * kPerBlock);
  }
  print_figure("kill_ack_under_4_hogs", hogged, idle, "");
  print_ratio("kill_ack_under_4_hogs_p99_over_idle_p50",
              static_cast<double>(hogged.quantile(0.99)) / static_cast<double>(idle.quantile(0.5)),
              prioritised ? "<= 20" : "<= 20, where priorities are permitted: here they are not");
  return 0;
}

}  // namespace
}  // namespace levi::bench

int main() { return levi::bench::run(); }
