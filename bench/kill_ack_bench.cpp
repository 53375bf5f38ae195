// kill POST -> ack on the control port, keep-alive, as a client sees it: idle beside a bare epoll
// round trip of the same run (same client, same priority of the server, in turns), and under four
// CPU hogs beside idle.
//
// The server lives in a process of its own, as levid does: a real ControlServer on a real latch,
// its audit ring emptied ten times a second. Under hogs the client runs at the priority of the
// trading thread where that is permitted: its own waiting for a CPU is not what is measured.
#include <sched.h>
#include <signal.h>
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

constexpr int kRounds = 15;
constexpr int kBlocks = 10;  // ours and the limit's take turns, so that both see the same machine
constexpr int kPerBlock = 200;
constexpr int kWarmUp = 200;
constexpr int kHogs = 4;
constexpr int kHoggedAsks = 20'000;
constexpr double kHoggedMost = 20;
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

// The priority that the control thread has, for the limit's server: else the kernel's treatment of
// the two would be compared.
int control_priority() {
  int priority = 0;
  os::start_thread("asks", [&priority] {
    sched_param parameters{};
    if (!os::raise_priority(os::Priority::kControl).real_time) return;
    if (::sched_getparam(0, &parameters) == 0) priority = parameters.sched_priority;
  }).join();
  return priority;
}

// limits/http_roundtrip.cpp as a server; it dies with this process.
class LimitServer {
 public:
  LimitServer() {
    auto pipe = os::make_pipe();
    LEVI_CHECK(pipe);
    os::SpawnOptions options;
    options.program = os::own_executable_folder() + "/limit_http_roundtrip";
    options.arguments = {"--serve", std::to_string(control_priority()),
                         std::to_string(kPortDescriptor)};
    options.descriptors = {{pipe.value().second.get(), kPortDescriptor}};
    options.parent_death_signal = SIGKILL;
    auto child = os::Child::spawn(options);
    LEVI_CHECK(child);
    child_.emplace(std::move(child).value());
    pipe.value().second.reset();
    char line[16] = {};
    LEVI_CHECK(::read(pipe.value().first.get(), line, sizeof line - 1) > 0);
    port = static_cast<std::uint16_t>(std::atoi(line));
  }
  ~LimitServer() {
    (void)child_->kill(SIGKILL);
    child_->wait(10s);
  }
  std::uint16_t port = 0;

 private:
  static constexpr int kPortDescriptor = 5;
  std::optional<os::Child> child_;
};

Samples ask_often(test::HttpPeer& peer, int count) {
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

// Where the two sides run. The kernel's choice stays as it fell for as long as both live, and a
// wake-up of another CPU costs more than all of our work: so both servers are set up alike, often.
enum class Place { kAnywhere, kOneCpu, kTwoCpus };

void stay_on(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  LEVI_CHECK(::sched_setaffinity(0, sizeof set, &set) == 0);
}

class OurServer {
 public:
  OurServer() : pipe_(std::move(os::make_pipe().value())), child_([this] { return serve(); }) {
    LEVI_CHECK(::read(pipe_.first.get(), &port, sizeof port) == sizeof port);
  }
  std::uint16_t port = 0;

 private:
  int serve() { return bench::serve(folder_.path(), pipe_.second.get()); }

  const test::TempFolder folder_{test::kTmpfs};
  std::pair<os::Fd, os::Fd> pipe_;
  test::Forked child_;
};

struct Asked {
  Samples ours;
  Samples limit;
};

// In a thread of its own: it takes its place anew.
void ask_both(Place place, Asked& asked) {
  os::start_thread("client", [place, &asked] {
    if (place != Place::kAnywhere) stay_on(0);
    const OurServer server;
    const LimitServer limit_server;
    if (place == Place::kTwoCpus) stay_on(1);
    test::HttpPeer ours(server.port);
    test::HttpPeer bare(limit_server.port);
    ask_often(ours, kWarmUp);
    ask_often(bare, kWarmUp);
    for (int block = 0; block < kBlocks; ++block) {
      asked.ours.add_all(ask_often(ours, kPerBlock));
      asked.limit.add_all(ask_often(bare, kPerBlock));
    }
  }).join();
}

Samples measure_idle(const char* figure, Place place) {
  Asked asked;
  for (int round = 0; round < kRounds; ++round) ask_both(place, asked);
  print_figure(figure, asked.ours, asked.limit,
               at_most(asked.ours, 2, asked.limit, "p50 <= 2 x a bare epoll HTTP round trip"));
  return asked.ours;
}

void measure_hogged(const Samples& idle) {
  const OurServer server;
  test::HttpPeer peer(server.port);
  const bool prioritised = os::raise_priority(os::Priority::kTrading).real_time;
  std::vector<std::unique_ptr<test::Forked>> hogs;
  for (int i = 0; i < kHogs; ++i) hogs.push_back(std::make_unique<test::Forked>(hog));
  ask_often(peer, kWarmUp);
  const Samples hogged = ask_often(peer, kHoggedAsks);
  print_figure("kill_ack_under_4_hogs", hogged, idle);
  const double times =
      static_cast<double>(hogged.quantile(0.99)) / static_cast<double>(idle.quantile(0.5));
  Goal goal{"<= 20", times <= kHoggedMost};
  if (!prioritised) goal = {"<= 20 where priorities are permitted: here they are not", {}};
  print_value("kill_ack_under_4_hogs_p99_over_idle_p50", times, "times", goal);
}

int run() {
  const Samples idle = measure_idle("kill_ack", Place::kAnywhere);
  (void)measure_idle("kill_ack_one_cpu", Place::kOneCpu);
  if (os::Thread::hardware_concurrency() > 1) {
    (void)measure_idle("kill_ack_two_cpus", Place::kTwoCpus);
  }
  measure_hogged(idle);
  return 0;
}

}  // namespace
}  // namespace levi::bench

int main() { return levi::bench::run(); }
