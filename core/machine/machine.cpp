#include "core/machine/machine.h"

#include "core/base/check.h"
#include "core/machine/config.h"
#include "core/machine/derived.h"
#include "core/machine/engines.h"
#include "core/machine/flatten.h"
#include "core/machine/impl.h"
#include "core/machine/latch_rules.h"
#include "core/machine/market_data.h"
#include "core/machine/orders.h"
#include "core/machine/positions.h"
#include "core/machine/quotes.h"
#include "core/machine/reconcile.h"
#include "core/machine/risk.h"

namespace levi::machine {
namespace {

void on_command(Context& context, const Command& command) {
  switch (command.kind) {
    case CommandKind::kResume:
      return latch_rules::on_resume(context, command);
    case CommandKind::kEngineStart:
      return engines::on_start_command(context, command);
    case CommandKind::kEngineStop:
      return engines::on_stop_command(context, command);
    case CommandKind::kEngineRestart:
      return engines::on_restart_command(context, command);
    case CommandKind::kFlatten:
      return flatten::on_command(context, command);
    case CommandKind::kCancelAll:
      return latch_rules::on_cancel_all(context, command);
  }
}

void on_chaos(State& state, const ChaosMark& mark) {
  if (mark.begin || mark.run == state.chaos.run) state.chaos = mark;
}

// One overload for each event: who handles it.
struct Dispatch {
  Context& c;

  void operator()(const Started& e) const { config::on_started(c, e); }
  void operator()(const Limits& e) const { config::on_limits(c, e); }
  void operator()(const InstrumentDefined& e) const { config::on_instrument(c, e); }
  void operator()(const EngineDefined& e) const { engines::on_defined(c, e); }
  void operator()(const TopOfBook& e) const { market_data::on_top_of_book(c, e); }
  void operator()(const Deal& e) const { market_data::on_deal(c, e); }
  void operator()(const BookGap& e) const { market_data::on_gap(c, e); }
  void operator()(const FeedUp& e) const { market_data::on_feed_up(c, e); }
  void operator()(const FeedDown& e) const { market_data::on_feed_down(c, e); }
  void operator()(const Intent& e) const { risk::on_intent(c, e); }
  void operator()(const EngineUp& e) const { engines::on_up(c, e); }
  void operator()(const EngineDown& e) const { engines::on_down(c, e); }
  void operator()(const VenueAck& e) const { orders::on_ack(c, e); }
  void operator()(const VenueFill& e) const { orders::on_fill(c, e); }
  void operator()(const VenueCanceled& e) const { orders::on_canceled(c, e); }
  void operator()(const VenueRejected& e) const { orders::on_rejected(c, e); }
  void operator()(const VenueUnknown& e) const { orders::on_unknown(c, e); }
  void operator()(const OrderUnsent& e) const { orders::on_unsent(c, e); }
  void operator()(const VenueOrderState& e) const { orders::on_state(c, e); }
  void operator()(const CancelFailed& e) const { orders::on_cancel_failed(c, e); }
  void operator()(const ForeignOrder& e) const { latch_rules::on_foreign(c, e); }
  void operator()(const ReconcileStarted& e) const { reconcile::on_started(c, e); }
  void operator()(const ReconcileDone& e) const { reconcile::on_done(c, e); }
  void operator()(const Command& e) const { on_command(c, e); }
  void operator()(const LatchSeen& e) const { latch_rules::on_seen(c, e); }
  void operator()(const Timer&) const {
    orders::on_timer(c);
    market_data::on_timer(c);
    quotes::on_timer(c);
    latch_rules::on_timer(c);
    reconcile::on_timer(c);  // behind the latch's, which would ask a second time
    flatten::advance(c);
    engines::on_timer(c);
  }
  void operator()(const ChaosMark& e) const { on_chaos(c.state, e); }
  void operator()(const StoreState& e) const { c.state.store = e; }
};

}  // namespace

Machine::Machine() : impl_(std::make_unique<Impl>()) {}
Machine::~Machine() = default;
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;

void Machine::step(const Event& event, Instant now, Effects& effects) {
  State& state = impl_->state;
  LEVI_CHECK(valid_instant(now) && now >= state.now);
  state.now = now;
  ++state.counters.events;
  positions::roll_day(state);
  Context context{state, impl_->indexes, effects, impl_->retired};
  std::visit(Dispatch{context}, event);
  latch_rules::refresh_trading(state);
  derived::retire(context);
}

void Machine::keep_retired(std::vector<Order>* sink) { impl_->retired = sink; }

const State& Machine::state() const { return impl_->state; }

}  // namespace levi::machine
