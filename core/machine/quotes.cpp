#include "core/machine/quotes.h"

#include "core/machine/market_data.h"
#include "core/machine/orders.h"
#include "core/machine/risk.h"

namespace levi::machine::quotes {
namespace {

// While reconciling no engine may trade, so none moves its quotes, and the market does not wait.
bool reconciles_for_long(const State& state) {
  return state.reconciling && state.now - state.reconciling_since > state.limits.data_age_max;
}

bool is_stale(const State& state, const Instrument& instrument) {
  return state.now - instrument.last_data > state.limits.data_age_max;
}

// What fills of that side do is known nevertheless: they close the position, and no more than it.
bool is_unknowable(const State& state, const Order& order) {
  return !risk::only_reduces(state.instruments[order.symbol.value], order.side, Quantity{0});
}

}  // namespace

void on_timer(Context& context) {
  const State& state = context.state;
  const bool unattended = reconciles_for_long(state);
  const bool blind = market_data::private_feed_lost(state);
  for (const std::uint64_t sequence : context.indexes.pending) {
    Order& order = context.state.orders.at(sequence);
    if (order.cancel_requested || order.engine == kNoEngine) continue;
    if (unattended || is_stale(state, state.instruments[order.symbol.value]) ||
        (blind && is_unknowable(state, order)))
      orders::request_cancel(context, order);
  }
}

}  // namespace levi::machine::quotes
