// Replay through the machine: a million records of a market-making day, from bytes and as events.
//
//   machine_replay         event_from + step, what a start does with each record of the journal
//   machine_step           step alone, what the trading thread does
//   machine_snapshot_load  deserialize of the state that the records lead to
#include <deque>

#include "bench/report.h"
#include "core/base/random.h"
#include "core/machine/machine.h"
#include "core/os/clock.h"

namespace levi::bench {
namespace {

using namespace machine;

constexpr std::size_t kRecords = 1'000'000;
constexpr std::uint16_t kSymbols = 20;
constexpr int kRounds = 5;
constexpr Instant kBegin{1'790'000'000'000'000'000};
constexpr const char* kReplayTarget = "at least 3 million records/s";

struct Record {
  std::uint16_t type = 0;
  std::uint32_t size = 0;
  std::size_t offset = 0;
  Instant instant;
};

// Builds the records by trading: a quoter per symbol that places, is acknowledged, cancels and is
// sometimes filled.
class Day {
 public:
  Day() {
    define();
    while (records_.size() < kRecords) one();
  }

  const std::vector<Record>& records() const { return records_; }
  std::string_view body(const Record& record) const {
    return {bytes_.data() + record.offset, record.size};
  }
  const Machine& machine() const { return machine_; }

 private:
  void add(const Event& event, Nanos after = 10us) {
    now_ += after;
    const std::string_view body = event_bytes(event);
    records_.push_back(
        {event_type(event), static_cast<std::uint32_t>(body.size()), bytes_.size(), now_});
    bytes_.append(body);
    effects_.clear();
    machine_.step(event, now_, effects_);
  }

  void define() {
    Started started;
    started.incarnation = {1};
    started.instance = "benchab";
    started.latch_word = std::uint64_t{1} << latch::kHolderBits;
    add(started);
    Limits limits;
    limits.open_positions_max = kSymbols;
    limits.position_notional_max = Money{1'000'000'00000000};
    limits.daily_loss_max = Money{1'000'000'00000000};
    add(limits);
    for (std::uint16_t i = 0; i < kSymbols; ++i) {
      InstrumentDefined definition;
      definition.symbol = {i};
      definition.name = "S" + std::to_string(i);
      definition.price_exponent = 2;
      definition.quantity_exponent = 6;
      definition.quantity_min = {1};
      add(definition);
    }
    for (std::uint16_t i = 0; i < kSymbols; ++i) {
      EngineDefined definition;
      definition.engine = {i};
      definition.symbol = {i};
      definition.name = "mm-" + std::to_string(i);
      add(definition);
    }
    add(ReconcileStarted{});
    add(ReconcileDone{});
    for (std::uint16_t i = 0; i < kSymbols; ++i) {
      EngineUp up;
      up.engine = {i};
      up.engine_incarnation = {1};
      add(up);
    }
  }

  void one() {
    const SymbolId symbol{static_cast<std::uint16_t>(random_.below(kSymbols))};
    const std::uint64_t draw = random_.below(100);
    if (draw < 60) return tick(symbol);
    if (draw < 68) return deal(symbol);
    if (draw < 69) return add(Timer{});
    if (live_.size() < 2 * kSymbols || draw < 84) return quote(symbol);
    finish();
  }

  void tick(SymbolId symbol) {
    TopOfBook top;
    top.symbol = symbol;
    top.version = ++version_;
    top.bid_price = {5'000'000 + static_cast<std::int64_t>(random_.below(200))};
    top.ask_price = {top.bid_price.value + 1 + static_cast<std::int64_t>(random_.below(20))};
    top.bid_quantity = top.ask_quantity = {1'000'000};
    add(top);
  }
  void deal(SymbolId symbol) {
    Deal deal;
    deal.symbol = symbol;
    deal.price = {5'000'100};
    deal.quantity = {1000};
    add(deal);
  }
  void quote(SymbolId symbol) {
    tick(symbol);
    Intent intent;
    intent.engine = {symbol.value};
    intent.engine_incarnation = {1};
    intent.intent_number = ++intents_[symbol.value];
    intent.tag = static_cast<std::uint32_t>(intent.intent_number);
    intent.side = random_.below(2) == 0 ? Side::kBuy : Side::kSell;
    intent.price = {5'000'000};
    intent.quantity = {1000};
    intent.tick_instant = now_;
    add(intent);
    if (effects_.empty() || !std::holds_alternative<SendOrder>(effects_[0])) return;
    const OrderSequence sequence = std::get<SendOrder>(effects_[0]).sequence;
    add(VenueAck{sequence, "C02__" + std::to_string(505979017439000000 + sequence.value)});
    live_.push_back({sequence, intent});
  }
  void finish() {
    Live order = live_.front();
    live_.pop_front();
    if (random_.below(4) == 0) {
      VenueFill fill;
      fill.sequence = order.sequence;
      fill.symbol = {order.intent.engine.value};
      fill.trade = "T" + std::to_string(order.sequence.value);
      fill.side = order.intent.side;
      fill.price = order.intent.price;
      fill.quantity = order.intent.quantity;
      fill.incarnation = {1};
      return add(fill);
    }
    order.intent.kind = IntentKind::kCancel;
    order.intent.intent_number = ++intents_[order.intent.engine.value];
    add(order.intent);
    add(VenueCanceled{order.sequence, {}});
  }

  struct Live {
    OrderSequence sequence;
    Intent intent;
  };
  Random random_{1};
  Machine machine_;
  Effects effects_;
  Instant now_ = kBegin;
  std::uint64_t version_ = 0;
  std::array<std::uint64_t, kSymbols> intents_{};
  std::deque<Live> live_;
  std::vector<Record> records_;
  std::string bytes_;
};

void print_rate(const char* figure, std::size_t records, Nanos took, const char* target) {
  std::printf("{\"figure\":\"%s\",\"value\":%.0f,\"unit\":\"records/s\",\"target\":\"%s\"}\n",
              figure, static_cast<double>(records) * 1e9 / static_cast<double>(took.count()),
              target);
  std::fflush(stdout);
}

Nanos replay(const Day& day) {
  Machine machine;
  Effects dropped;
  const MonoTime begun = os::mono_now();
  for (const Record& record : day.records()) {
    const auto event = event_from(record.type, day.body(record));
    LEVI_CHECK(event);
    machine.step(event.value(), record.instant, dropped);
    dropped.clear();
  }
  const Nanos took = os::mono_now() - begun;
  LEVI_CHECK(machine.state_hash() == day.machine().state_hash());
  return took;
}

Nanos step_only(const Day& day) {
  std::vector<Event> events;
  events.reserve(day.records().size());
  for (const Record& record : day.records())
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
  const Day day;
  const std::size_t records = day.records().size();
  print_rate("machine_replay", records, best_of_rounds([&] { return replay(day); }), kReplayTarget);
  print_rate("machine_step", records, best_of_rounds([&] { return step_only(day); }), "");
  const std::string snapshot = day.machine().serialize();
  Samples loads;
  for (int i = 0; i < 20; ++i) loads.add(load(snapshot));
  print_figure("machine_snapshot_load", loads, Samples{}, "start from a snapshot in at most 50 ms");
}
