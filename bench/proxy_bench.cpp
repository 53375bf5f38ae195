// levi-proxy beside a bare copy proxy, HAProxy, nginx stream and no proxy at all, in turns of one
// run.
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/proxy_peers.h"
#include "bench/proxy_stage.h"
#include "bench/report.h"

namespace levi::bench {
namespace {

constexpr int kBlocks = 10;     // turns of each kind
constexpr int kBulkTurns = 21;  // short ones: the machine's moods then fall on all alike

os::Fd connect_to(int port) {
  auto fd = os::connect_blocking({"127.0.0.1", static_cast<std::uint16_t>(port), {}}, 20s);
  LEVI_CHECK(fd);
  return std::move(fd).value();
}

// Blocks by poll: the socket itself does not.
std::size_t receive(int fd, char* into, std::size_t size) {
  for (;;) {
    const os::Moved moved = os::receive_some(fd, into, size);
    if (moved.bytes > 0) return moved.bytes;
    LEVI_CHECK(moved.again);
    pollfd watched{fd, POLLIN, 0};
    LEVI_CHECK(::poll(&watched, 1, 20'000) == 1);
  }
}

void send_all(int fd, std::string_view bytes) {
  LEVI_CHECK(os::send_some(fd, bytes.data(), bytes.size()).bytes == bytes.size());
}

Nanos round_trip(int fd) {
  static const std::string kMessage(64, 'E');
  char bytes[64];
  const MonoTime begin = os::mono_now();
  send_all(fd, kMessage);
  for (std::size_t got = 0; got < sizeof bytes;) got += receive(fd, bytes, sizeof bytes);
  return os::mono_now() - begin;
}

Samples round_trips(int port, int count) {
  const os::Fd fd = connect_to(port);
  for (int i = 0; i < 100; ++i) round_trip(fd.get());
  Samples samples;
  for (int i = 0; i < count; ++i) samples.add(round_trip(fd.get()));
  return samples;
}

Samples minus(const Samples& through, std::int64_t direct_ns) {
  Samples added;
  for (double q = 0; q < 1; q += 0.0005) added.add(Nanos{through.quantile(q) - direct_ns});
  return added;
}

using Peers = std::vector<const ProxyPeer*>;

// The CPU time of each proxy over all its turns, for the same work or per byte of it.
class Cost {
 public:
  explicit Cost(pid_t pid) : pid_(pid) {}
  template <class Turn>
  auto of(Turn turn) {
    const std::int64_t before = cpu_ns(pid_);
    auto result = turn();
    spent_ += static_cast<double>(cpu_ns(pid_) - before);
    return result;
  }
  double spent() const { return spent_; }

 private:
  pid_t pid_;
  double spent_ = 0;
};

void print_cost(const std::string& figure, double times) {
  print_value(figure + "_cpu", times, "x of the copy proxy's CPU time for the same work");
}

void measure_round_trips(const ProxyStage& stage, const Peers& peers) {
  Samples direct;
  Samples copy;
  Samples ours;
  std::vector<Samples> others(peers.size());
  Cost our_cost(stage.proxy_pid());
  Cost copy_cost(stage.copy_pid());
  for (int i = 0; i < kBlocks; ++i) {
    direct.add_all(round_trips(stage.upstream_port, 2000));
    copy.add_all(copy_cost.of([&] { return round_trips(stage.copy_port, 2000); }));
    ours.add_all(our_cost.of([&] { return round_trips(stage.proxy_port, 2000); }));
    for (std::size_t p = 0; p < peers.size(); ++p) {
      others[p].add_all(round_trips(peers[p]->port, 2000));
    }
  }
  const std::int64_t base = direct.quantile(0.5);
  print_figure("proxy_rtt_64B", ours, copy);
  const Samples added = minus(ours, base);
  const Samples copy_added = minus(copy, base);
  print_figure("proxy_rtt_64B_added", added, copy_added,
               at_most(added, 1.1, copy_added, "<= 1.1 x the bare copy proxy"));
  print_cost("proxy_rtt_64B", our_cost.spent() / copy_cost.spent());
  for (std::size_t p = 0; p < peers.size(); ++p) {
    print_figure("proxy_rtt_64B_beside_" + peers[p]->name, ours, others[p]);
  }
}

// Bytes in a second over so many connections; `total` grows by all that came.
double bulk(int port, int connections, const std::string& ask, double& total) {
  std::vector<os::Fd> fds;
  std::vector<pollfd> watched;
  for (int i = 0; i < connections; ++i) {
    fds.push_back(connect_to(port));
    send_all(fds.back().get(), ask);
    watched.push_back({fds.back().get(), POLLIN, 0});
  }
  std::vector<char> buffer(256 * 1024);
  std::uint64_t bytes = 0;
  MonoTime begin = os::mono_now();
  bool warm = false;
  for (;;) {
    LEVI_CHECK(::poll(watched.data(), watched.size(), 20'000) > 0);
    for (const pollfd& entry : watched) {
      if (entry.revents == 0) continue;
      const std::size_t got = os::receive_some(entry.fd, buffer.data(), buffer.size()).bytes;
      bytes += got;
      total += static_cast<double>(got);
    }
    const Nanos spent = os::mono_now() - begin;
    if (!warm && spent > 50ms) {
      warm = true;
      bytes = 0;
      begin = os::mono_now();
    } else if (warm && spent > 200ms) {
      return static_cast<double>(bytes) * 1e9 / static_cast<double>(spent.count());
    }
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Turn by turn: each ratio is of two neighbours, so that the machine's moods fall on both.
double ratio(const std::vector<double>& ours, const std::vector<double>& other) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / other[i]);
  return median(std::move(ratios));
}

// Bytes a second through each, in turns.
struct Rates {
  std::vector<double> ours;
  std::vector<double> copy;
  std::vector<std::vector<double>> others;
  double cpu_per_byte = 0;  // of levi-proxy's process, in the copy proxy's
};

Rates measure_rates(const ProxyStage& stage, int connections, const std::string& ask,
                    const Peers& peers) {
  Rates rates;
  rates.others.resize(peers.size());
  Cost our_cost(stage.proxy_pid());
  Cost copy_cost(stage.copy_pid());
  double our_bytes = 0;
  double copy_bytes = 0;
  double unused = 0;
  for (int i = 0; i < kBulkTurns; ++i) {
    rates.copy.push_back(
        copy_cost.of([&] { return bulk(stage.copy_port, connections, ask, copy_bytes); }));
    rates.ours.push_back(
        our_cost.of([&] { return bulk(stage.proxy_port, connections, ask, our_bytes); }));
    for (std::size_t p = 0; p < peers.size(); ++p) {
      rates.others[p].push_back(bulk(peers[p]->port, connections, ask, unused));
    }
  }
  rates.cpu_per_byte = (our_cost.spent() / our_bytes) / (copy_cost.spent() / copy_bytes);
  return rates;
}

void print_rate(const std::string& figure, const Rates& rates, const char* unit, double per_unit,
                double least) {
  const double reached = ratio(rates.ours, rates.copy);
  char text[160];
  std::snprintf(text, sizeof text, ">= %.2f of the bare copy proxy, which has %.0f: ratio %.3f",
                least, median(rates.copy) / per_unit, reached);
  print_value(figure, median(rates.ours) / per_unit, unit, {text, reached >= least});
  print_cost(figure, rates.cpu_per_byte);
}

void measure_bulk(const ProxyStage& stage, int connections, const Peers& peers) {
  const Rates rates = measure_rates(stage, connections, "S", peers);
  const std::string figure = "proxy_bulk_" + std::to_string(connections);
  print_rate(figure, rates, "MB/s", 1e6, 0.95);
  for (std::size_t p = 0; p < peers.size(); ++p) {
    const double reached = ratio(rates.ours, rates.others[p]);
    char text[160];
    std::snprintf(text, sizeof text, "> 1: it has %.0f MB/s", median(rates.others[p]) / 1e6);
    print_value(figure + "_over_" + peers[p]->name, reached, "x", {text, reached > 1});
  }
}

void measure_frames(const ProxyStage& stage) {
  const Rates rates = measure_rates(stage, 1, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", {});
  print_rate("proxy_ws_frames", rates, "frames/s", static_cast<double>(Upstream::kFrameBytes), 0.7);
}

Samples connects(int port, int count) {
  Samples samples;
  for (int i = 0; i < count; ++i) {
    const MonoTime begin = os::mono_now();
    const os::Fd fd = connect_to(port);
    send_all(fd.get(), "E");
    char byte = 0;
    receive(fd.get(), &byte, 1);
    samples.add(os::mono_now() - begin);
  }
  return samples;
}

void measure_connects(const ProxyStage& stage) {
  Samples ours;
  Samples copy;
  for (int i = 0; i < kBlocks; ++i) {
    copy.add_all(connects(stage.copy_port, 200));
    ours.add_all(connects(stage.proxy_port, 200));
  }
  print_figure("proxy_connect_first_byte", ours, copy,
               at_most(ours, 1.2, copy, "<= 1.2 x the bare copy proxy"));
}

// What a round trip costs where everybody has been asleep for so long: a delay's own error is what
// comes on top of that.
Samples paced_round_trips(int port, int count, int pause_ms) {
  const os::Fd fd = connect_to(port);
  Samples samples;
  for (int i = 0; i < count; ++i) {
    ::poll(nullptr, 0, pause_ms);
    samples.add(round_trip(fd.get()));
  }
  return samples;
}

void measure_latency(ProxyStage& stage) {
  for (const int ms : {1, 10, 100}) {
    const int count = ms == 100 ? 100 : 300;
    const std::int64_t base = paced_round_trips(stage.proxy_port, count, ms).quantile(0.5);
    stage.call("POST", "/proxies/bench/toxics",
               R"({"type":"latency","attributes":{"latency":)" + std::to_string(ms) + "}}");
    const os::Fd fd = connect_to(stage.proxy_port);
    Samples late;
    for (int i = 0; i < count; ++i) {
      late.add(round_trip(fd.get()) - ms * 1ms - Nanos{base});
    }
    stage.call("DELETE", "/proxies/bench/toxics/latency_downstream");
    print_figure("proxy_latency_" + std::to_string(ms) + "ms_achieved_minus_asked", late, {},
                 {"p50 <= 0.1 ms, p99 <= 0.2 ms on an idle machine",
                  late.quantile(0.5) <= 100'000 && late.quantile(0.99) <= 200'000});
  }
}

std::uint64_t resident_kilobytes(pid_t pid) {
  const auto status = os::read_file("/proc/" + std::to_string(pid) + "/status");
  LEVI_CHECK(status);
  return std::strtoull(status.value().c_str() + status.value().find("VmRSS:") + 6, nullptr, 10);
}

void measure_many(ProxyStage& stage) {
  std::string list = "[";
  for (int i = 0; i < 1000; ++i) {
    list += (i == 0 ? "" : ",") + std::string(R"({"name":"n)") + std::to_string(i) +
            R"(","listen":"127.0.0.1:0","upstream":"127.0.0.1:)" +
            std::to_string(stage.upstream_port) + "\"}";
  }
  const std::string made = stage.call("POST", "/populate", list + "]");
  std::vector<int> ports;
  for (std::size_t at = made.find("\"listen\""); at != std::string::npos;
       at = made.find("\"listen\"", at + 1)) {
    ports.push_back(std::atoi(made.c_str() + made.find(':', made.find(':', at) + 1) + 1));
  }
  LEVI_CHECK(ports.size() == 1000);
  std::vector<os::Fd> open;
  for (int i = 0; i < 5000; ++i) {
    open.push_back(connect_to(ports[static_cast<std::size_t>(i) % ports.size()]));
    round_trip(open.back().get());
  }
  Samples calls;
  for (int i = 0; i < 300; ++i) {
    for (int j = 0; j < 50; ++j)
      send_all(open[static_cast<std::size_t>(i * 50 + j) % 5000].get(), "E");
    const MonoTime begin = os::mono_now();
    stage.call("GET", "/proxies/bench");
    calls.add(os::mono_now() - begin);
  }
  for (const os::Fd& fd : open) {  // none was lost
    pollfd watched{fd.get(), POLLIN, 0};
    char bytes[4096];
    while (::poll(&watched, 1, 0) == 1) receive(fd.get(), bytes, sizeof bytes);
    round_trip(fd.get());
  }
  print_figure("proxy_control_call_5000_connections", calls, {},
               {"p99 <= 5 ms under load", calls.quantile(0.99) <= 5'000'000});
  const double mebibytes = static_cast<double>(resident_kilobytes(stage.proxy_pid())) / 1024;
  print_value("proxy_memory_5000_connections_1000_proxies", mebibytes, "MiB",
              {"<= 64 MiB", mebibytes <= 64});
}

// With a word, only the figures whose group's name holds it.
void run(const std::string& wanted) {
  ProxyStage stage;
  const auto group = [&](const char* name, const auto& measure) {
    if (std::string(name).find(wanted) != std::string::npos) measure();
  };
  Samples starts;
  for (const Nanos start : stage.starts) starts.add(start);
  print_figure("proxy_start_to_listening", starts, {}, at_most(starts, 5ms, "p50 <= 5 ms"));
  const ProxyPeer haproxy("haproxy", stage.upstream_port);
  const ProxyPeer nginx("nginx", stage.upstream_port);
  Peers peers;
  for (const ProxyPeer* peer : {&haproxy, &nginx}) {
    if (peer->missing.empty()) {
      peers.push_back(peer);
    } else {
      print_skipped("proxy_beside_" + peer->name, peer->missing);
    }
  }
  group("rtt", [&] { measure_round_trips(stage, peers); });
  group("bulk", [&] {
    measure_bulk(stage, 1, peers);
    measure_bulk(stage, 8, peers);
  });
  group("connect", [&] { measure_connects(stage); });
  group("latency", [&] { measure_latency(stage); });
  group("frames", [&] { measure_frames(stage); });
  group("many", [&] { measure_many(stage); });
}

}  // namespace
}  // namespace levi::bench

int main(int argc, char** argv) {
  levi::bench::run(argc > 1 ? argv[1] : "");
  return 0;
}
