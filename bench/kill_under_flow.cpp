// The kill switch at full order flow, on a real stage: levid, levi-engine, levi-exchange.
//
//   kill_under_flow_beyond_s   orders in the exchange's ledger above S, over all trials: must be 0
//   kill_ack_under_flow        request's first byte -> answer's last byte, beside a second press by
//                              the same way a moment later, when the stage is sealed and idle
//   ..._disturbed              the same with the database locked by another writer and the API port
//                              flooded, by the ways in that do not need the API; beside the idle
//                              stage of the undisturbed part, by the same ways
//
// A trial: wait until 5,000 orders/s arrived at the exchange over the last 20 ms; press by the next
// way in; wait until the exchange has seen the end of every connection that carried orders; read
// its ledger; judge as C-6 does (chaos/experiment/kill_judge.h); release. One that had no flow in
// the 20 ms before the press, by the ledger, is invalid and done again.
//
//   bench_kill_under_flow [--trials 1000] [--disturbed 1000] [--sabotage latch-check]
#include <cstring>
#include <map>

#include "bench/disturbances.h"
#include "chaos/experiment/kill_judge.h"
#include "chaos/fault/kinds.h"
#include "core/os/socket.h"
#include "core/os/thread.h"

namespace levi::bench {
namespace {

using chaos::VenueEntry;
using chaos::VenueKind;

constexpr int kOrdersPerSecond = 5000;
constexpr Nanos kWindow = 20ms;
constexpr std::uint64_t kOrdersInWindow = 100;
constexpr double kAckMost = 5;  // times the idle p99
constexpr int kTrialsAsked = 1000;
constexpr Nanos kFlowMax{30s};
constexpr Nanos kEndMax{10s};
constexpr Nanos kCalm{10ms};
constexpr int kInvalidPerValid = 10;
constexpr const char* kActor = "chaos:bench";
const std::vector<std::string> kAllWays{"api-query",    "api-json",       "api-bare",
                                        "control-port", "control-socket", "file"};
const std::vector<std::string> kWithoutApi{"control-port", "control-socket", "file"};

struct Settings {
  int trials = 1000;
  int disturbed = 1000;
  std::string sabotage;
};

struct Tally {
  std::map<std::string, Samples> acks;
  Samples all;
  std::map<std::string, Samples> idle_acks;
  std::uint64_t beyond_s = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t missing_s = 0;
  int valid = 0;
  int without_flow = 0;
  int undecided = 0;
};

struct Pressed {
  MonoTime before;
  Nanos took{0};
  std::uint64_t sequence = 0;
};

class Bench {
 public:
  explicit Bench(const Settings& settings)
      : stage_(options_of(settings)),
        fault_(chaos::kill_switch().make()),
        target_(target_of(stage_.stage)),
        instance_(text_at(stage_.core("/health"), "instance")) {
    // Under load the client's own waiting for a CPU is not what is measured.
    (void)os::raise_priority(os::Priority::kTrading);
  }

  // `idle`: each trial presses once more when the stage is sealed and idle.
  void press_under_flow(const std::vector<std::string>& ways, int trials, bool idle, Tally& tally);
  BenchStage& stage() { return stage_; }

 private:
  static cli::StageOptions options_of(const Settings& settings) {
    cli::StageOptions options;
    options.sabotage = settings.sabotage;
    return options;
  }
  static chaos::Target target_of(const cli::Stage& stage) {
    chaos::TargetSpec spec;
    spec.name = stage.name;
    spec.api = stage.api;
    spec.control = stage.control;
    spec.control_socket = stage.control_socket;
    spec.runtime = stage.runtime;
    return chaos::Target(std::move(spec));
  }
  Pressed press(const std::string& way);
  void press_idle(const std::string& way, Tally& tally);
  void release();
  void wait_for_flow();
  bool order_connections_ended();
  void trial(const std::string& way, bool idle, Tally& tally);
  std::vector<VenueEntry> ledger_since(std::uint64_t mark);
  bool believed_to_have_arrived(std::uint64_t sequence);

