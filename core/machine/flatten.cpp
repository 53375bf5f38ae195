#include "core/machine/flatten.h"

#include <algorithm>

#include "core/machine/orders.h"

namespace levi::machine::flatten {
namespace {

constexpr std::int64_t kSlipPart = 200;  // half a percent of the best price

Quantity magnitude(const Position& position) {
  return position.quantity.value < 0 ? -position.quantity : position.quantity;
}

bool is_long(const Instrument& instrument) { return instrument.position.quantity.value > 0; }

// Into the book by the slip at most; 0 where nobody stands on the other side.
Price price_of(const Instrument& instrument) {
  const TopOfBook& top = instrument.top;
  if (is_long(instrument)) return Price{top.bid_price.value - top.bid_price.value / kSlipPart};
  return Price{std::min(top.ask_price.value + top.ask_price.value / kSlipPart, kCountMax)};
}

// A position below the venue's minimum can't be closed by an order. What it is worth may be beyond
// counting, or not known yet: then it is no trifle.
bool is_trifle(const Instrument& instrument) {
  const InstrumentDefined& definition = instrument.definition;
  const Quantity quantity = magnitude(instrument.position);
  if (quantity < definition.quantity_min || quantity.value == 0) return true;
  const Price price = price_of(instrument);
  const auto worth =
      notional(price, quantity, definition.price_exponent, definition.quantity_exponent);
  return price.value != 0 && worth && worth.value() < definition.notional_min;
}

bool in_scope(const Flatten& grant, const Instrument& instrument) {
  return instrument.defined &&
         (grant.all_symbols || instrument.definition.symbol == grant.symbol) &&
         !is_trifle(instrument);
}

bool has_price(const State& state, const Instrument& instrument) {
  return instrument.book_valid && state.now - instrument.last_data <= state.limits.data_age_max &&
         price_of(instrument).value > 0;
}

bool is_spent(const Flatten& grant, const Instrument& instrument) {
  return grant.orders_sent >= grant.orders_max || instrument.flatten_tries >= kFlattenTriesMax;
}

// Nothing that could still change the position under the order.
bool at_rest(const Instrument& instrument) {
  return instrument.open_orders == 0 && instrument.unsettled_orders == 0;
}

void send_one(Context& context, Instrument& instrument) {
  Order order;
  order.kind = OrderKind::kFlatten;
  order.symbol = instrument.definition.symbol;
  order.side = is_long(instrument) ? Side::kSell : Side::kBuy;
  order.type = OrderType::kImmediateOrCancel;
  order.price = price_of(instrument);
  order.quantity = magnitude(instrument.position);
  if (!orders::place(context, order)) return;
  ++context.state.flatten.orders_sent;
  ++instrument.flatten_tries;
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
  for (Instrument& instrument : state.instruments) {
    instrument.flatten_tries = 0;
    positions += in_scope(grant, instrument) ? 1 : 0;
  }
  if (positions == 0)
    return answer(AnswerCode::kNotFound,
                  text("there is no open position that an order could close"));
  grant.orders_max = positions * kFlattenOrdersMax;
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
  std::uint32_t given_up = 0;
  for (Instrument& instrument : state.instruments) {
    if (!in_scope(grant, instrument)) continue;
    ++left;
    if (!at_rest(instrument)) continue;
    if (is_spent(grant, instrument)) {
      ++given_up;
    } else if (has_price(state, instrument)) {
      send_one(context, instrument);
    }
  }
  if (given_up < left) return;
  grant.active = false;
  if (left == 0) return;
  context.alert(AlertKind::kFlattenIncomplete, text(left, " positions are still open after ",
                                                    grant.orders_sent, " flatten orders"));
}

void on_fill(Instrument& instrument) { instrument.flatten_tries = 0; }

}  // namespace levi::machine::flatten
