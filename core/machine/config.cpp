#include "core/machine/config.h"

#include <iterator>

#include "core/machine/derived.h"
#include "core/machine/engines.h"
#include "core/machine/latch_rules.h"
#include "core/machine/market_data.h"
#include "core/machine/orders.h"
#include "core/machine/positions.h"
#include "core/machine/reconcile.h"

namespace levi::machine::config {
namespace {

bool same_steps(const InstrumentDefined& a, const InstrumentDefined& b) {
  return a.price_exponent == b.price_exponent && a.quantity_exponent == b.quantity_exponent;
}

// Settled orders of the symbol count in the old steps: with the new ones they would be lies. Their
// fills are all seen.
void forget_settled_orders_of(Context& context, SymbolId symbol) {
  auto& orders = context.state.orders;
  for (auto it = orders.begin(); it != orders.end();) {
    const bool goes = it->second.symbol == symbol && is_settled(it->second);
    if (goes && context.retired) context.retired->push_back(std::move(it->second));
    it = goes ? orders.erase(it) : std::next(it);
    if (goes) --context.indexes.settled;
  }
}

void refuse(Context& context, Instrument& instrument, const char* why) {
  instrument.definition.tradable = false;
  context.alert(AlertKind::kDefinitionRefused, text(instrument.definition.name.view(), ": ", why));
}

// The same journal under another instance's name: its folder was copied.
void take_ancestor(State& state, const Started& event) {
  const Started& before = state.started;
  if (before.instance.empty() || before.instance == event.instance) return;
  if (state.ancestors.size() == kAncestorsMax) state.ancestors.erase(state.ancestors.begin());
  state.ancestors.push_back({before.instance, before.incarnation, state.sequence_last});
}

}  // namespace

void on_started(Context& context, const Started& event) {
  State& state = context.state;
  take_ancestor(state, event);
  state.started = event;
  state.started_at = state.now;
  if (state.reconciled_to.ns == 0) state.reconciled_to = state.now;  // a new journal: no fills yet
  reconcile::begin(state);
  state.start_settled = false;
  market_data::on_core_started(context);
  orders::all_unknown(context);
  latch_rules::on_started(context, event.latch_word);
  engines::on_core_started(context);
}

void on_limits(Context& context, const Limits& event) {
  context.state.limits = event;
  positions::check_daily_loss(context);
}

void on_instrument(Context& context, const InstrumentDefined& event) {
  auto& all = context.state.instruments;
  if (event.symbol.value >= all.size()) all.resize(event.symbol.value + std::size_t{1});
  Instrument& instrument = all[event.symbol.value];
  if (instrument.defined && instrument.definition.name != event.name) {
    return refuse(context, instrument, "another name was given to its id");
  }
  if (instrument.defined && !same_steps(instrument.definition, event)) {
    if (instrument.position.quantity.value != 0 || instrument.open_orders != 0 ||
        instrument.unsettled_orders != 0) {
      return refuse(context, instrument,
                    "the venue changed its steps while there are positions or orders in it");
    }
    forget_settled_orders_of(context, event.symbol);
    instrument.top = {};
    instrument.last_deal = {};
    instrument.book_valid = false;
  }
  instrument.defined = true;
  instrument.definition = event;
}

}  // namespace levi::machine::config
