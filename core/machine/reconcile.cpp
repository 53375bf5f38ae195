#include "core/machine/reconcile.h"

#include <algorithm>

#include "core/machine/derived.h"
#include "core/machine/latch_rules.h"
#include "core/machine/orders.h"

namespace levi::machine::reconcile {
namespace {

constexpr std::uint32_t kLiveOrdersMax = 2'000;  // four times what the venue allows to be open
constexpr Nanos kOverdueAfter{60s};              // many times what every question together takes

auto find_hole(State& state, std::uint64_t sequence) {
  return std::find_if(state.holes.begin(), state.holes.end(), [&](const SequenceRange& hole) {
    return sequence >= hole.first && sequence <= hole.last;
  });
}

// Sequences between the last one of ours and `sequence` were lost too, or never sent: adoptable
// until shown otherwise.
void take_beyond_last(State& state, std::uint64_t sequence) {
  const std::uint64_t next = state.sequence_last.value + 1;
  if (sequence > next) {
    if (state.holes.size() == kHolesMax) state.holes.erase(state.holes.begin());
    state.holes.push_back({next, sequence - 1});
  }
  state.sequence_last = {sequence};
}

void take_from_hole(State& state, std::vector<SequenceRange>::iterator hole,
                    std::uint64_t sequence) {
  const SequenceRange whole = *hole;
  const auto at = state.holes.erase(hole);
  SequenceRange parts[2];
  std::size_t count = 0;
  if (whole.first < sequence) parts[count++] = {whole.first, sequence - 1};
  if (sequence < whole.last) parts[count++] = {sequence + 1, whole.last};
  state.holes.insert(at, parts, parts + count);
}

// True once the sequence has been taken for an order that this journal lost.
bool claim(Context& context, OrderSequence sequence, Incarnation incarnation, SymbolId symbol) {
  State& state = context.state;
  const auto hole = find_hole(state, sequence.value);
  const bool beyond = sequence > state.sequence_last;
  if (!beyond && hole == state.holes.end()) return false;  // retired, hence settled
  const bool plausible = incarnation.value != 0 && sequence.value != 0 &&
                         find_instrument(state, symbol) != nullptr &&
                         state.open_orders + state.unsettled_orders < kLiveOrdersMax;
  // This incarnation's own orders are in the ring that this process writes: none of them can be
  // lost.
  if (!plausible || incarnation >= state.started.incarnation) {
    const Text what = text("the venue knows an order ", sequence.value, " of incarnation ",
                           incarnation.value, " that the journal can't have lost");
    context.alert(AlertKind::kReconcileUnsettled, what);
    latch_rules::want_seal(context, latch::Holder::kReconcile, what);
    return false;
  }
  if (beyond) {
    take_beyond_last(state, sequence.value);
  } else {
    take_from_hole(state, hole, sequence.value);
  }
  return true;
}

Order& insert(Context& context, Order order) {
  ++context.state.counters.adopted;
  order.created = order.changed = context.now();
  context.alert(AlertKind::kReconcileUnsettled,
                text("order ", order.sequence.value, " of incarnation ", order.incarnation.value,
                     " is missing in the journal: adopted, and cancelled where it is open"));
  Order& stored =
      context.state.orders.emplace(order.sequence.value, std::move(order)).first->second;
  derived::added(context, stored);
  return stored;
}

// What the private feed missed before it came up was asked for since; where the journal was in
// trouble, it may have dropped fills that came.
bool hears_of_every_fill(const State& state) {
  if (state.reconciling || state.reconcile_unsettled != 0 ||
      state.latch().held_by(latch::Holder::kJournal) ||
      kPrivateSource.value >= state.feeds.size()) {
    return false;
  }
  const Feed& feed = state.feeds[kPrivateSource.value];
  return feed.up && feed.since <= state.reconciling_to;
}

}  // namespace

void begin(State& state) {
  state.reconciling = true;
  state.reconciling_since = state.now;
  state.reconcile_overdue = false;
}

void on_started(Context& context, const ReconcileStarted& event) {
  State& state = context.state;
  if (!state.reconciling) begin(state);
  // One that looks at a part only leaves the rest to the next.
  const bool whole = event.since <= state.reconciled_to;
  state.reconciling_to = whole ? state.now : state.reconciled_to;
}

void on_done(Context& context, const ReconcileDone& event) {
  State& state = context.state;
  const bool at_start = !state.start_settled;
  state.reconciling = false;
  state.start_settled = true;
  state.reconcile_unsettled = event.unsettled;
  if (event.unsettled == 0)
    state.reconciled_to = std::max(state.reconciled_to, state.reconciling_to);
  for (const std::uint64_t sequence : context.indexes.pending) {
    Order& order = state.orders.at(sequence);
    const Engine* engine = find_engine(state, order.engine);
    const bool orphan = engine == nullptr || !engine->wanted || !engine->definition.enabled ||
                        engine->state == EngineState::kFailed;
    if (orphan && !order.cancel_requested && order.kind != OrderKind::kFlatten)
      orders::request_cancel(context, order);
  }
  if (unsettled(state) == 0 || !at_start)
    return;  // in mid-run the symbols concerned are blocked, and asked about
  const Text what = text(state.unknown_orders, " orders unknown, ", state.unsettled_orders,
                         " missing fills, ", event.unsettled, " unsettled by the venue's answers");
  context.alert(AlertKind::kReconcileUnsettled, what);
  latch_rules::want_seal(context, latch::Holder::kReconcile, what);
}

void on_timer(Context& context) {
  State& state = context.state;
  if (hears_of_every_fill(state)) state.reconciled_to = state.now;
  // A start waits for its venue as long as it takes: nothing was placed since.
  const bool in_run = state.reconciling && state.start_settled;
  if (!in_run || state.reconcile_overdue || state.now - state.reconciling_since < kOverdueAfter)
    return;
  state.reconcile_overdue = true;
  const Text what = text("the venue has not answered for ", kOverdueAfter / 1s,
                         " s what happened while its pushes were missed");
  context.alert(AlertKind::kReconcileUnsettled, what);
  latch_rules::want_seal(context, latch::Holder::kReconcile, what);
}

Order* adopt(Context& context, const VenueFill& fill) {
  if (!claim(context, fill.sequence, fill.incarnation, fill.symbol)) return nullptr;
  Order order;
  order.sequence = fill.sequence;
  order.incarnation = fill.incarnation;
  order.kind = fill.kind;
  order.symbol = fill.symbol;
  order.side = fill.side;
  order.price = fill.price;
  order.state =
      OrderState::kUnknown;  // how much was ordered is not known: quantity 0 until it is asked
  Order& stored = insert(context, std::move(order));
  orders::request_cancel(context, stored);
  orders::ask(context, stored);
  return &stored;
}

Order* adopt(Context& context, const VenueOrderState& state) {
  if (state.status == VenueStatus::kNotFound) return nullptr;
  if (!claim(context, state.sequence, state.incarnation, state.symbol)) return nullptr;
  Order order;
  order.sequence = state.sequence;
  order.incarnation = state.incarnation;
  order.kind = state.kind;
  order.symbol = state.symbol;
  order.side = state.side;
  order.type = state.type;
  order.price = state.price;
  order.quantity = state.quantity;
  order.venue_order = state.venue_order;
  order.state = OrderState::kUnknown;
  Order& stored = insert(context, std::move(order));
  const bool open = state.status == VenueStatus::kNew || state.status == VenueStatus::kPartlyFilled;
  if (open) orders::request_cancel(context, stored);
  return &stored;
}

}  // namespace levi::machine::reconcile
