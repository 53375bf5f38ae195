// What bench_proxy runs beside itself: an upstream, the bare copy proxy and levi-proxy, each a
// process, pinned alike: proxies on one CPU, the ends on the other.
#pragma once

#include <sched.h>
#include <sys/resource.h>

#include <csignal>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/check.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/http.h"
#include "core/os/loop.h"
#include "core/os/process.h"
#include "core/os/socket.h"
#include "core/os/socket_calls.h"
#include "core/os/websocket.h"
#include "tests/support/forked.h"
#include "tests/support/temp_folder.h"

namespace levi::bench {

inline constexpr int kProxyCpu = 0;
inline constexpr int kEndsCpu = 1;

inline void pin(pid_t pid, int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  (void)::sched_setaffinity(pid, sizeof set, &set);  // one CPU alone: then nothing is pinned
}

inline void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// All that is measured alike, and before whatever else the machine does; inherited by whom we
// start.
inline void run_before_others() {
  sched_param first{};
  first.sched_priority = 1;
  (void)::sched_setscheduler(0, SCHED_FIFO, &first);  // not permitted: then the machine is as it is
}

// CPU time that its main thread has used: what a proxy costs, however busy the machine is.
inline std::int64_t cpu_ns(pid_t pid) {
  const auto text = os::read_file("/proc/" + std::to_string(pid) + "/schedstat");
  LEVI_CHECK(text);
  return std::atoll(text.value().c_str());
}

// The upstream: what a connection's first byte asks for. 'E': echo from here on. 'S': bytes without
// end. 'G' (GET): a WebSocket that sends frames of 100 bytes without end.
class Upstream {
 public:
  static constexpr std::size_t kFrameBytes = 102;

  explicit Upstream(os::Fd listener) : listener_(std::move(listener)), block_(256 * 1024, 'x') {
    const std::string frame =
        os::encode_frame(os::WsOpcode::kBinary, std::string(100, 'y'), std::nullopt);
    LEVI_CHECK(frame.size() == kFrameBytes);
    while (frames_.size() < 250 * kFrameBytes) frames_ += frame;
    loop_.watch(listener_.get(), os::kReadable, [this](std::uint32_t) { accept(); });
  }
  void run() { loop_.run(); }

 private:
  struct Peer {
    os::Fd fd;
    char mode = 0;
    std::string unsent;
  };

  void accept() {
    for (;;) {
      os::Accepted accepted = os::accept_now(listener_.get());
      if (!accepted.fd) return;
      const int fd = accepted.fd.get();
      peers_[fd].fd = std::move(accepted.fd);
      loop_.watch(fd, os::kReadable, [this, fd](std::uint32_t ready) { on_ready(fd, ready); });
    }
  }
  void on_ready(int fd, std::uint32_t ready) {
    Peer& peer = peers_[fd];
    if (ready & (os::kReadable | os::kHangUp)) {
      char bytes[64 * 1024];
      const os::Moved moved = os::receive_some(fd, bytes, sizeof bytes);
      if (moved.closed || moved.failed) {
        loop_.unwatch(fd);
        peers_.erase(fd);
        return;
      }
      if (moved.bytes > 0) on_bytes(peer, {bytes, moved.bytes});
    }
    if (peer.mode == 'S') fill(peer, block_);
    if (peer.mode == 'G') fill(peer, frames_);
  }
  void on_bytes(Peer& peer, std::string_view bytes) {
    const bool fresh = peer.mode == 0;
    if (fresh) peer.mode = bytes[0];
    if (peer.mode == 'E') {
      (void)os::send_some(peer.fd.get(), bytes.data(), bytes.size());  // small: it fits
    } else if (fresh && peer.mode == 'G') {
      peer.unsent = "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    }
    if (fresh && peer.mode != 'E') loop_.change(peer.fd.get(), os::kReadable | os::kWritable);
  }
  static void fill(Peer& peer, const std::string& block) {
    for (int i = 0; i < 4; ++i) {
      if (peer.unsent.empty()) peer.unsent = block;
      const os::Moved moved = os::send_some(peer.fd.get(), peer.unsent.data(), peer.unsent.size());
      if (moved.bytes == 0) return;
      peer.unsent.erase(0, moved.bytes);
    }
  }

  os::Loop loop_;
  os::Fd listener_;
  std::string block_;
  std::string frames_;
  std::unordered_map<int, Peer> peers_;
};

class ProxyStage {
 public:
  ProxyStage() {
    raise_descriptor_limit();
    run_before_others();
    auto listener = os::listen_on(os::parse_endpoint("127.0.0.1:0").value(), 4096);
    LEVI_CHECK(listener);
    upstream_port = os::local_port(listener.value().get()).value();
    upstream_ = std::make_unique<test::Forked>([&] {
      Upstream(std::move(listener.value())).run();
      return 0;
    });
    pin(upstream_->pid(), kEndsCpu);
    pin(0, kEndsCpu);
    copy_ =
        start(os::own_executable_folder() + "/limit_copy_proxy", {std::to_string(upstream_port)});
    copy_port = std::atoi(wait_line(0, "\n").c_str());
    for (int i = 0; i < kStarts; ++i) start_proxy();
    const std::string made =
        call("POST", "/proxies",
             R"({"name":"bench","listen":"127.0.0.1:0","upstream":"127.0.0.1:)" +
                 std::to_string(upstream_port) + "\"}");
    proxy_port = std::atoi(made.c_str() + made.find("127.0.0.1:") + 10);
  }
  ~ProxyStage() {
    for (auto* child : {copy_.get(), proxy_.get()}) {
      (void)child->kill(SIGKILL);
      (void)child->wait(10s);
    }
  }

