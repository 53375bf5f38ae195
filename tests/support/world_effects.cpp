// How the modelled world carries out the machine's effects, and what it says at a reconciliation.
#include <algorithm>

#include "tests/support/event_stream.h"

namespace levi::test {

void EventStream::carry_out(const Effects& effects) {
  for (const Effect& effect : effects) {
    std::visit([this](const auto& one) { on(one); }, effect);
  }
}

void EventStream::on(const SendOrder& effect) {
  VenueOrder& order = venue_.note(effect, incarnation_);
  if (!latch_.passes(effect.kind) || (!calm_ && venue_.chance(3))) {
    order.dead = true;
    air_.push_back(OrderUnsent{effect.sequence, !latch_.passes(effect.kind)});
    return;
  }
  const std::uint64_t fate = calm_ ? 0 : below(100);
  if (fate < 85) {
    PracticeVenue::arrive(order);
    air_.push_back(VenueAck{effect.sequence, order.id()});
  } else if (fate < 90) {
    order.dead = true;
    VenueRejected rejected;
    rejected.sequence = effect.sequence;
    rejected.code = 30004;
    rejected.reason = "insufficient position";
    air_.push_back(rejected);
  } else {
    if (fate < 96) PracticeVenue::arrive(order);
    air_.push_back(VenueUnknown{effect.sequence, UnknownWhy::kTimeout});
  }
  if (effect.kind == OrderKind::kFlatten && order.open) {  // immediate or cancel
    if (venue_.chance(70)) air_.push_back(venue_.execute(order));
    close(order);
  }
}

// Closes it and says so, mostly.
void EventStream::close(VenueOrder& order) {
  if (!order.open) return;
  order.open = false;
  if (calm_ || !venue_.chance(8)) air_.push_back(VenueCanceled{order.sequence, order.executed});
}

void EventStream::on(const CancelOrder& effect) {
  VenueOrder* order = venue_.find(effect.sequence);
  if (order != nullptr && order->open) {
    close(*order);
  } else if (!venue_.chance(20)) {
    air_.push_back(CancelFailed{effect.sequence, -2011});
  }
}

void EventStream::on(const CancelAllOpen&) {
  for (auto& [sequence, order] : venue_.orders()) {
    if (order.open) close(order);
  }
}

void EventStream::on(const QueryOrder& effect) {
  VenueOrderState state = venue_.state_of(effect.sequence, effect.symbol);
  if (state.status == VenueStatus::kNotFound) state.not_found_final = calm_ || venue_.chance(50);
  if (state.not_found_final) venue_.never_arrives(effect.sequence);
  if (calm_ || !venue_.chance(10)) air_.push_back(state);
}

void EventStream::on(const QueryTrades& effect) {
  const VenueOrder* order = venue_.find(effect.sequence);
  if (order == nullptr) return;
  for (const VenueFill& trade : order->trades) air_.push_back(trade);
}

void EventStream::on(const StartEngine& effect) {
  if (!calm_ && venue_.chance(5)) {
    EngineDown down;
    down.engine = effect.engine;
    down.engine_incarnation = effect.engine_incarnation;
    down.why = EngineDownWhy::kSpawnFailed;
    air_.push_back(down);
    return;
  }
  EngineUp up;
  up.engine = effect.engine;
  up.engine_incarnation = effect.engine_incarnation;
  up.pid = 1000 + effect.engine.value;
  up.takeover = up.image = effect.engine_incarnation.value > 1 && venue_.chance(60);
  air_.push_back(up);
}

void EventStream::on(const StopEngine& effect) {
  EngineDown down;
  down.engine = effect.engine;
  down.engine_incarnation = machine_.state().engines[effect.engine.value].incarnation;
  down.why = EngineDownWhy::kStopped;
  air_.push_back(down);
}

void EventStream::on(const SealLatch& effect) {
  if (!calm_ && venue_.chance(10)) return;  // died between step and deed
  latch_.seal(static_cast<latch::Holder>(effect.holder));
  see_latch();
}

void EventStream::on(const OpenLatch& effect) {
  if (latch_.release(effect.holder, effect.epoch)) see_latch();
}

void EventStream::on(const PollRest& effect) {
  if (!effect.on) return;
  FeedUp up;
  up.source = effect.source;
  up.connection = connection_;
  up.polling = true;
  air_.push_back(up);
}

void EventStream::see_latch() {
  LatchSeen seen;
  seen.word = latch_.word().raw;
  seen.sequence_last = machine_.state().sequence_last.value;
  seen.holders_new = latch_.word().holders();
  seen.reason = "a test";
  seen.actor = "chaos:1";
  scheduled_.push_back(seen);
}

void EventStream::schedule_reconciliation(bool complete) {
  scheduled_.push_back(ReconcileStarted{});
  ReconcileDone done;
  for (auto& [sequence, order] : venue_.orders()) {
    const bool wanted = order.arrived || machine_.state().orders.count(sequence) != 0;
    if (!wanted || (!complete && below(100) < 30)) continue;
    ++done.orders_checked;
    scheduled_.push_back(venue_.state_of(order.sequence, order.symbol));
    if (!order.arrived) venue_.never_arrives(order.sequence);
    for (const VenueFill& trade : order.trades) scheduled_.push_back(trade);
  }
  if (!complete) done.unsettled = 1;
  scheduled_.push_back(done);
}

// A recent event with a few of its bytes changed, as far as it still passes `check`.
Event EventStream::nonsense() {
  constexpr int kAttempts = 30;
  for (int attempt = 0; attempt < kAttempts && !history_.empty(); ++attempt) {
    const Event& model = history_[below(history_.size())];
    std::string bytes(event_bytes(model));
    for (std::uint64_t i = 1 + below(3); i > 0; --i) {
      bytes[below(bytes.size())] = static_cast<char>(venue_.chance(30) ? below(256) : below(4));
    }
    const auto event = event_from(event_type(model), bytes);
    if (event) return event.value();
  }
  return tick();
}

}  // namespace levi::test
