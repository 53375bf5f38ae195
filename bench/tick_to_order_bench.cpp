// Tick received -> order sent, beside a futex round trip, an HMAC and a send of the same time.
//
//   tick_to_order             the parts of the trading thread put together (trading_path.h):
//                             journal, machine, engine process, encoder and signature, latch, send
//   tick_to_order_on_a_stage  a whole levid's own metric under a market that moves. An order counts
//                             from what set it off: the market's tick or, where the quoter held it
//                             back until a cancel was confirmed, that confirmation; so without the
//                             venue's round trips, but with whatever else levid does meanwhile
#include "bench/bench_stage.h"
#include "bench/trading_path.h"
#include "core/os/thread.h"

namespace levi::bench {
namespace {

constexpr int kWarmUp = 50;
constexpr int kRounds = 12;
constexpr int kTicksPerRound = 150;
constexpr int kTurns = 150;
constexpr int kLimitPerTurn = 10;
constexpr Nanos kPause{60ms};
constexpr const char* kMarketRate = "400";  // orders a second: the top moves often
constexpr std::int64_t kOrdersLeast = 200;
constexpr unsigned kCpusToSpin = 4;
constexpr double kStageMost = 2;

constexpr const char* kConfig = R"(name: stage-@NAME@
environment: stage
mode: LIVE
data: @DATA@
runtime: @RUNTIME@
symbols: [BTCUSDT]
venue:
  name: mexc
  rest: @EXCHANGE@
  websocket: @EXCHANGE@
  key_file: @FOLDER@/key
  secret_file: @FOLDER@/secret
  recv_window: 200ms
  answer_timeout: 1s
  order_connections: 12
  update_speed: 10ms
limits:
  max_daily_loss: 1000000
  max_position_size_usd: 1000000
  max_open_positions: 10
  max_open_orders: 400
  max_data_age: 1s
engines:
  - {name: mm-btcusdt, symbol: BTCUSDT, strategy: quoter, parameters: {levels: 1, spread_bps: 40, quantity: 0.001, position_max: 1, requote_bps: 0.1}}
api: @API@
control: @CONTROL@
)";

struct Metric {
  double p50 = 0;
  double p99 = 0;
  std::int64_t count = 0;
};

double value_behind(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + name.size() + 2, nullptr);
}

Metric read_metric(BenchStage& bench) {
  const auto answer = os::http_call("GET", "http://" + bench.stage.api + "/metrics", "", 5s);
  if (!answer) give_up("no metrics: " + answer.error().text());
  const std::string& text = answer.value().body;
  const std::string name = "levi_tick_to_order_seconds";
  return {value_behind(text, name + "{quantile=\"0.5\"}"),
          value_behind(text, name + "{quantile=\"0.99\"}"),
          static_cast<std::int64_t>(value_behind(text, name + "_count"))};
}

// One of ours, one of the limit's, in turns; both set up anew for each round, because where the
// kernel puts the processes stays as it fell and makes a difference of two. In a thread of its own,
// which gets the trading thread's priority.
void measure(const char* figure, bool spin, double most, const char* text) {
  Samples ours;
  Samples limit;
  for (int round = 0; round < kRounds; ++round) {
    os::start_thread("trading", [&] {
      Limit beside("tick_to_order", spin);
      TradingPath path(spin);
      for (int i = 0; i < kWarmUp; ++i) (void)path.tick();
      for (int i = 0; i < kTicksPerRound; ++i) {
        ours.add(path.tick());
        beside.ask(1, limit);
      }
    }).join();
  }
  print_figure(figure, ours, limit, at_most(ours, most, limit, text));
}

void measure_on_a_stage() {
  Samples limit;
  BenchStage bench({}, kConfig);
  const auto faster = os::http_call(
      "POST", "http://" + bench.stage.exchange_admin + "/flow?rate=" + kMarketRate, "", 5s);
  if (!faster || faster.value().status != 200) give_up("the market does not go faster");
  Limit beside("tick_to_order");
  for (int turn = 0; turn < kTurns; ++turn) {
    beside.ask(kLimitPerTurn, limit);
    pause_for(kPause);
  }
  const Metric metric = read_metric(bench);
  if (metric.count < kOrdersLeast)
    give_up("only " + std::to_string(metric.count) + " orders: nothing to say about them");
  Samples ours;  // the two quantiles that the core publishes, and no more
  for (int i = 0; i < 97; ++i) ours.add(Nanos{static_cast<std::int64_t>(metric.p50 * 1e9)});
  for (int i = 0; i < 3; ++i) ours.add(Nanos{static_cast<std::int64_t>(metric.p99 * 1e9)});
  print_figure("tick_to_order_on_a_stage", ours, limit,
               at_most(ours, kStageMost, limit, "p50 <= 2 x (futex round trip + HMAC + send)"));
}

}  // namespace
}  // namespace levi::bench

int main() {
  using namespace levi::bench;
  measure("tick_to_order", false, 2, "p50 <= 2 x (futex round trip + HMAC + send)");
  const unsigned cpus = levi::os::Thread::hardware_concurrency();
  if (cpus < kCpusToSpin) {
    print_skipped("tick_to_order_spinning", std::to_string(cpus) + " CPUs, it needs 4");
  } else {
    measure("tick_to_order_spinning", true, 1.5,
            "p50 <= 1.5 x (spinning round trip + HMAC + send)");
  }
  measure_on_a_stage();
}