  std::string call(const std::string& method, const std::string& path,
                   const std::string& body = {}) {
    const auto answer =
        os::http_call(method, "http://127.0.0.1:" + std::to_string(api_port) + path, body, 20s);
    LEVI_CHECK(answer && answer.value().status < 300);
    return answer.value().body;
  }
  pid_t proxy_pid() const { return proxy_->pid(); }
  pid_t copy_pid() const { return copy_->pid(); }

  int upstream_port = 0;
  int copy_port = 0;
  int proxy_port = 0;
  int api_port = 0;
  std::vector<Nanos> starts;  // each until it said that it listens

 private:
  static constexpr int kStarts = 9;

  void start_proxy() {
    if (proxy_) {
      (void)proxy_->kill(SIGKILL);
      (void)proxy_->wait(10s);
    }
    const MonoTime begin = os::mono_now();
    const int number = started_;
    proxy_ = start(os::own_executable_folder() + "/../bin/levi-proxy", {"-port", "0"});
    const std::string line = wait_line(number, "HTTP server");
    starts.push_back(os::mono_now() - begin);
    api_port = std::atoi(line.c_str() + line.find("\"port\":") + 7);
  }
  std::unique_ptr<os::Child> start(const std::string& program, std::vector<std::string> arguments) {
    os::SpawnOptions options;
    options.program = program;
    options.arguments = std::move(arguments);
    options.stdout_path = folder_ / std::to_string(started_++);
    options.parent_death_signal = SIGKILL;
    auto child = os::Child::spawn(options);
    LEVI_CHECK(child);
    pin(child.value().pid(), kProxyCpu);
    return std::make_unique<os::Child>(std::move(child).value());
  }
  // The line of that child's output that holds `mark`, as soon as it is there whole.
  std::string wait_line(int number, const std::string& mark) {
    os::Loop loop;
    const MonoTime deadline = os::mono_now() + 20s;
    while (os::mono_now() < deadline) {
      const auto text = os::read_file(folder_ / std::to_string(number));
      const std::string all = text ? text.value() : std::string();
      const std::size_t at = all.find(mark);
      if (at != std::string::npos) {
        const std::size_t begin = mark == "\n" ? 0 : all.rfind('\n', at) + 1;
        return all.substr(begin);
      }
      loop.run_once(Nanos{100'000});
    }
    LEVI_CHECK(false && "a program of the bench did not start");
    return {};
  }

  test::TempFolder folder_;
  int started_ = 0;
  std::unique_ptr<test::Forked> upstream_;
  std::unique_ptr<os::Child> copy_;
  std::unique_ptr<os::Child> proxy_;
};

}  // namespace levi::bench
