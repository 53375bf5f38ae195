// What the trading thread does about each effect of the machine.
#include <spdlog/spdlog.h>

#include "core/base/sabotage.h"
#include "core/levid/trading.h"

namespace levi::levid {

void Trading::on_effect(const machine::SendOrder& effect) {
  if (!venue_ || !config_.live || stopping_) {
    apply(machine::OrderUnsent{effect.sequence, false});
    return;
  }
  if (sabotaged(Defence::kAsyncStore) && ports_.wait_for_store) ports_.wait_for_store(applied_);
  const bool flatten = effect.kind == OrderKind::kFlatten;
  venue_->gateway().send(effect, flatten ? flatten_epoch_ : 0);
  if (set_off_.ns > 0) status_.tick_to_order.record(clock_.now() - set_off_);
}

void Trading::on_effect(const machine::CancelOrder& effect) {
  if (venue_) venue_->gateway().cancel(effect);
}

void Trading::on_effect(const machine::CancelAllOpen&) {
  if (!venue_) return;
  std::vector<SymbolId> symbols;
  for (const auto& instrument : machine_.state().instruments) {
    if (instrument.defined) symbols.push_back(instrument.definition.symbol);
  }
  venue_->gateway().cancel_all(symbols);
}

void Trading::on_effect(const machine::QueryOrder& effect) {
  if (venue_) venue_->gateway().query(effect);
}

void Trading::on_effect(const machine::QueryTrades& effect) {
  if (venue_) venue_->gateway().query_trades(effect);
}

void Trading::on_effect(const machine::StartEngine& effect) {
  if (stopping_) return;
  if (hub_) {
    hub_->start_engine(effect, clock_.now());
  } else {
    engine_effects_waiting_.push_back(effect);
  }
}

void Trading::on_effect(const machine::StopEngine& effect) {
  if (hub_) {
    hub_->stop_engine(effect.engine);
  } else {
    engine_effects_waiting_.push_back(effect);
  }
}

void Trading::on_effect(const machine::ResyncBook& effect) {
  if (venue_) venue_->market().resync(effect.symbol);
}

void Trading::on_effect(const machine::PollRest& effect) {
  if (venue_) venue_->market().set_polling(effect.source, effect.on);
}

void Trading::on_effect(const machine::SealLatch& effect) {
  // This thread is the sender, so nothing can be in flight: no drain.
  latch_.seal(static_cast<latch::Holder>(effect.holder), "levid", effect.reason.view(),
              os::wall_now(), Nanos{0});
  look_at_latch();
}

void Trading::on_effect(const machine::OpenLatch& effect) {
  const auto holder = static_cast<latch::Holder>(effect.holder);
  if (const char* why = refusal_to_open(holder)) {
    return answer(effect.request, machine::AnswerCode::kRefused, why);
  }
  // The command's record is in the ring: the journal knows of the opening before the word does.
  const auto released = latch_.release(holder, effect.epoch);
  if (!released) {
    const bool conflict = released.error().code == ErrorCode::kConflict;
    answer(effect.request,
           conflict ? machine::AnswerCode::kConflict : machine::AnswerCode::kRefused,
           released.error().message);
    return;
  }
  answer(effect.request, machine::AnswerCode::kDone,
         released.value().sealed() ? "released; still sealed by another holder"
                                   : "released; trading is open");
  look_at_latch();
}

void Trading::on_effect(const machine::Answer& effect) {
  answer(effect.request, effect.code, effect.text.view());
}

void Trading::on_effect(const machine::GrantFlatten& effect) { flatten_epoch_ = effect.epoch; }

void Trading::on_effect(const machine::EngineUpdate& effect) {
  if (hub_) {
    hub_->on_update(effect, clock_.now());
  } else {
    engine_effects_waiting_.push_back(effect);
  }
}

void Trading::on_effect(const machine::Alert& effect) {
  spdlog::error("alert: {}", effect.text.view());
}

}  // namespace levi::levid
