// What the trading thread does where the journal takes nothing: the ring is full because the disk
// does not follow, or a record could not be read back.
//
// The machine must not step on what is not journalled, so it does not hear of it. Whatever can't
// come again by itself is kept, answered, or done without the machine.
#include <spdlog/spdlog.h>

#include <utility>
#include <variant>

#include "core/levid/trading.h"

namespace levi::levid {
namespace {

// Sealed while there is still room for what the venue has yet to say.
constexpr double kRingHalt = 0.90;
// Prices and intents stay out: prices can be had again, an order would be refused anyway.
constexpr double kRingNoMarket = 0.95;
// So does what only asks again. A second's Timer alone would fill the rest in minutes.
constexpr double kRingVital = 0.97;

template <class... Types>
bool is_one_of(const machine::Event& event) {
  return (std::holds_alternative<Types>(event) || ...);
}

double fill_max(const machine::Event& event) {
  if (is_market_data(event) || is_one_of<machine::Intent>(event)) return kRingNoMarket;
  return is_one_of<machine::Timer, machine::CancelFailed>(event) ? kRingVital : 1.0;
}

}  // namespace

bool is_market_data(const machine::Event& event) {
  return is_one_of<machine::TopOfBook, machine::Deal>(event);
}

bool Trading::append_to_journal(const machine::Event& event, Instant now) {
  if (const Status usable = machine::check(event); !usable) {  // It could not be read back.
    spdlog::error("event refused: {}", usable.error().message);
    return false;
  }
  if (writer_.fill() > fill_max(event)) return false;
  const RecordSequence sequence =
      writer_.append(machine::event_type(event), machine::event_bytes(event), now);
  if (sequence.value == 0) {
    if (events_dropped_++ == 0) ring_full_since_ = now;
    return false;
  }
  applied_ = sequence;
  return true;
}

// At the start nothing may be left out: orders would leave under another incarnation, or by other
// limits, than the machine knows.
Status Trading::journal_or_fail(const machine::Event& event) {
  LEVI_TRY_STATUS(machine::check(event));
  const RecordSequence before = applied_;
  apply(event);
  if (applied_ != before) return ok();
  return error(ErrorCode::kIo, "the journal ring is full: this start can't be journalled",
               "free space in " + config_.data + ": what the ring holds goes there first");
}

void Trading::not_journalled(const machine::Event& event) {
  if (is_one_of<machine::EngineUp, machine::EngineDown>(event)) owed_.push_back(event);
  if (const auto* intent = std::get_if<machine::Intent>(&event)) refuse(*intent);
  if (const auto* command = std::get_if<machine::Command>(&event)) {
    answer(command->request, machine::AnswerCode::kRefused,
           "the journal takes nothing now: GET /health says why");
  }
  // The machine would cancel what is open, and with each Timer again.
  const bool told_nothing = events_dropped_ > 0 || machine_.state().cancel_all.active;
  if (is_one_of<machine::LatchSeen>(event) || (is_one_of<machine::Timer>(event) && told_nothing))
    cancel_all_if_killed();
}

// As the machine refuses it, or the engine would wait for this order for ever.
void Trading::refuse(const machine::Intent& intent) {
  if (!hub_ || intent.kind != machine::IntentKind::kPlace) return;  // A cancel is asked for again.
  machine::EngineUpdate update;
  update.engine = intent.engine;
  update.tag = intent.tag;
  update.kind = machine::OrderUpdateKind::kRejected;
  update.side = intent.side;
  update.price = intent.price;
  update.quantity = intent.quantity;
  const machine::State& state = machine_.state();
  if (intent.engine.value < state.engines.size()) {
    const SymbolId symbol = state.engines[intent.engine.value].definition.symbol;
    if (symbol.value < state.instruments.size())
      update.position = state.instruments[symbol.value].position.quantity;
  }
  on_effect(update);
}

void Trading::cancel_all_if_killed() {
  const latch::Word word = latch_.load();
  const bool new_instance =
      word.holders() == 1u << static_cast<unsigned>(latch::Holder::kNewInstance);
  if (word.sealed() && !new_instance) on_effect(machine::CancelAllOpen{});
}

bool Trading::ring_nearly_full() const { return writer_.fill() > kRingHalt; }

bool Trading::journal_in_trouble() const {
  return ring_nearly_full() || !status_.journal_ok.load(std::memory_order_relaxed);
}

void Trading::look_at_journal() {
  const double fill = writer_.fill();
  status_.ring_fill.store(fill, std::memory_order_relaxed);
  const bool trouble = journal_in_trouble();
  if (trouble && !latch_.load().held_by(latch::Holder::kJournal)) {
    latch_.seal(latch::Holder::kJournal, "levid",
                fill > kRingHalt ? "journal ring nearly full: the disk does not follow"
                                 : "the journal cannot be written",
                os::wall_now(), Nanos{0});
  }
  if (!trouble && events_dropped_ > 0) make_up_for_dropped();
}

void Trading::make_up_for_dropped() {
  spdlog::error("{} events were dropped while the ring was full: reconciling", events_dropped_);
  events_dropped_ = 0;
  for (const machine::Event& event : std::exchange(owed_, {})) apply(event);
  latch_word_ = machine_.state().latch_word;  // what the machine has not been told is told again
  if (venue_known_) reconcile(ring_full_since_);  // else the start does
}

}  // namespace levi::levid
