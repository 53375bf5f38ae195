#include "core/machine/latch_rules.h"

#include <algorithm>

#include "core/machine/orders.h"

namespace levi::machine::latch_rules {
namespace {

using latch::Holder;
using latch::Word;

constexpr std::string_view kChaosActor = "chaos:";
constexpr std::uint32_t kRoundsBeforeAlert = 10;
constexpr std::uint32_t kAsksPerRound = 50;

std::uint32_t bit(Holder holder) { return 1u << static_cast<unsigned>(holder); }

// A new instance has no orders of its own, or (a copy) those that its reconciliation settles; what
// else stands on the account is not its business.
bool stops_orders(std::uint32_t holders) { return (holders & ~bit(Holder::kNewInstance)) != 0; }

// The answer to a cancel may be lost: what still counts as open after a round is asked for.
void ask_for_open(Context& context) {
  std::uint32_t left = kAsksPerRound;
  for (const std::uint64_t sequence : context.indexes.pending) {
    Order& order = context.state.orders.at(sequence);
    if (sequence > context.state.cancel_all.up_to || left == 0) return;
    if (is_terminal(order.state) || order.state == OrderState::kUnknown)
      continue;  // unknown ones are asked anyway
    orders::ask(context, order);
    --left;
  }
}

void cancel_all_round(Context& context) {
  CancelAll& all = context.state.cancel_all;
  all.foreign_seen = false;
  ++all.rounds;
  context.emit(CancelAllOpen{});
  if (all.rounds > 1 && !context.state.reconciling) ask_for_open(context);
  if (all.rounds == kRoundsBeforeAlert) {
    context.alert(AlertKind::kCancelIncomplete,
                  text("orders are still open after ", all.rounds, " rounds of cancel-all"));
  }
}

void start_cancel_all(Context& context, std::uint64_t up_to) {
  CancelAll& all = context.state.cancel_all;
  all = {.active = true, .foreign_seen = false, .up_to = std::max(all.up_to, up_to), .rounds = 0};
  cancel_all_round(context);
}

bool anything_open_up_to(const Context& context, std::uint64_t up_to) {
  for (const std::uint64_t sequence : context.indexes.pending) {
    if (sequence > up_to) return false;
    if (!is_terminal(context.state.orders.at(sequence).state)) return true;
  }
  return false;
}

// The latch is open again: cancel-all would hit new orders too, so the old ones are cancelled one
// by one.
void finish_cancel_all_singly(Context& context) {
  CancelAll& all = context.state.cancel_all;
  if (!all.active) return;
  all.active = false;
  for (const std::uint64_t sequence : context.indexes.pending) {
    if (sequence > all.up_to) break;
    orders::request_cancel(context, context.state.orders.at(sequence));
  }
}

const char* standing_reason(Holder holder) {
  switch (holder) {
    case Holder::kDailyLoss:
      return "daily loss limit reached";
    case Holder::kEngineFailure:
      return "an engine failed with a position open";
    case Holder::kReconcile:
      return "orders or fills could not be settled";
    default:
      return "asked for by the machine";
  }
}

// Null where nothing forbids it.
const char* refusal_of(const State& state, Holder holder, const Command& command) {
  const std::string_view actor = command.actor.view();
  if (command.reason.empty()) return "a reason is required";
  if (actor.substr(0, kChaosActor.size()) == kChaosActor) {
    if (holder != Holder::kChaos) return "a chaos run may release only its own seal";
    if (actor != state.chaos_actor.view()) return "the latch is held by another chaos run";
  }
  if (holder == Holder::kReconcile && state.reconciling) return "reconciliation is not done";
  if (holder == Holder::kReconcile && unsettled(state) != 0)
    return "orders or fills are still unsettled";
  return nullptr;
}

}  // namespace

void on_seen(Context& context, const LatchSeen& event) {
  State& state = context.state;
  const Word before = state.latch();
  const Word now{event.word};
  state.latch_word = event.word;
  state.seals_wanted &= ~now.holders();
  const std::uint32_t holders_new = now.holders() & ~before.holders();
  const bool sealed_anew = now.epoch() > before.epoch() || holders_new != 0;
  // The actor may come in an event of its own, after the word.
  if ((event.holders_new & bit(Holder::kChaos)) != 0 && !event.actor.empty())
    state.chaos_actor = event.actor;
  if (!now.held_by(Holder::kChaos)) state.chaos_actor = {};
  if (state.flatten.active && (!now.sealed() || now.epoch() != state.flatten.epoch))
    state.flatten.active = false;
  if (sealed_anew) {
    state.latch_sequence = event.sequence_last;
    if (stops_orders(now.holders())) {
      start_cancel_all(context, std::max(event.sequence_last, state.sequence_last.value));
    }
  }
  if (!now.sealed()) finish_cancel_all_singly(context);
}

void on_started(Context& context, std::uint64_t word) {
  State& state = context.state;
  state.latch_word = word;
  state.flatten.active = false;  // the grant died with the gateway
  const Word now{word};
  if (!now.held_by(Holder::kChaos)) state.chaos_actor = {};
  if (now.sealed() && stops_orders(now.holders()))
    start_cancel_all(context, state.sequence_last.value);
  const std::uint32_t wanted = state.seals_wanted & ~now.holders();
  state.seals_wanted = 0;
  for (unsigned i = 0; i < static_cast<unsigned>(Holder::kCount); ++i) {
    if ((wanted >> i & 1) != 0)
      want_seal(context, static_cast<Holder>(i), text(standing_reason(static_cast<Holder>(i))));
  }
}

void want_seal(Context& context, Holder holder, const Text& reason) {
  State& state = context.state;
  if (state.latch().held_by(holder) || (state.seals_wanted & bit(holder)) != 0) return;
  state.seals_wanted |= bit(holder);
  context.emit(SealLatch{static_cast<std::uint32_t>(holder), reason});
}

void on_resume(Context& context, const Command& command) {
  const State& state = context.state;
  const auto answer = [&](AnswerCode code, const Text& what) {
    context.emit(Answer{command.request, code, what});
  };
  if (command.holder >= static_cast<std::uint32_t>(Holder::kCount)) {
    return answer(AnswerCode::kNotFound, text("there is no such holder"));
  }
  const auto holder = static_cast<Holder>(command.holder);
  const Word word = state.latch();
  const std::uint64_t epoch = command.epoch != 0 ? command.epoch : word.epoch();
  if (epoch != word.epoch()) {
    return answer(AnswerCode::kConflict,
                  text("sealed again since: the epoch is ", word.epoch(), " now"));
  }
  if (!word.held_by(holder))
    return answer(AnswerCode::kNotFound, text("the latch is not held by that holder"));
  if (const char* why = refusal_of(state, holder, command))
    return answer(AnswerCode::kRefused, text(why));
  context.emit(OpenLatch{command.request, command.holder, epoch});
}

void on_cancel_all(Context& context, const Command& command) {
  context.emit(Answer{command.request, AnswerCode::kDone,
                      text("cancelling ", context.state.open_orders,
                           " open orders and what else stands on the account")});
  start_cancel_all(context, context.state.sequence_last.value);
}

void on_foreign(Context& context, const ForeignOrder& event) {
  State& state = context.state;
  ++state.counters.foreign;
  if (std::find(state.foreign.begin(), state.foreign.end(), event.venue_order) ==
      state.foreign.end()) {
    if (state.foreign.size() == kForeignKept) state.foreign.erase(state.foreign.begin());
    state.foreign.push_back(event.venue_order);
    context.alert(AlertKind::kForeignOrder,
                  text("an order that is not ours is open: ", event.venue_order.view(),
                       ", client id '", event.client_id.view(), "'"));
  }
  const Word word = state.latch();
  if (!word.sealed() || !stops_orders(word.holders())) return;
  state.cancel_all.active = true;  // the next Timer asks again
  state.cancel_all.foreign_seen = true;
}

void on_timer(Context& context) {
  State& state = context.state;
  for (unsigned i = 0; i < static_cast<unsigned>(Holder::kCount); ++i) {
    if ((state.seals_wanted >> i & 1) == 0) continue;
    context.emit(SealLatch{i, text(standing_reason(static_cast<Holder>(i)))});
  }
  CancelAll& all = state.cancel_all;
  if (!all.active) return;
  if (all.foreign_seen || anything_open_up_to(context, all.up_to)) {
    cancel_all_round(context);
  } else {
    all.active = false;
  }
}

void refresh_trading(State& state) {
  if (state.latch().sealed() || state.seals_wanted != 0 || state.reconciling) {
    state.trading = TradingState::kHalted;
  } else {
    state.trading = state.daily_loss_reached ? TradingState::kReducing : TradingState::kActive;
  }
}

}  // namespace levi::machine::latch_rules
