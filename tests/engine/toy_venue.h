// ToyVenue: answers a strategy's intents as levid and an exchange would, in an order that a seed
// decides.
//
// Its own book-keeping is the truth that the properties are judged by: position and live orders.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "core/base/random.h"
#include "core/engine/tick.h"

namespace levi::engine::test {

using machine::IntentKind;
using machine::OrderUpdateKind;

struct ToyOrder {
  std::uint32_t tag = 0;
  Side side = Side::kBuy;
  Price price;
  Quantity remaining;
  enum { kSent, kAccepted, kOpen, kUnknown } stage = kSent;
  bool cancel_wanted = false;
};

class ToyVenue {
 public:
  explicit ToyVenue(std::uint64_t seed) : random_(seed) {}

  void take(const IntentRecord& intent) {
    if (intent.kind == IntentKind::kPlace) {
      orders.push_back(
          {intent.tag, intent.side, intent.price, intent.quantity, ToyOrder::kSent, false});
    }
    if (intent.kind != IntentKind::kCancel) return;
    for (ToyOrder& order : orders) {
      if (order.tag != intent.tag) continue;
      order.cancel_wanted = true;
      return;
    }
    say(OrderUpdateKind::kCanceled,
        {intent.tag, intent.side, intent.price, Quantity{}, ToyOrder::kOpen, false}, Quantity{});
  }

  // Something happens to one order.
  void advance() {
    if (orders.empty()) return;
    const auto at = static_cast<std::size_t>(random_.below(orders.size()));
    ToyOrder& order = orders[at];
    switch (order.stage) {
      case ToyOrder::kSent:
        if (random_.below(8) == 0) return end(at, OrderUpdateKind::kRejected);
        order.stage = ToyOrder::kAccepted;
        return say(OrderUpdateKind::kAccepted, order, order.remaining);
      case ToyOrder::kAccepted:
        if (random_.below(10) == 0) {
          order.stage = ToyOrder::kUnknown;
          return say(OrderUpdateKind::kUnknown, order, order.remaining);
        }
        [[fallthrough]];
      case ToyOrder::kUnknown:
        if (random_.below(6) == 0) return end(at, OrderUpdateKind::kCanceled);
        order.stage = ToyOrder::kOpen;
        return say(OrderUpdateKind::kOpen, order, order.remaining);
      case ToyOrder::kOpen:
        if (order.cancel_wanted && random_.below(2) == 0)
          return end(at, OrderUpdateKind::kCanceled);
        if (random_.below(3) == 0) fill(at);
    }
  }

  void fill(std::size_t at) {
    ToyOrder& order = orders[at];
    const auto part = 1 + static_cast<std::int64_t>(
                              random_.below(static_cast<std::uint64_t>(order.remaining.value)));
    const Quantity quantity{random_.below(2) == 0 ? order.remaining.value : part};
    order.remaining -= quantity;
    position += order.side == Side::kBuy ? quantity : -quantity;
    say(OrderUpdateKind::kFilled, order, quantity);
    if (order.remaining.value == 0) orders.erase(orders.begin() + static_cast<std::ptrdiff_t>(at));
  }

  std::optional<Tick> next_update() {
    if (updates_.empty()) return std::nullopt;
    const Tick tick = updates_.front();
    updates_.pop_front();
    return tick;
  }

  void say_position() { say(OrderUpdateKind::kPosition, ToyOrder{}, Quantity{}); }

  Tick top() {
    middle_ += static_cast<std::int64_t>(random_.below(41)) - 20;
    if (middle_ < 1000) middle_ = 1000;
    Tick tick;
    tick.kind = TickKind::kTop;
    tick.price = Price{middle_ - 1 - static_cast<std::int64_t>(random_.below(10))};
    tick.ask_price = Price{middle_ + 1 + static_cast<std::int64_t>(random_.below(10))};
    tick.quantity = tick.ask_quantity = Quantity{5};
    if (random_.below(50) == 0) tick.price = Price{};  // a side can be empty
    return tick;
  }

  // What filling every live order of a side would make of the position.
  Quantity reach(Side side) const {
    Quantity reached = side == Side::kBuy ? position : -position;
    for (const ToyOrder& order : orders) {
      if (order.side == side) reached += order.remaining;
    }
    return reached;
  }

  std::vector<ToyOrder> orders;
  Quantity position;

 private:
  void end(std::size_t at, OrderUpdateKind kind) {
    const ToyOrder order = orders[at];
    orders.erase(orders.begin() + static_cast<std::ptrdiff_t>(at));
    say(kind, order, order.remaining);
  }

  void say(OrderUpdateKind kind, const ToyOrder& order, Quantity quantity) {
    Tick tick;
    tick.kind = TickKind::kUpdate;
    tick.code = static_cast<std::uint8_t>(kind);
    tick.side = order.side;
    tick.tag = order.tag;
    tick.price = order.price;
    tick.quantity = quantity;
    tick.position = position;
    updates_.push_back(tick);
  }

  Random random_;
  std::int64_t middle_ = 100'000;
  std::deque<Tick> updates_;
};

}  // namespace levi::engine::test
