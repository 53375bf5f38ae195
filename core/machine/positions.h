// Positions and money: exact integers, products in 128 bits. Private to core/machine.
//
// Money is conserved: for each symbol, Σ (what sells brought − what buys cost − fees) = realised −
// cost, to the last 1e-8. What a partial close takes off `cost` is rounded once; the rest stays in
// `cost`, and goes with the last piece.
#pragma once

#include "core/machine/context.h"

namespace levi::machine::positions {

// False where the amounts do not fit into 64 bits of 1e-8; nothing is changed then.
[[nodiscard]] bool apply_fill(Context& context, Instrument& instrument, Side side, Price price,
                              Quantity quantity, Money fee);
// Values the position at the best opposite price; an empty side leaves the last value.
void mark(State& state, Instrument& instrument);
// Seals as kDailyLoss where the day's realised PnL or the day's change of equity reaches the limit,
// and again at each further whole multiple of it.
void check_daily_loss(Context& context);
// A UTC midnight of journal time has passed: the day's figures begin again.
void roll_day(State& state);

}  // namespace levi::machine::positions
