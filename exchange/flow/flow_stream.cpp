#include "exchange/flow/flow_stream.h"

#include <algorithm>

namespace levi::exchange {
namespace {

constexpr std::uint64_t kMoveOneIn = 4;  // events between two moves of the fair price
constexpr std::uint64_t kTakePercent = 30;
constexpr std::uint64_t kFarPercent = 20;  // makers far from the fair price: the depth of the book
constexpr std::uint64_t kNearTicks = 8;
constexpr std::uint64_t kFarTicks = 60;
constexpr std::int64_t kTakeReachTicks =
    12;  // a taker pays no more than this beyond the fair price
constexpr std::int64_t kTicksPerPrice = 20'000;
constexpr std::int64_t kReversionTicks = 400;  // 2 % away, it moves back four times out of five
constexpr std::uint64_t kMakeWorth[] = {200, 5'000};
constexpr std::uint64_t kTakeWorth[] = {50, 2'500};

}  // namespace

FlowStream::FlowStream(const SymbolSpec& spec, std::uint64_t seed)
    : spec_(spec),
      random_(seed),
      fair_(spec.price_start),
      tick_(std::max<std::int64_t>(1, spec.price_start.value / kTicksPerPrice)) {
  LEVI_CHECK(spec.price_start.value > 2 * static_cast<std::int64_t>(kFarTicks));
}

FlowOrder FlowStream::next() {
  walk();
  return random_.below(100) < kTakePercent ? take() : make();
}

void FlowStream::walk() {
  if (random_.below(kMoveOneIn) != 0) return;
  const std::int64_t away = (fair_ - spec_.price_start).value / tick_;
  const std::int64_t pull =
      std::clamp(away * 300 / kReversionTicks, std::int64_t{-450}, std::int64_t{450});
  const bool up = static_cast<std::int64_t>(random_.below(1000)) < 500 - pull;
  fair_ += Price{up ? tick_ : -tick_};
}

FlowOrder FlowStream::make() {
  FlowOrder order;
  order.type = OrderType::kLimit;
  order.side = side();
  const std::uint64_t reach = random_.below(100) < kFarPercent ? kFarTicks : kNearTicks;
  const auto ticks = static_cast<std::int64_t>(1 + random_.below(reach));
  const auto within = static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(tick_)));
  const Price away{ticks * tick_ - within};
  order.price = order.side == Side::kBuy ? fair_ - away : fair_ + away;
  order.quantity = worth(kMakeWorth[0], kMakeWorth[1]);
  return order;
}

FlowOrder FlowStream::take() {
  FlowOrder order;
  order.type = OrderType::kImmediateOrCancel;
  order.side = side();
  const Price reach{kTakeReachTicks * tick_};
  order.price = order.side == Side::kBuy ? fair_ + reach : fair_ - reach;
  order.quantity = worth(kTakeWorth[0], kTakeWorth[1]);
  return order;
}

Quantity FlowStream::worth(std::uint64_t from, std::uint64_t to) {
  const std::uint64_t quote = from + random_.below(to - from);
  const Money step =
      notional(fair_, Quantity{1}, spec_.price_exponent, spec_.quantity_exponent).value();
  const std::int64_t steps =
      static_cast<std::int64_t>(quote) * 100'000'000 / std::max<std::int64_t>(1, step.value);
  return Quantity{steps + 1};  // Rounded up: never below the venue's minimum.
}

}  // namespace levi::exchange