  BenchStage stage_;
  std::unique_ptr<chaos::Fault> fault_;
  chaos::Target target_;
  std::string instance_;
};

Pressed Bench::press(const std::string& way) {
  chaos::Undo undo{"kill.switch", std::string(kActor) + ":1", {{"way", way}}};
  const auto pressed = fault_->inject(target_, undo);
  if (!pressed) give_up("the kill by " + way + " failed: " + pressed.error().text());
  return {pressed.value().before, pressed.value().after - pressed.value().before,
          static_cast<std::uint64_t>(integer_at(pressed.value().detail, "sequence"))};
}

void Bench::release() {
  const Json body{{"holder", "chaos"}, {"actor", kActor}, {"reason", "end of a trial"}};
  constexpr int kTriesMax = 50;
  for (int tries = 0; stage_.control_post("/live/restore", body) != 200; ++tries) {
    if (tries == kTriesMax) give_up("the latch cannot be released");
    pause_for(20ms);
  }
}

void Bench::wait_for_flow() {
  const MonoTime deadline = os::mono_now() + kFlowMax;
  const std::string path = "/ledger/rate?window_ms=" + std::to_string(kWindow / 1ms);
  while (integer_at(stage_.exchange(path), "orders_per_second") < kOrdersPerSecond) {
    if (os::mono_now() > deadline) {
      give_up("no order flow of 5,000/s comes about: " +
              stage_.exchange("/ledger/rate?window_ms=1000").dump() + "\n" +
              stage_.core("/live/status").dump() + "\n" + stage_.core("/engines").dump());
    }
    pause_for(1ms);
  }
}

// Judging is clock-free: nothing that was sent before the seal can come any more.
bool Bench::order_connections_ended() {
  const MonoTime deadline = os::mono_now() + kEndMax;
  const auto carries_orders = [](const Json& one) {
    return text_at(one, "kind") == "rest" && integer_at(one, "orders") > 0;
  };
  for (;;) {
    const Json open = stage_.exchange("/connections");
    if (std::none_of(open.begin(), open.end(), carries_orders)) return true;
    if (os::mono_now() > deadline) return false;
    pause_for(1ms);
  }
}

std::vector<VenueEntry> Bench::ledger_since(std::uint64_t mark) {
  std::vector<VenueEntry> entries;
  for (bool more = true; more;) {
    const Json page = stage_.exchange("/ledger?rows=true&kinds=order,end&limit=10000&after=" +
                                      std::to_string(mark));
    for (const Json& row : list_at(page, "entries"))
      entries.push_back(chaos::parse_venue_entry(row));
    const auto next = static_cast<std::uint64_t>(integer_at(page, "next"));
    more = next > mark && next < static_cast<std::uint64_t>(integer_at(page, "last"));
    mark = next;
  }
  return entries;
}

// S never came: then the core may not call it settled by the venue.
bool Bench::believed_to_have_arrived(std::uint64_t sequence) {
  const Json answer =
      stage_.core("/orders?rows=true&limit=1&after=" + std::to_string(sequence - 1));
  for (const Json& row : list_at(answer, "orders")) {
    const auto order = chaos::parse_our_order(row);
    if (!order || order.value().sequence != sequence) continue;
    const chaos::OurState state = order.value().state;
    return state == chaos::OurState::kLive || state == chaos::OurState::kDone ||
           state == chaos::OurState::kRejected;
  }
  return false;
}

void Bench::press_idle(const std::string& way, Tally& tally) {
  pause_for(kCalm);  // the cancels that the seal asked for
  tally.idle_acks[way].add(press(way).took);
}

void Bench::trial(const std::string& way, bool idle, Tally& tally) {
  const auto mark =
      static_cast<std::uint64_t>(integer_at(stage_.exchange("/health"), "last_arrival"));
  wait_for_flow();
  const Pressed pressed = press(way);
  const bool ended = order_connections_ended();
  const std::vector<VenueEntry> entries = ledger_since(mark);
  chaos::KillJudge judge({instance_, pressed.sequence, pressed.before});
  for (const VenueEntry& entry : entries) judge.venue(entry);
  const chaos::KillJudgement found = judge.judgement();
  tally.beyond_s += found.beyond_s;
  for (const std::string& detail : found.details)
    std::fprintf(stderr, "%s: %s\n", way.c_str(), detail.c_str());
  if (!ended) {
    ++tally.undecided;
  } else if (chaos::orders_in(entries, pressed.before, kWindow) < kOrdersInWindow) {
    ++tally.without_flow;
  } else {
    if (!found.s_arrived && believed_to_have_arrived(pressed.sequence)) ++tally.missing_s;
    ++tally.valid;
    tally.in_flight += found.in_flight;
    tally.acks[way].add(pressed.took);
    tally.all.add(pressed.took);
    if (idle) press_idle(way, tally);
  }
  release();
}

void Bench::press_under_flow(const std::vector<std::string>& ways, int trials, bool idle,
                             Tally& tally) {
  for (int done = 0; tally.valid < trials; ++done) {
    if (done > trials * kInvalidPerValid) give_up("too many trials were invalid");
    trial(ways[static_cast<std::size_t>(tally.valid) % ways.size()], idle, tally);
  }
}

void report(const std::string& suffix, const Tally& tally,
            const std::map<std::string, Samples>& idle_acks) {
  print_value("kill_under_flow_beyond_s" + suffix, static_cast<double>(tally.beyond_s), "orders",
              {"0 orders beyond S at >= 5,000 orders/s", tally.beyond_s + tally.missing_s == 0});
  print_value("kill_under_flow_trials" + suffix, tally.valid, "trials",
              {"1,000 valid ones", tally.valid >= kTrialsAsked});
  print_value("kill_under_flow_invalid_and_repeated" + suffix, tally.without_flow + tally.undecided,
              "trials");
  print_value("kill_under_flow_arrived_late_at_or_below_s" + suffix,
              static_cast<double>(tally.in_flight), "orders");
  Samples idle;  // by the same ways
  for (const auto& [way, samples] : tally.acks) idle.add_all(idle_acks.at(way));
  print_figure("kill_ack_under_flow" + suffix, tally.all, idle);
  for (const auto& [way, samples] : tally.acks)
    print_figure("kill_ack_under_flow" + suffix + " " + way, samples, idle_acks.at(way));
  const double times =
      static_cast<double>(tally.all.quantile(0.99)) / static_cast<double>(idle.quantile(0.99));
  print_value("kill_ack_under_flow_p99_over_idle_p99" + suffix, times, "times",
              {"p99 <= 5 x idle p99", times <= kAckMost});
}

void run(const Settings& settings) {
  Bench bench(settings);
  Tally flow;
  bench.press_under_flow(kAllWays, settings.trials, true, flow);
  report("", flow, flow.idle_acks);
  if (settings.disturbed == 0) return;
  const DatabaseLock lock(bench.stage().stage.data + "/levi.db");
  const ApiFlood flood(os::parse_endpoint(bench.stage().stage.api).value().port);
  const MonoTime begun = os::mono_now();
  Tally disturbed;
  bench.press_under_flow(kWithoutApi, settings.disturbed, false, disturbed);
  const double seconds = static_cast<double>((os::mono_now() - begun).count()) / 1e9;
  report("_disturbed", disturbed, flow.idle_acks);
  print_value("api_flood", static_cast<double>(flood.served()) / seconds, "answers/s");
}

}  // namespace
}  // namespace levi::bench

int main(int argc, char** argv) {
  levi::bench::Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--trials") == 0) settings.trials = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--disturbed") == 0) settings.disturbed = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--sabotage") == 0) settings.sabotage = argv[i + 1];
  }
  if (settings.trials < static_cast<int>(levi::bench::kAllWays.size())) {
    std::fprintf(stderr, "usage: %s [--trials N] [--disturbed N] [--sabotage NAME]\n", argv[0]);
    return 2;
  }
  levi::bench::run(settings);
}
