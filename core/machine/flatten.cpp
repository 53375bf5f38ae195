#include "core/machine/flatten.h"

#include "core/machine/orders.h"

namespace levi::machine::flatten {
namespace {

Quantity magnitude(const Position& position) {
  return position.quantity.value < 0 ? -position.quantity : position.quantity;
}

// A position below the venue's minimum can't be closed by an order.
bool in_scope(const Flatten& grant, const Instrument& instrument) {
  return instrument.defined && instrument.position.quantity.value != 0 &&
         magnitude(instrument.position) >= instrument.definition.quantity_min &&
         (grant.all_symbols || instrument.definition.symbol == grant.symbol);
}

// Nothing that could still change the position under the order.
bool at_rest(const Instrument& instrument) {
  return instrument.open_orders == 0 && instrument.unsettled_orders == 0;
}

void send_one(Context& context, const Instrument& instrument) {
  const Position& position = instrument.position;
  const bool longs = position.quantity.value > 0;
  Order order;
  order.kind = OrderKind::kFlatten;
  order.symbol = instrument.definition.symbol;
  order.side = longs ? Side::kSell : Side::kBuy;
  order.type = OrderType::kImmediateOrCancel;
  order.price = longs ? instrument.top.bid_price : instrument.top.ask_price;
  order.quantity = magnitude(position);
  if (order.price.value == 0) return;  // no such side in the book: next time
  if (orders::place(context, order)) ++context.state.flatten.orders_sent;
}

}  // namespace

void on_command(Context& context, const Command& command) {
  State& state = context.state;
  const auto answer = [&](AnswerCode code, const Text& what) {
    context.emit(Answer{command.request, code, what});
  };
  const latch::Word word = state.latch();
  if (!word.sealed())
    return answer(AnswerCode::kConflict, text("not sealed: flatten closes positions while sealed"));
  if (command.epoch != 0 && command.epoch != word.epoch()) {
    return answer(AnswerCode::kConflict,
                  text("sealed again since: the epoch is ", word.epoch(), " now"));
  }
  if (!command.all_symbols && find_instrument(state, command.symbol) == nullptr) {
    return answer(AnswerCode::kNotFound, text("there is no such symbol"));
  }
  Flatten grant{.active = true,
                .all_symbols = command.all_symbols,
                .symbol = command.symbol,
                .epoch = word.epoch(),
                .orders_max = 0,
                .orders_sent = 0};
  std::uint32_t positions = 0;
  for (const Instrument& instrument : state.instruments)
    positions += in_scope(grant, instrument) ? 1 : 0;
  if (positions == 0)
    return answer(AnswerCode::kNotFound,
                  text("there is no open position that an order could close"));
  grant.orders_max = positions * kFlattenTriesMax;
  state.flatten = grant;
  context.emit(GrantFlatten{grant.epoch, grant.orders_max});
  answer(AnswerCode::kDone,
         text("closing ", positions, " positions with at most ", grant.orders_max, " orders"));
  advance(context);
}

void advance(Context& context) {
  State& state = context.state;
  Flatten& grant = state.flatten;
  if (!grant.active || state.reconciling) return;
  std::uint32_t left = 0;
  for (const Instrument& instrument : state.instruments) {
    if (!in_scope(grant, instrument)) continue;
    ++left;
    if (grant.orders_sent < grant.orders_max && at_rest(instrument)) send_one(context, instrument);
  }
  if (left == 0) grant.active = false;
  if (left == 0 || grant.orders_sent < grant.orders_max || state.open_orders != 0) return;
  grant.active = false;
  context.alert(AlertKind::kFlattenIncomplete, text(left, " positions are still open after ",
                                                    grant.orders_sent, " flatten orders"));
}

}  // namespace levi::machine::flatten
