// What is asked again, and how often: queries of unknown orders and of such that miss fills,
// cancels that had no effect.
#include <algorithm>

#include "core/machine/derived.h"
#include "core/machine/orders.h"

namespace levi::machine::orders {
namespace {

constexpr Nanos kPause{900ms};  // less than a Timer's period: it jitters
constexpr Nanos kPauseLong{10s};
constexpr std::uint32_t kQueriesOften = 8;  // then the long pause
constexpr std::uint32_t kQueriesBeforeAlert = 5;
constexpr Nanos kCancelPause{1900ms};
constexpr Nanos kInFlightMax{
    10s};  // the gateway answers every order within its own, shorter, time-out

bool due(const Order& order, Instant now) {
  const Nanos pause = order.queries < kQueriesOften ? kPause : kPauseLong;
  return now - order.asked >= pause;
}

void look_at(Context& context, Order& order) {
  const Instant now = context.now();
  if (order.state == OrderState::kInFlight && now - order.created >= kInFlightMax) {
    ++context.state.counters.unknown;
    derived::change(context, order, [](Order& o) {
      o.state = OrderState::kUnknown;
      o.queries = 0;
    });
    notify(context, order, OrderUpdateKind::kUnknown, order.price, order.quantity);
  }
  const bool live = !is_terminal(order.state);
  if (live && order.cancel_requested && now - order.cancel_asked >= kCancelPause)
    request_cancel(context, order);
  // While reconciling, the shell asks for everything in its own order.
  if (context.state.reconciling || !due(order, now)) return;
  if (order.state == OrderState::kUnknown) return ask(context, order);
  const bool may_be_on_its_way = !live && now - order.changed < kPause;
  if (misses_fills(order) && !may_be_on_its_way) ask_for_fills(context, order);
}

void count_question(Context& context, Order& order, const char* what) {
  order.asked = context.now();
  ++order.queries;
  if (order.queries != kQueriesBeforeAlert) return;
  context.alert(AlertKind::kOrderUnknown, text("order ", order.sequence.value, " is still ", what,
                                               " after ", order.queries, " queries"));
}

}  // namespace

void ask(Context& context, Order& order) {
  if (is_terminal(order.state)) return ask_for_fills(context, order);
  context.emit(QueryOrder{order.sequence, order.symbol, order.incarnation, order.kind});
  count_question(context, order, "unknown");
}

void ask_for_fills(Context& context, Order& order) {
  context.emit(
      QueryTrades{order.sequence, order.symbol, order.incarnation, order.kind, order.venue_order});
  count_question(context, order, "missing fills");
}

void on_timer(Context& context) {
  // None of what is done here settles an order, so `pending` keeps its length.
  for (const std::uint64_t sequence : context.indexes.pending)
    look_at(context, context.state.orders.at(sequence));
}

}  // namespace levi::machine::orders
