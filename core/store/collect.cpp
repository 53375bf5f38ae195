#include "core/store/collect.h"

#include <algorithm>
#include <iterator>

namespace levi::store {
namespace {

using namespace machine;  // NOLINT: its events and effects are this file's subject

const Instrument* instrument_of(const State& state, SymbolId symbol) {
  if (symbol.value >= state.instruments.size() || !state.instruments[symbol.value].defined) {
    return nullptr;
  }
  return &state.instruments[symbol.value];
}

Exponents exponents_of(const State& state, SymbolId symbol) {
  const Instrument* instrument = instrument_of(state, symbol);
  if (instrument == nullptr) return {};
  return {instrument->definition.price_exponent, instrument->definition.quantity_exponent};
}

const Order* order_of(const State& state, OrderSequence sequence) {
  const auto found = state.orders.find(sequence.value);
  return found == state.orders.end() ? nullptr : &found->second;
}

void take_order(std::uint64_t record, const State& state, const Order& order, Pending& pending) {
  pending.orders[order.sequence.value] = {order.sequence,
                                          order.incarnation,
                                          order.kind,
                                          order.engine,
                                          order.symbol,
                                          exponents_of(state, order.symbol),
                                          order.side,
                                          order.type,
                                          order.state,
                                          order.price,
                                          order.quantity,
                                          order.filled,
                                          order.executed_venue,
                                          order.venue_order,
                                          order.created,
                                          order.changed,
                                          record};
}

void take_order(std::uint64_t record, const State& state, OrderSequence sequence,
                Pending& pending) {
  if (const Order* order = order_of(state, sequence)) take_order(record, state, *order, pending);
}

void take_position(std::uint64_t record, const State& state, SymbolId symbol, Pending& pending) {
  pending.positions[symbol.value] = {state.instruments[symbol.value].position,
                                     exponents_of(state, symbol), state.now, record};
}

// Events that may touch any order: what they touched has changed at this very instant.
bool may_touch_any_order(const Event& event) {
  return std::holds_alternative<Started>(event) || std::holds_alternative<Timer>(event) ||
         std::holds_alternative<LatchSeen>(event) || std::holds_alternative<Command>(event) ||
         std::holds_alternative<ReconcileStarted>(event) ||
         std::holds_alternative<ReconcileDone>(event) || std::holds_alternative<EngineUp>(event) ||
         std::holds_alternative<EngineDown>(event);
}

// The order that an event of the venue is about; 0 for others.
OrderSequence named_order(const Event& event) {
  return std::visit(
      [](const auto& e) -> OrderSequence {
        if constexpr (requires {
                        { e.sequence } -> std::convertible_to<OrderSequence>;
                      }) {
          return e.sequence;
        } else {
          return {0};
        }
      },
      event);
}

const char* outcome_of(AnswerCode code) {
  switch (code) {
    case AnswerCode::kDone:
      return "done";
    case AnswerCode::kNotFound:
      return "not-found";
    case AnswerCode::kConflict:
      return "conflict";
    case AnswerCode::kRefused:
      return "refused";
  }
  return "refused";
}

std::uint64_t order_made(const Effects& effects) {
  for (const Effect& effect : effects) {
    if (const auto* send = std::get_if<SendOrder>(&effect)) return send->sequence.value;
  }
  return 0;
}

}  // namespace

void Collector::before(const Event& event, const State& state) {
  if (const auto* fill = std::get_if<VenueFill>(&event)) {
    fills_ = state.counters.fills;
    const Instrument* instrument = instrument_of(state, fill->symbol);
    realised_ = instrument != nullptr ? instrument->position.realised : Money{0};
  } else if (std::holds_alternative<Intent>(event)) {
    std::copy(std::begin(state.counters.refused), std::end(state.counters.refused),
              refused_.begin());
  }
}

void Collector::after(std::uint64_t record, const Event& event, const State& state,
                      const Effects& effects, Pending& pending) {
  if (const OrderSequence sequence = named_order(event); sequence.value != 0) {
    take_order(record, state, sequence, pending);
  }
  if (may_touch_any_order(event)) {
    for (const auto& [sequence, order] : state.orders) {
      if (order.changed == state.now) take_order(record, state, order, pending);
    }
  }
  if (const auto* command = std::get_if<Command>(&event)) {
    // Its answer, if the machine gave it at once, is written after the row.
    pending.commands.push_back({record, *command, state.now});
  }
  for (const Effect& effect : effects) {
    if (const auto* send = std::get_if<SendOrder>(&effect)) {
      take_order(record, state, send->sequence, pending);
    } else if (const auto* answer = std::get_if<Answer>(&effect)) {
      pending.answers.push_back({answer->request, outcome_of(answer->code), answer->text});
    } else if (const auto* open = std::get_if<OpenLatch>(&effect)) {
      pending.answers.push_back({open->request, "opening", {}});
      pending.commands.back().command.epoch = open->epoch;  // of "the current one"
      if (openings_.size() == kOpeningsMax) openings_.erase(openings_.begin());
      openings_.push_back({open->request, open->holder, open->epoch});
    }
  }
  if (const auto* fill = std::get_if<VenueFill>(&event)) {
    on_fill(record, *fill, state, pending);
  } else if (const auto* intent = std::get_if<Intent>(&event)) {
    on_intent(record, *intent, state, effects, pending);
  } else if (const auto* seen = std::get_if<LatchSeen>(&event)) {
    on_latch({seen->word}, pending);
  } else if (const auto* started = std::get_if<Started>(&event)) {
    on_started({started->latch_word}, pending);
  }
}

void Collector::on_fill(std::uint64_t record, const VenueFill& fill, const State& state,
                        Pending& pending) {
  if (state.counters.fills == fills_) return;  // a repeat, or one that was refused
  const Instrument& instrument = state.instruments[fill.symbol.value];
  const InstrumentDefined& definition = instrument.definition;
  const auto value =
      notional(fill.price, fill.quantity, definition.price_exponent, definition.quantity_exponent);
  pending.fills.push_back({record, fill, exponents_of(state, fill.symbol),
                           value ? value.value() : Money{0},
                           instrument.position.realised - realised_, state.now});
  take_position(record, state, fill.symbol, pending);
}

void Collector::on_intent(std::uint64_t record, const Intent& intent, const State& state,
                          const Effects& effects, Pending& pending) {
  if (intent.kind == IntentKind::kCancel) return;
  IntentRow row;
  for (std::size_t i = 0; i < refused_.size(); ++i) {
    if (state.counters.refused[i] != refused_[i]) row.refusal = static_cast<Refusal>(i);
  }
  if (row.refusal == Refusal::kDuplicate) return;  // the first one has its row
  row.record = record;
  row.engine = intent.engine;
  if (intent.engine.value < state.engines.size()) {
    row.symbol = state.engines[intent.engine.value].definition.symbol;
    row.symbol_known = instrument_of(state, row.symbol) != nullptr;
    row.exponents = exponents_of(state, row.symbol);
  }
  row.kind = intent.kind;
  row.side = intent.side;
  row.price = intent.price;
  row.quantity = intent.quantity;
  row.order = order_made(effects);
  row.instant = state.now;
  pending.intents.push_back(row);
}

void Collector::on_latch(latch::Word word, Pending& pending) {
  std::erase_if(openings_, [&](const Opening& opening) {
    const bool held = (word.holders() >> opening.holder & 1) != 0;
    const bool same_seal = opening.epoch == 0 || word.epoch() == opening.epoch;
    if (held && same_seal) return false;  // not yet
    pending.answers.push_back({opening.request, held ? "conflict" : "done", {}});
    return true;
  });
}

// The levid that was to open it is gone: what it had not done by then, nobody does any more.
void Collector::on_started(latch::Word word, Pending& pending) {
  on_latch(word, pending);
  for (const Opening& opening : openings_) {
    pending.answers.push_back({opening.request, "refused", "levid ended before it could let go"});
  }
  openings_.clear();
}

void Collector::everything(std::uint64_t record, const State& state, Pending& pending) {
  for (const auto& [sequence, order] : state.orders) take_order(record, state, order, pending);
  for (std::size_t i = 0; i < state.instruments.size(); ++i) {
    const Position& position = state.instruments[i].position;
    const bool traded = position.quantity.value != 0 || position.realised.value != 0 ||
                        position.fees.value != 0 || position.cost.value != 0;
    if (state.instruments[i].defined && traded) {
      take_position(record, state, SymbolId{static_cast<std::uint16_t>(i)}, pending);
    }
  }
}

}  // namespace levi::store
