#include "core/machine/quotes.h"

#include "core/machine/orders.h"

namespace levi::machine::quotes {
namespace {

// While reconciling no engine may trade, so none moves its quotes, and the market does not wait.
bool reconciles_for_long(const State& state) {
  return state.reconciling && state.now - state.reconciling_since > state.limits.data_age_max;
}

bool is_stale(const State& state, const Instrument& instrument) {
  return state.now - instrument.last_data > state.limits.data_age_max;
}

}  // namespace

void on_timer(Context& context) {
  const State& state = context.state;
  const bool unattended = reconciles_for_long(state);
  for (const std::uint64_t sequence : context.indexes.pending) {
    Order& order = context.state.orders.at(sequence);
    if (order.cancel_requested || order.engine == kNoEngine) continue;
    if (unattended || is_stale(state, state.instruments[order.symbol.value]))
      orders::request_cancel(context, order);
  }
}

}  // namespace levi::machine::quotes
