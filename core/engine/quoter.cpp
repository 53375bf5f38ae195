#include "core/engine/quoter.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "core/base/check.h"
#include "core/engine/parameters.h"

namespace levi::engine {
namespace {

using machine::OrderUpdateKind;
__extension__ typedef __int128 Wide;

constexpr std::int64_t kCbpsPerUnit = 1'000'000;
constexpr std::int64_t kCountMax = std::int64_t{1} << 60;
constexpr Nanos kPauseMin{10ms};
constexpr Nanos kPauseMax{1s};
constexpr Nanos kCancelRetry{1s};
constexpr std::string_view kKnown =
    "levels, spread_bps, quantity, position_max, requote_bps, refresh_after";

QuoterImage& view(std::byte* image) { return *reinterpret_cast<QuoterImage*>(image); }
const QuoterImage& view(const std::byte* image) {
  return *reinterpret_cast<const QuoterImage*>(image);
}

std::size_t index(Side side) { return side == Side::kBuy ? 0 : 1; }

std::int64_t floor_half(Wide doubled) {
  return static_cast<std::int64_t>(doubled >= 0 ? doubled / 2 : (doubled - 1) / 2);
}

QuoterOrder* find(QuoterImage& image, std::uint32_t tag) {
  for (std::uint32_t i = 0; i < image.order_count; ++i) {
    if (image.orders[i].tag == tag) return &image.orders[i];
  }
  return nullptr;
}

void remove(QuoterImage& image, QuoterOrder* order) {
  QuoterOrder* const end = image.orders + image.order_count;
  std::move(order + 1, end,
            order);  // Keeps the age order, so that decisions don't depend on who left first.
  --image.order_count;
}

bool level_is_taken(const QuoterImage& image, Side side, int level) {
  for (std::uint32_t i = 0; i < image.order_count; ++i) {
    const QuoterOrder& order = image.orders[i];
    if (order.side == side && order.level == level && order.cancel_sent == 0) return true;
  }
  return false;
}

void pause_side(QuoterSide& side, Instant now) {
  if (now < side.paused_until) return;  // More of the same burst.
  side.pause = std::clamp(side.pause * 2, kPauseMin, kPauseMax);
  side.paused_until = now + side.pause;
}

void apply_fill(QuoterImage& image, QuoterOrder* order, Quantity quantity) {
  ++image.fills;
  order->remaining -= quantity;
  if (order->remaining.value <= 0) remove(image, order);
}

void apply_update(QuoterImage& image, const Tick& tick) {
  image.position = tick.position;
  if (tick.update() == OrderUpdateKind::kPosition) {
    image.position_known = 1;
    return;
  }
  QuoterOrder* const order = find(image, tick.tag);
  if (order == nullptr) return;  // Of an earlier life of this engine, or past its end.
  switch (tick.update()) {
    case OrderUpdateKind::kAccepted:
      return;
    case OrderUpdateKind::kOpen:
      order->state = QuoteState::kOpen;
      order->since = tick.instant;
      image.sides[index(order->side)].pause = Nanos{0};
      return;
    case OrderUpdateKind::kFilled:
      return apply_fill(image, order, tick.quantity);
    case OrderUpdateKind::kCanceled:
      ++image.canceled;
      // Not asked for: a post-only order that would have taken, or everything was cancelled.
      if (order->cancel_sent == 0) pause_side(image.sides[index(order->side)], tick.instant);
      return remove(image, order);
    case OrderUpdateKind::kRejected:
      ++image.rejected;
      pause_side(image.sides[index(order->side)], tick.instant);
      return remove(image, order);
    case OrderUpdateKind::kUnknown:
      order->state = QuoteState::kUnknown;
      return;
    case OrderUpdateKind::kPosition:
      return;
  }
}

}  // namespace

Result<QuoterSettings> parse_quoter(std::string_view text, const StrategyContext& context) {
  LEVI_TRY(parameters, Parameters::parse(text));
  QuoterSettings settings;
  LEVI_TRY(levels, parameters.number_or("levels", 0, 1, kQuoterLevelsMax, 1));
  LEVI_TRY(spread, parameters.number("spread_bps", 2, 1, 500'000));
  LEVI_TRY(requote, parameters.number_or("requote_bps", 2, 0, 500'000, spread / 4));
  LEVI_TRY(quantity, parameters.number("quantity", context.quantity_exponent, 1, kCountMax));
  LEVI_TRY(position_max,
           parameters.number("position_max", context.quantity_exponent, 1, kCountMax));
  if (parameters.has("refresh_after")) {
    LEVI_TRY(refresh, parameters.duration("refresh_after"));
    settings.refresh_after = refresh;
  }
  LEVI_TRY_STATUS(parameters.all_known(kKnown));
  if (quantity > position_max) {
    return error(ErrorCode::kInvalid,
                 "parameter 'quantity' is larger than 'position_max': nothing could be quoted",
                 "give a position_max of at least levels times quantity");
  }
  settings.levels = static_cast<int>(levels);
  settings.spread_cbps = spread;
  settings.requote_cbps = requote;
  settings.quantity = Quantity{quantity};
  settings.position_max = Quantity{position_max};
  return settings;
}

std::size_t Quoter::image_bytes(const std::byte* image) const {
  return offsetof(QuoterImage, orders) + view(image).order_count * sizeof(QuoterOrder);
}

void Quoter::reset(std::byte* image) const { new (image) QuoterImage; }

bool Quoter::accept(const std::byte* image, std::size_t bytes) const {
  return bytes >= offsetof(QuoterImage, orders) && view(image).order_count <= kQuoterOrdersMax &&
         bytes == image_bytes(image);
}

void Quoter::on_tick(std::byte* bytes, const Tick& tick, Intents& intents) const {
  QuoterImage& image = view(bytes);
  switch (tick.kind) {
    case TickKind::kTop: {
      const bool usable =
          tick.price.value > 0 && tick.ask_price > tick.price && tick.ask_price.value < kCountMax;
      image.bid = usable ? tick.price : Price{};
      image.ask = usable ? tick.ask_price : Price{};
      image.top_tick = tick.number;
      image.top_instant = tick.instant;
      break;
    }
    case TickKind::kSeed:
    case TickKind::kTrading:
      image.trading = tick.code;
      break;
    case TickKind::kDeal:
    case TickKind::kUpdate:
      return;  // A deal alone moves nothing: the top of book that follows it does.
  }
  decide(image, tick.instant, intents);
}

void Quoter::on_update(std::byte* bytes, const Tick& tick, Intents& intents) const {
  QuoterImage& image = view(bytes);
  apply_update(image, tick);
  decide(image, tick.instant, intents);
}

std::optional<Quoter::Ladder> Quoter::ladder(const QuoterImage& image) const {
  if (image.bid.value <= 0 || image.ask <= image.bid) return std::nullopt;
  // In half steps of the price, so that a middle between two steps is exact.
  const Wide middle = Wide{image.bid.value} + image.ask.value;
  const Wide half_spread = middle * settings_.spread_cbps / (2 * kCbpsPerUnit);
  const Quantity held = std::clamp(image.position, -settings_.position_max, settings_.position_max);
  const Wide centre = middle - half_spread * held.value / settings_.position_max.value;
  Ladder ladder{};
  ladder.middle = Price{floor_half(centre)};
  std::int64_t bid = image.ask.value;  // Post-only: one step inside the other side at least,
  std::int64_t ask = image.bid.value;  // and one step beyond the level before.
  for (int level = 0; level < settings_.levels; ++level) {
    const Wide away = half_spread * (level + 1);
    bid = std::min(bid - 1, floor_half(centre - away));
    ask = std::max(ask + 1, floor_half(centre + away + 1));
    if (level == 0 && ask <= bid) ask = bid + 1;
    ladder.bid[level] = Price{std::max<std::int64_t>(bid, 0)};
    ladder.ask[level] = Price{std::max<std::int64_t>(ask, 0)};
  }
  return ladder;
}

void Quoter::decide(QuoterImage& image, Instant now, Intents& intents) const {
  if (image.trading == 0 || image.position_known == 0) return;
  const std::optional<Ladder> targets = ladder(image);
  if (!targets) return;
  intents.decided_on(image.top_tick, image.top_instant);
  signal_lean(image, *targets, intents);
  cancel_what_is_off(image, *targets, now, intents);
  place_what_is_missing(image, *targets, now, intents);
}

bool Quoter::is_off(const QuoterOrder& order, const Ladder& ladder, Instant now) const {
  if (order.level >= settings_.levels) return true;
  const Price target = (order.side == Side::kBuy ? ladder.bid : ladder.ask)[order.level];
  const std::int64_t off =
      order.price > target ? (order.price - target).value : (target - order.price).value;
  if (Wide{off} * kCbpsPerUnit > Wide{settings_.requote_cbps} * target.value) return true;
  return settings_.refresh_after && now - order.since >= *settings_.refresh_after;
}

void Quoter::cancel_what_is_off(QuoterImage& image, const Ladder& ladder, Instant now,
                                Intents& intents) const {
  for (std::uint32_t i = 0; i < image.order_count; ++i) {
    QuoterOrder& order = image.orders[i];
    if (order.state != QuoteState::kOpen)
      continue;  // Not there yet, or nobody knows: its outcome is awaited.
    const bool again = order.cancel_sent != 0 && now - order.cancel_sent_at >= kCancelRetry;
    if (!again && (order.cancel_sent != 0 || !is_off(order, ladder, now))) continue;
    order.cancel_sent = 1;
    order.cancel_sent_at = now;
    intents.cancel(order.tag, order.side, order.price, order.remaining);
  }
}

// Where only what shrinks the position is taken, no more than closes what no quote closes yet:
// all else would be refused.
Quantity Quoter::quantity_of(const QuoterImage& image, Side side) const {
  if (image.trading != kTakesReducing) return settings_.quantity;
  Quantity left = side == Side::kSell ? image.position : -image.position;
  for (std::uint32_t i = 0; i < image.order_count; ++i) {
    if (image.orders[i].side == side) left -= image.orders[i].remaining;
  }
  return std::min(settings_.quantity, left);
}

bool Quoter::may_place(const QuoterImage& image, Side side, Price price) const {
  if (price.value <= 0 || image.order_count == kQuoterOrdersMax) return false;
  if (quantity_of(image, side).value <= 0) return false;
  Wide reached = side == Side::kBuy ? image.position.value : -image.position.value;
  for (std::uint32_t i = 0; i < image.order_count; ++i) {
    const QuoterOrder& order = image.orders[i];
    if (order.side == side) {
      reached += order.remaining.value;
    } else if (side == Side::kBuy ? price >= order.price : price <= order.price) {
      return false;  // Would trade with itself; when that order has ended, the next update looks
                     // again.
    }
  }
  return reached + settings_.quantity.value <= settings_.position_max.value;
}

void Quoter::place_what_is_missing(QuoterImage& image, const Ladder& ladder, Instant now,
                                   Intents& intents) const {
  for (int level = 0; level < settings_.levels; ++level) {
    for (const Side side : {Side::kBuy, Side::kSell}) {
      const Price price = (side == Side::kBuy ? ladder.bid : ladder.ask)[level];
      if (now < image.sides[index(side)].paused_until) continue;
      if (level_is_taken(image, side, level) || !may_place(image, side, price)) continue;
      const Quantity quantity = quantity_of(image, side);
      QuoterOrder& order = image.orders[image.order_count++];
      order = QuoterOrder{};
      order.tag = intents.place(side, machine::OrderType::kLimitMaker, price, quantity);
      order.side = side;
      order.level = static_cast<std::uint8_t>(level);
      order.price = price;
      order.remaining = quantity;
      order.since = now;
      ++image.placed;
    }
  }
}

void Quoter::signal_lean(QuoterImage& image, const Ladder& ladder, Intents& intents) const {
  if (image.position.value == 0) return;
  const Side lean = image.position.value > 0 ? Side::kSell : Side::kBuy;
  if (image.lean == static_cast<std::uint8_t>(lean)) return;
  image.lean = static_cast<std::uint8_t>(lean);
  intents.signal(lean, ladder.middle);
}

}  // namespace levi::engine
