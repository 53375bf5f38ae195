#include "core/machine/derived.h"

#include <algorithm>

#include "core/base/check.h"

namespace levi::machine::derived {
namespace {

constexpr std::size_t kRetireBatch = 256;  // one walk over the old live orders serves so many

bool occupied(const Instrument& instrument, Quantity position) {
  return position.value != 0 || instrument.open_orders != 0 || instrument.unsettled_orders != 0;
}

// Modulo 2^64: no stream of hostile quantities is undefined, and what was added is always taken off
// again exactly.
void add_wrapping(Quantity& to, Quantity value, bool plus) {
  const auto a = static_cast<std::uint64_t>(to.value);
  const auto b = static_cast<std::uint64_t>(value.value);
  to.value = static_cast<std::int64_t>(plus ? a + b : a - b);
}

void count(std::uint32_t& counter, bool before, bool after) {
  if (before != after) counter += after ? 1u : ~0u;
}

void index_pending(Indexes& indexes, std::uint64_t sequence, bool before, bool after) {
  if (before == after) return;
  auto& pending = indexes.pending;
  const auto at = std::lower_bound(pending.begin(), pending.end(), sequence);
  if (after) {
    pending.insert(at, sequence);
  } else {
    LEVI_CHECK(at != pending.end() && *at == sequence);
    pending.erase(at);
  }
}

void index_tag(Indexes& indexes, const Order& order, bool before, bool after) {
  if (before == after || order.engine == kNoEngine) return;
  if (order.engine.value >= indexes.tags.size())
    indexes.tags.resize(order.engine.value + std::size_t{1});
  auto& tags = indexes.tags[order.engine.value];
  if (after) {
    tags.push_back({order.tag, order.sequence.value});
    return;
  }
  const auto at = std::find_if(tags.begin(), tags.end(), [&](const Indexes::Tag& tag) {
    return tag.sequence == order.sequence.value;
  });
  LEVI_CHECK(at != tags.end());
  tags.erase(at);
}

}  // namespace

Share share_of(const Order& order) {
  Share share;
  share.open = !is_terminal(order.state);
  share.unknown = order.state == OrderState::kUnknown;
  share.unsettled = !share.open && !is_settled(order);
  const Quantity end = share.open ? order.quantity : order.executed_venue;
  if ((share.open || share.unsettled) && end > order.filled) share.pending = end - order.filled;
  return share;
}

void replace(Context& context, const Order& order, const Share& before, const Share& after) {
  State& state = context.state;
  Instrument& instrument = state.instruments[order.symbol.value];
  const bool occupied_before = occupied(instrument, instrument.position.quantity);
  count(instrument.open_orders, before.open, after.open);
  count(state.open_orders, before.open, after.open);
  count(instrument.unknown_orders, before.unknown, after.unknown);
  count(state.unknown_orders, before.unknown, after.unknown);
  count(instrument.unsettled_orders, before.unsettled, after.unsettled);
  count(state.unsettled_orders, before.unsettled, after.unsettled);
  Quantity& pending = order.side == Side::kBuy ? instrument.buy_pending : instrument.sell_pending;
  add_wrapping(pending, before.pending, false);
  add_wrapping(pending, after.pending, true);
  count(state.occupied_symbols, occupied_before,
        occupied(instrument, instrument.position.quantity));
  const bool pending_before = before.open || before.unsettled;
  const bool pending_after = after.open || after.unsettled;
  index_pending(context.indexes, order.sequence.value, pending_before, pending_after);
  index_tag(context.indexes, order, before.open, after.open);
  if (pending_before && !pending_after) ++context.indexes.settled;
  if (!pending_before && pending_after) --context.indexes.settled;
}

void added(Context& context, const Order& order) {
  ++context.indexes.settled;  // as if it had been settled: `replace` takes it off again
  replace(context, order, Share{}, share_of(order));
}

void position_changed(State& state, const Instrument& instrument, Quantity before) {
  const Quantity after = instrument.position.quantity;
  count(state.open_positions, before.value != 0, after.value != 0);
  count(state.occupied_symbols, occupied(instrument, before), occupied(instrument, after));
}

void retire(Context& context) {
  if (context.indexes.settled <= kTerminalOrdersKept + kRetireBatch) return;
  auto& orders = context.state.orders;
  for (auto it = orders.begin();
       it != orders.end() && context.indexes.settled > kTerminalOrdersKept;) {
    if (is_settled(it->second)) {
      if (context.retired) context.retired->push_back(std::move(it->second));
      it = orders.erase(it);
      --context.indexes.settled;
    } else {
      ++it;
    }
  }
}

void rebuild(State& state, Indexes& indexes) {
  indexes = {};
  state.open_orders = state.unknown_orders = state.unsettled_orders = 0;
  state.open_positions = state.occupied_symbols = 0;
  for (Instrument& instrument : state.instruments) {
    instrument.open_orders = instrument.unknown_orders = instrument.unsettled_orders = 0;
    instrument.buy_pending = instrument.sell_pending = {};
    position_changed(state, instrument, Quantity{0});
  }
  Effects none;
  Context context{state, indexes, none};
  for (const auto& [sequence, order] : state.orders) added(context, order);
}

}  // namespace levi::machine::derived
