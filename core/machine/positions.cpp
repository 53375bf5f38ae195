#include "core/machine/positions.h"

#include <algorithm>

#include "core/machine/derived.h"
#include "core/machine/latch_rules.h"

namespace levi::machine::positions {
namespace {

__extension__ typedef __int128 Wide;

constexpr std::int64_t kDayNs = 86'400'000'000'000;

bool fits(Wide value) { return value >= -Wide{kMoneyMax} && value <= Wide{kMoneyMax}; }

Wide wide(std::int64_t value) { return value; }

// What a fill does to a position, before it is known to fit.
struct Outcome {
  Wide quantity = 0;
  Wide cost = 0;
  Wide realised = 0;  // fee included
};

// `total` is the notional of the whole fill, `closing_value` that of the part that closes.
Outcome outcome(const Position& position, Side side, Quantity quantity, Quantity closing,
                Money total, Money closing_value, Money fee) {
  const Wide sign = side == Side::kBuy ? 1 : -1;
  const Wide open = wide(position.quantity.value);
  Wide cost_closed = 0;
  if (closing.value != 0) {
    const Wide magnitude = open < 0 ? -open : open;
    cost_closed = magnitude == closing.value
                      ? wide(position.cost.value)
                      : wide(position.cost.value) * closing.value / magnitude;
  }
  Outcome result;
  result.quantity = open + sign * quantity.value;
  result.cost =
      wide(position.cost.value) - cost_closed + sign * (wide(total.value) - closing_value.value);
  result.realised =
      (closing.value == 0 ? Wide{0} : -sign * closing_value.value - cost_closed) - fee.value;
  return result;
}

Quantity closing_part(const Position& position, Side side, Quantity quantity) {
  const bool shrinks =
      side == Side::kBuy ? position.quantity.value < 0 : position.quantity.value > 0;
  if (!shrinks) return Quantity{0};
  return std::min(quantity, position.quantity.value < 0 ? -position.quantity : position.quantity);
}

Price average_of(const Instrument& instrument) {
  const Position& position = instrument.position;
  if (position.quantity.value == 0) return Price{0};
  Wide above = position.cost.value < 0 ? -wide(position.cost.value) : wide(position.cost.value);
  Wide below =
      position.quantity.value < 0 ? -wide(position.quantity.value) : wide(position.quantity.value);
  const int shift = instrument.definition.price_exponent + instrument.definition.quantity_exponent -
                    kMoneyExponent;
  for (int i = 0; i < shift; ++i) above *= 10;  // 2^61 · 10^16 < 2^127
  for (int i = shift; i < 0; ++i) below *= 10;
  const Wide average = (above + below / 2) / below;
  return Price{fits(average) ? static_cast<std::int64_t>(average) : kMoneyMax};
}

void add_equity(State& state, Wide change) {
  const Wide equity = wide(state.equity.value) + change;
  // A sum over all symbols beyond 23 billion would be a wrong price somewhere: held at the bound,
  // never wrapped.
  state.equity.value =
      static_cast<std::int64_t>(std::clamp(equity, -Wide{kMoneyMax}, Wide{kMoneyMax}));
}

}  // namespace

bool apply_fill(Context& context, Instrument& instrument, Side side, Price price, Quantity quantity,
                Money fee) {
  const InstrumentDefined& definition = instrument.definition;
  const Quantity closing = closing_part(instrument.position, side, quantity);
  const auto total =
      notional(price, quantity, definition.price_exponent, definition.quantity_exponent);
  if (!total) return false;
  Money closing_value = closing == quantity ? total.value() : Money{0};
  if (closing.value != 0 && closing != quantity) {
    const auto part =
        notional(price, closing, definition.price_exponent, definition.quantity_exponent);
    if (!part) return false;
    closing_value = part.value();
  }
  Position& position = instrument.position;
  State& state = context.state;
  const Outcome result =
      outcome(position, side, quantity, closing, total.value(), closing_value, fee);
  const Wide realised = wide(position.realised.value) + result.realised;
  const Wide realised_today = wide(state.realised_today.value) + result.realised;
  const Wide fees = wide(position.fees.value) + fee.value;
  if (!fits(result.quantity) || !fits(result.cost) || !fits(realised) || !fits(realised_today) ||
      !fits(fees)) {
    return false;
  }
  const Quantity before = position.quantity;
  position.quantity.value = static_cast<std::int64_t>(result.quantity);
  position.cost.value = static_cast<std::int64_t>(result.cost);
  position.realised.value = static_cast<std::int64_t>(realised);
  position.fees.value = static_cast<std::int64_t>(fees);
  position.average_price = average_of(instrument);
  state.realised_today.value = static_cast<std::int64_t>(realised_today);
  add_equity(state, result.realised);
  derived::position_changed(state, instrument, before);
  mark(state, instrument);
  return true;
}

void mark(State& state, Instrument& instrument) {
  Position& position = instrument.position;
  Wide value = 0;
  if (position.quantity.value != 0) {
    const Price price =
        position.quantity.value > 0 ? instrument.top.bid_price : instrument.top.ask_price;
    if (price.value == 0) return;
    const auto worth = notional(price, position.quantity, instrument.definition.price_exponent,
                                instrument.definition.quantity_exponent);
    if (!worth) return;
    value = wide(worth.value().value) - position.cost.value;
    if (!fits(value)) return;
  }
  const Wide change = value - position.unrealised.value;
  position.unrealised.value = static_cast<std::int64_t>(value);
  add_equity(state, change);
}

void check_daily_loss(Context& context) {
  State& state = context.state;
  const Wide day = wide(state.equity.value) - state.equity_day_start.value;
  const Wide loss = -std::min(day, wide(state.realised_today.value));
  const auto limits = static_cast<std::int64_t>(loss / state.limits.daily_loss_max.value);
  if (limits <= state.daily_losses) return;  // who resumed knew of these
  state.daily_losses = limits;
  state.daily_loss_reached = true;
  const Text what =
      text("daily loss limit of ",
           format_decimal(state.limits.daily_loss_max.value, kMoneyExponent), " reached (", limits,
           "-fold): realised ", format_decimal(state.realised_today.value, kMoneyExponent),
           ", equity ", format_decimal(static_cast<std::int64_t>(day), kMoneyExponent));
  context.alert(AlertKind::kDailyLoss, what);
  latch_rules::want_seal(context, latch::Holder::kDailyLoss, what);
}

void roll_day(State& state) {
  const std::int64_t day = state.now.ns / kDayNs;
  if (day == state.day) return;
  state.day = day;
  state.realised_today = Money{0};
  state.equity_day_start = state.equity;
  state.daily_loss_reached = false;
  state.daily_losses = 0;
}

}  // namespace levi::machine::positions
