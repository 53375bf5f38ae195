// Replay through the machine: a million records of a market-making day, from bytes and as events.
//
//   machine_replay         event_from + step, what a start does with each record of the journal
//   machine_step           step alone, what the trading thread does
//   machine_snapshot_load  deserialize of the state that the records lead to
#include "bench/report.h"
#include "bench/trading_day.h"
#include "core/machine/machine.h"
#include "core/os/clock.h"

namespace levi::bench {
namespace {

constexpr int kRounds = 5;
constexpr double kReplayLeast = 3e6;

double rate(std::size_t records, Nanos took) {
  return static_cast<double>(records) * 1e9 / static_cast<double>(took.count());
}

Nanos replay(const TradingDay& day) {
  Machine machine;
  Effects dropped;
  const MonoTime begun = os::mono_now();
  for (const DayRecord& record : day.records()) {
    const auto event = event_from(record.type, day.body(record));
    LEVI_CHECK(event);
    machine.step(event.value(), record.instant, dropped);
    dropped.clear();
  }
  const Nanos took = os::mono_now() - begun;
  LEVI_CHECK(machine.state_hash() == day.machine().state_hash());
  return took;
}

Nanos step_only(const TradingDay& day) {
  std::vector<Event> events;
  events.reserve(day.records().size());
  for (const DayRecord& record : day.records())
    events.push_back(event_from(record.type, day.body(record)).value());
  Machine machine;
  Effects dropped;
  const MonoTime begun = os::mono_now();
  for (std::size_t i = 0; i < events.size(); ++i) {
    machine.step(events[i], day.records()[i].instant, dropped);
    dropped.clear();
  }
  return os::mono_now() - begun;
}

Nanos load(const std::string& snapshot) {
  const MonoTime begun = os::mono_now();
  const auto machine = Machine::deserialize(snapshot);
  LEVI_CHECK(machine);
  return os::mono_now() - begun;
}

template <class Measure>
Nanos best_of_rounds(Measure measure) {
  Nanos best = Nanos::max();
  for (int i = 0; i < kRounds; ++i) best = std::min(best, measure());
  return best;
}

}  // namespace
}  // namespace levi::bench

int main() {
  using namespace levi::bench;
  const TradingDay day;
  const std::size_t records = day.records().size();
  const double replayed = rate(records, best_of_rounds([&] { return replay(day); }));
  print_value("machine_replay", replayed, "records/s",
              {"at least 3 million records/s", replayed >= kReplayLeast});
  print_value("machine_step", rate(records, best_of_rounds([&] { return step_only(day); })),
              "records/s");
  const std::string snapshot = day.machine().serialize();
  Samples loads;
  for (int i = 0; i < 20; ++i) loads.add(load(snapshot));
  print_figure("machine_snapshot_load", loads, {});
}
