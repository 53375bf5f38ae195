// Anonymous memory of a running core: RssAnon of levid with 100 symbols, and of the largest engine.
//
// A hundred books that are fed, twenty quoters that quote, and some seconds of order flow: what a
// core holds then, not at its start.
#include <dirent.h>

#include "bench/bench_stage.h"

namespace levi::bench {
namespace {

constexpr int kSymbols = 100;
constexpr int kQuoters = 20;
constexpr Nanos kRuns{8s};
constexpr double kLevidMost = 64;
constexpr double kEngineMost = 2;

constexpr const char* kHead = R"(name: stage-@NAME@
environment: stage
mode: LIVE
data: @DATA@
runtime: @RUNTIME@
venue:
  name: mexc
  rest: @EXCHANGE@
  websocket: @EXCHANGE@
  key_file: @FOLDER@/key
  secret_file: @FOLDER@/secret
  recv_window: 200ms
  answer_timeout: 1s
  order_connections: 12
limits:
  max_daily_loss: 1000000
  max_position_size_usd: 1000000
  max_open_positions: 100
  max_open_orders: 400
  max_data_age: 5s
api: @API@
control: @CONTROL@
)";

std::string symbol(int i) { return "S" + std::to_string(i) + "USDT"; }

std::string all_symbols() {
  std::string all = symbol(0);
  for (int i = 1; i < kSymbols; ++i) all += "," + symbol(i);
  return all;
}

std::string config() {
  std::string text = std::string(kHead) + "symbols: [" + all_symbols() + "]\nengines:\n";
  for (int i = 0; i < kQuoters; ++i) {
    text += "  - {name: mm-" + std::to_string(i) + ", symbol: " + symbol(i) +
            ", strategy: quoter, parameters: {levels: 2, spread_bps: 10, quantity: 1, "
            "position_max: 1000, refresh_after: 100ms}}\n";
  }
  return text;
}

// MiB; 0 where the process is gone.
double anonymous_mib(int pid) {
  const auto status = os::read_file("/proc/" + std::to_string(pid) + "/status");
  const std::size_t at = status ? status.value().find("RssAnon:") : std::string::npos;
  if (at == std::string::npos) return 0;
  return std::strtod(status.value().c_str() + at + 8, nullptr) / 1024;
}

// The children of levid, standbys included.
std::vector<int> children_of(int parent) {
  std::vector<int> children;
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
  const auto threads = os::list_folder(tasks);
  if (!threads) return children;
  for (const std::string& thread : threads.value()) {
    const auto text = os::read_file(tasks + "/" + thread + "/children");
    if (!text) continue;
    const char* at = text.value().c_str();
    for (char* end = nullptr;; at = end) {
      const long pid = std::strtol(at, &end, 10);
      if (end == at) break;
      children.push_back(static_cast<int>(pid));
    }
  }
  return children;
}

void run() {
  cli::StageOptions options;
  options.symbols = all_symbols();
  BenchStage bench(options, config());
  pause_for(kRuns);
  const int levid = bench.stage.levid.identity.pid;
  const double core = anonymous_mib(levid);
  double engine = 0;
  const std::vector<int> children = children_of(levid);
  for (const int child : children) engine = std::max(engine, anonymous_mib(child));
  const auto orders = integer_at(bench.core("/orders?limit=1"), "sequence_last");
  if (core == 0 || children.size() < kQuoters || orders == 0) give_up("the core does not run");
  print_value("levid_anonymous_memory", core, "MiB",
              {"at most 64 MiB with 100 symbols", core <= kLevidMost});
  print_value("engine_anonymous_memory", engine, "MiB", {"at most 2 MiB", engine <= kEngineMost});
  print_value("orders_sent_meanwhile", static_cast<double>(orders), "orders");
}

}  // namespace
}  // namespace levi::bench

int main() { levi::bench::run(); }
