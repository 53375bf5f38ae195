#include "tests/support/event_stream.h"

#include <algorithm>
#include <array>

#include "core/base/check.h"

namespace levi::test {
namespace {

constexpr std::int64_t kDayNs = 86'400'000'000'000;
constexpr std::int64_t kFirstDay = 20'000;  // 2024-10-04
constexpr int kSettleRounds = 60;
constexpr std::size_t kHistory = 64;

InstrumentDefined instrument_of(SymbolId symbol) {
  InstrumentDefined definition;
  definition.symbol = symbol;
  definition.name = "S" + std::to_string(symbol.value) + "USDT";
  definition.price_exponent = static_cast<std::int8_t>(2 + symbol.value % 2);
  definition.quantity_exponent = static_cast<std::int8_t>(6 - symbol.value % 3 + symbol.value % 5);
  definition.quantity_min = Quantity{1};
  definition.notional_min = Money{0};
  return definition;
}

EngineDefined engine_of(EngineId engine) {
  EngineDefined definition;
  definition.engine = engine;
  definition.symbol = {engine.value};
  definition.name = "mm-" + std::to_string(engine.value);
  definition.strategy = "quoter";
  return definition;
}

}  // namespace

EventStream::EventStream(StreamOptions options) : options_(options), random_(options.seed) {
  // Some streams live through midnight.
  now_ = {kFirstDay * kDayNs + kDayNs - static_cast<std::int64_t>(below(40)) * 1'000'000'000};
  schedule_start();
  schedule_reconciliation(true);
  schedule_feeds();
}

TimedEvent EventStream::next() {
  const bool stands = machine_.state().engines.size() == options_.symbols;
  if (!scheduled_.empty() && stands && venue_.chance(10))
    return deliver(venue_.chance(50) ? place() : tick(), pause());
  if (!scheduled_.empty()) {
    const Event event = scheduled_.front();
    scheduled_.pop_front();
    return deliver(event, pause());
  }
  const Event event = choose();
  return deliver(event, std::holds_alternative<Timer>(event) ? Nanos{1s} : pause());
}

Nanos EventStream::pause() { return Nanos{static_cast<std::int64_t>(below(2'000'000))}; }

TimedEvent EventStream::deliver(const Event& event, Nanos after) {
  LEVI_CHECK(check(event));
  now_ += after;
  if (options_.hostile) {
    if (history_.size() == kHistory) history_.pop_front();
    history_.push_back(event);
  }
  effects_.clear();
  machine_.step(event, now_, effects_);
  const Effects effects = effects_;
  carry_out(effects);
  return {event, now_};
}

Event EventStream::choose() {
  struct Choice {
    unsigned weight;
    Action action;
  };
  // Sealed for a while, then somebody resumes: else most of a stream would be refusals.
  if (options_.seals && latch_.word().sealed() && venue_.chance(15)) return command();
  const std::array<Choice, 16> choices{{
      {options_.ticks_weight, &EventStream::tick},
      {30, &EventStream::place},
      {12, &EventStream::cancel},
      {1, &EventStream::signal},
      {14, &EventStream::execution},
      {24, &EventStream::in_the_air},
      {6, &EventStream::second},
      {1, &EventStream::engine_dies},
      {1, &EventStream::feed_changes},
      {1, &EventStream::gap},
      {options_.seals ? 1u : 0u, &EventStream::seal},
      {options_.seals ? 3u : 0u, &EventStream::command},
      {options_.restarts ? 1u : 0u, &EventStream::restart_core},
      {options_.restarts ? 1u : 0u, &EventStream::reconcile_again},
      {options_.seals ? 1u : 0u, &EventStream::foreign},
      {options_.hostile ? 12u : 0u, &EventStream::nonsense},
  }};
  unsigned total = 0;
  for (const Choice& choice : choices) total += choice.weight;
  auto draw = static_cast<unsigned>(below(total));
  for (const Choice& choice : choices) {
    if (draw < choice.weight) return (this->*choice.action)();
    draw -= choice.weight;
  }
  return tick();
}

std::vector<TimedEvent> EventStream::settle() {
  calm_ = true;
  std::vector<TimedEvent> events;
  for (int round = 0; round < kSettleRounds; ++round) {
    while (!scheduled_.empty() || !air_.empty()) {
      if (scheduled_.empty()) {
        scheduled_.push_back(air_.back());
        air_.pop_back();
      }
      const Event event = scheduled_.front();
      scheduled_.pop_front();
      events.push_back(deliver(event, pause()));
    }
    events.push_back(deliver(Timer{}, 1s));
    // What a lost message never told: the private stream was down, so the shell reconciles once.
    if (round == kSettleRounds / 2) schedule_reconciliation(true);
  }
  return events;
}

Event EventStream::tick() {
  TopOfBook top;
  top.symbol = any_symbol();
  top.version = ++version_;
  middle_ = std::max<std::int64_t>(1000, middle_ + static_cast<std::int64_t>(below(201)) - 100);
  top.bid_price = {middle_ - 1 - static_cast<std::int64_t>(below(50))};
  top.ask_price = {middle_ + 1 + static_cast<std::int64_t>(below(50))};
  top.bid_quantity = top.ask_quantity = {1000};
  if (venue_.chance(2)) top.bid_price = top.ask_price;  // crossed
  if (venue_.chance(2)) top.ask_price = {}, top.ask_quantity = {};
  if (!venue_.chance(10)) return top;
  Deal deal;
  deal.symbol = top.symbol;
  deal.price = top.bid_price;
  deal.quantity = {1};
  return deal;
}

Event EventStream::place() {
  Intent intent;
  intent.engine = any_engine();
  const Engine& engine = machine_.state().engines[intent.engine.value];
  intent.engine_incarnation = engine.incarnation;
  intent.intent_number = engine.intents_seen + 1;
  intent.tag = static_cast<std::uint32_t>(1 + below(12));
  intent.side = venue_.chance(50) ? Side::kBuy : Side::kSell;
  intent.type = static_cast<OrderType>(1 + below(5));
  intent.price = {middle_ + static_cast<std::int64_t>(below(101)) - 50};
  intent.quantity = {1 + static_cast<std::int64_t>(below(venue_.chance(5) ? 100'000'000 : 3'000))};
  intent.tick_instant = {
      now_.ns - static_cast<std::int64_t>(below(venue_.chance(5) ? 3'000'000'000 : 1'000'000))};
  if (venue_.chance(3)) intent.intent_number = engine.intents_seen;  // a repeat
  if (venue_.chance(3)) --intent.engine_incarnation.value;           // of a dead process
  if (venue_.chance(2)) intent.quantity = {};
  if (venue_.chance(1)) intent.quantity = {kCountMax};
  return intent;
}

Event EventStream::cancel() {
  Intent intent = std::get<Intent>(place());
  intent.kind = IntentKind::kCancel;
  for (const auto& [sequence, order] : machine_.state().orders) {
    if (order.engine == intent.engine && !is_terminal(order.state) && venue_.chance(50))
      intent.tag = order.tag;
  }
  return intent;
}

Event EventStream::signal() {
  Intent intent = std::get<Intent>(place());
  intent.kind = IntentKind::kSignal;
  return intent;
}

Event EventStream::execution() {
  VenueOrder* order = venue_.any_open();
  if (order == nullptr) return tick();
  const VenueFill fill = venue_.execute(*order);
  if (venue_.chance(8)) return second();  // the push is lost: only a query will tell
  if (venue_.chance(20)) air_.push_back(fill);
  if (venue_.chance(30)) {
    air_.push_back(fill);
    return tick();
  }
  return fill;
}

Event EventStream::in_the_air() {
  if (air_.empty()) return tick();
  const std::size_t i = below(air_.size());
  const Event event = air_[i];
  if (!venue_.chance(5))
    air_.erase(air_.begin() + static_cast<std::ptrdiff_t>(i));  // else it comes twice
  return event;
}

Event EventStream::second() { return Timer{}; }

Event EventStream::engine_dies() {
  EngineDown down;
  down.engine = any_engine();
  const Engine& engine = machine_.state().engines[down.engine.value];
  down.engine_incarnation = engine.incarnation;
  down.pid = engine.pid;
  down.why = static_cast<EngineDownWhy>(1 + below(3));
  down.status = 9;
  return down;
}

void EventStream::schedule_feeds() {
  for (const SourceId source : {SourceId{0}, kPrivateSource}) {
    FeedUp up;
    up.source = source;
    up.connection = connection_;
    scheduled_.push_back(up);
  }
}

Event EventStream::feed_changes() {
  const auto& feeds = machine_.state().feeds;
  const SourceId source = venue_.chance(50) ? kPrivateSource : SourceId{0};
  if (source.value < feeds.size() && feeds[source.value].up) {
    FeedDown down;
    down.source = source;
    down.connection = connection_;
    down.why = static_cast<FeedDownWhy>(1 + below(7));
    return down;
  }
  FeedUp up;
  up.source = source;
  up.connection = ++connection_;
  up.since_down = Nanos{1000};
  if (source == kPrivateSource) schedule_reconciliation(true);  // pushes were missed
  return up;
}

Event EventStream::gap() {
  BookGap gap;
  gap.symbol = any_symbol();
  gap.expected_version = version_;
  gap.received_version = version_ + 2;
  return gap;
}

Event EventStream::foreign() {
  ForeignOrder order;
  order.symbol = any_symbol();
  order.venue_order = "F" + std::to_string(below(5));
  order.client_id = "somebody-else";
  return order;
}

Event EventStream::seal() {
  constexpr latch::Holder kHolders[] = {latch::Holder::kOperator, latch::Holder::kChaos,
                                        latch::Holder::kDrawdown, latch::Holder::kNewInstance};
  latch_.seal(kHolders[below(std::size(kHolders))]);
  see_latch();
  const Event seen = scheduled_.back();
  scheduled_.pop_back();
  return seen;
}

Event EventStream::command() {
  Command command;
  command.request = ++request_;
  command.engine = any_engine();
  command.symbol = any_symbol();
  command.actor = "operator";
  command.reason = "a test";
  const std::uint32_t holders = latch_.word().holders();
  const std::uint64_t draw = below(10);
  if (holders != 0 && draw < 7) {
    command.kind = CommandKind::kResume;
    do {
      command.holder =
          static_cast<std::uint32_t>(below(static_cast<std::uint64_t>(latch::Holder::kCount)));
    } while ((holders >> command.holder & 1) == 0);
    if (venue_.chance(20)) command.epoch = latch_.word().epoch();
  } else if (draw < 8) {
    command.kind = CommandKind::kFlatten;
    command.all_symbols = venue_.chance(50);
  } else {
    command.kind = static_cast<CommandKind>(2 + below(5));
  }
  return command;
}

Event EventStream::reconcile_again() {
  schedule_reconciliation(!venue_.chance(20));
  const Event first = scheduled_.front();
  scheduled_.pop_front();
  return first;
}

// levid was killed: messages on their way are lost, the venue goes on.
Event EventStream::restart_core() {
  air_.clear();
  scheduled_.clear();
  for (auto& [sequence, order] : venue_.orders()) {
    if (!order.arrived && !order.dead && venue_.chance(50))
      PracticeVenue::arrive(order);  // it was in the socket's queue
    if (order.open && venue_.chance(30)) venue_.execute(order);
  }
  const bool lost = venue_.chance(25);
  if (lost) lose_the_journals_tail();
  ++incarnation_.value;
  schedule_start();
  schedule_reconciliation(lost || !venue_.chance(20));
  ++connection_;
  schedule_feeds();
  const Event first = scheduled_.front();
  scheduled_.pop_front();
  return first;
}

// A power cut above the watermark: the venue has orders of ours that this journal never held.
void EventStream::lose_the_journals_tail() {
  SendOrder lost;
  lost.sequence = {machine_.state().sequence_last.value + 1 + below(4)};
  lost.symbol = any_symbol();
  lost.side = venue_.chance(50) ? Side::kBuy : Side::kSell;
  lost.price = {middle_};
  lost.quantity = {1 + static_cast<std::int64_t>(below(1000))};
  if (venue_.find(lost.sequence) != nullptr) return;
  VenueOrder& order = venue_.note(lost, incarnation_);
  PracticeVenue::arrive(order);
  if (venue_.chance(50)) venue_.execute(order);
}

void EventStream::schedule_start() {
  Started started;
  started.incarnation = incarnation_;
  started.instance = "abcdefg";
  started.latch_word = latch_.word().raw;
  scheduled_.push_back(started);
  Limits limits;
  limits.daily_loss_max =
      Money{static_cast<std::int64_t>(1 + options_.seed % 5) * 20'000'00000000 / 1000};
  limits.position_notional_max = Money{300'00000000};
  limits.open_positions_max = 2;
  limits.open_orders_max = 8;
  limits.restarts_max = 4;
  limits.data_age_max = 2s;  // a Timer lets a second pass in which no market is heard of
  scheduled_.push_back(limits);
  for (std::uint16_t i = 0; i < options_.symbols; ++i) {
    InstrumentDefined definition = instrument_of({i});
    definition.tradable = !venue_.chance(3);
    scheduled_.push_back(definition);
  }
  for (std::uint16_t i = 0; i < options_.symbols; ++i) scheduled_.push_back(engine_of({i}));
}

}  // namespace levi::test
