// A small model of the world around the machine, for tests: a venue that executes orders and
// answers late, twice or never, a latch, engines that start and die. Deterministic from its Random.
//
// The venue's own book of orders is the truth that a property can compare the machine with.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/latch_word.h"
#include "core/base/random.h"
#include "core/machine/effect.h"
#include "core/machine/state.h"

namespace levi::test {

using namespace machine;  // NOLINT: events and effects are this header's whole vocabulary

// One order as the venue knows it.
struct VenueOrder {
  OrderSequence sequence;
  Incarnation incarnation;
  OrderKind kind = OrderKind::kNormal;
  SymbolId symbol;
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  Price price;
  Quantity quantity;
  Quantity executed;
  bool arrived = false;
  bool open = false;
  bool dead = false;  // rejected, never sent, or said not to exist: it will not arrive any more
  std::vector<VenueFill> trades;

  VenueOrderId id() const { return "C02__" + std::to_string(sequence.value); }
};

class PracticeVenue {
 public:
  explicit PracticeVenue(Random& random) : random_(random) {}

  bool chance(unsigned percent) { return random_.below(100) < percent; }

  VenueOrder& note(const SendOrder& order, Incarnation incarnation) {
    VenueOrder& noted = orders_[order.sequence.value];
    noted = {.sequence = order.sequence,
             .incarnation = incarnation,
             .kind = order.kind,
             .symbol = order.symbol,
             .side = order.side,
             .type = order.type,
             .price = order.price,
             .quantity = order.quantity,
             .executed = {},
             .arrived = false,
             .open = false,
             .dead = false,
             .trades = {}};
    return noted;
  }
  static void arrive(VenueOrder& order) { order.arrived = order.open = true; }

  // Executes a part of an open order; the caller decides when the machine hears of it.
  VenueFill execute(VenueOrder& order) {
    const std::int64_t left = (order.quantity - order.executed).value;
    const Quantity part{chance(40) ? left
                                   : 1 + static_cast<std::int64_t>(
                                             random_.below(static_cast<std::uint64_t>(left)))};
    VenueFill fill;
    fill.sequence = order.sequence;
    fill.symbol = order.symbol;
    fill.trade = "T" + std::to_string(++trades_);
    fill.side = order.side;
    fill.price = order.price;
    fill.quantity = part;
    fill.fee = Money{static_cast<std::int64_t>(random_.below(1000)) - 100};
    fill.maker = chance(50);
    fill.kind = order.kind;
    fill.incarnation = order.incarnation;
    order.executed += part;
    order.open = order.executed < order.quantity;
    order.trades.push_back(fill);
    return fill;
  }

  VenueOrderState state_of(OrderSequence sequence, SymbolId symbol) const {
    VenueOrderState state;
    state.sequence = sequence;
    state.symbol = symbol;
    const auto found = orders_.find(sequence.value);
    if (found == orders_.end() || !found->second.arrived) {
      state.status = VenueStatus::kNotFound;
      state.not_found_final = true;
      return state;
    }
    const VenueOrder& order = found->second;
    const bool some = order.executed.value > 0;
    if (order.open) {
      state.status = some ? VenueStatus::kPartlyFilled : VenueStatus::kNew;
    } else if (order.executed == order.quantity) {
      state.status = VenueStatus::kFilled;
    } else {
      state.status = some ? VenueStatus::kPartlyCanceled : VenueStatus::kCanceled;
    }
    state.executed = order.executed;
    state.venue_order = order.id();
    state.side = order.side;
    state.type = order.type;
    state.kind = order.kind;
    state.incarnation = order.incarnation;
    state.price = order.price;
    state.quantity = order.quantity;
    return state;
  }

  void never_arrives(OrderSequence sequence) {
    if (VenueOrder* order = find(sequence); order != nullptr && !order->arrived) order->dead = true;
  }
  VenueOrder* find(OrderSequence sequence) {
    const auto found = orders_.find(sequence.value);
    return found == orders_.end() ? nullptr : &found->second;
  }
  VenueOrder* any_open() {
    std::vector<VenueOrder*> open;
    for (auto& [sequence, order] : orders_) {
      if (order.open) open.push_back(&order);
    }
    return open.empty() ? nullptr : open[random_.below(open.size())];
  }
  std::map<std::uint64_t, VenueOrder>& orders() { return orders_; }
  // What the account holds of a symbol, by the venue's book.
  Quantity holding(SymbolId symbol) const {
    Quantity sum;
    for (const auto& [sequence, order] : orders_) {
      if (order.symbol == symbol)
        sum += order.side == Side::kBuy ? order.executed : -order.executed;
    }
    return sum;
  }

 private:
  Random& random_;
  std::map<std::uint64_t, VenueOrder> orders_;
  std::uint64_t trades_ = 0;
};

// The latch's word, and what passes it.
class PracticeLatch {
 public:
  latch::Word word() const { return {word_}; }
  void seal(latch::Holder holder) {
    word_ = ((word().epoch() + 1) << latch::kHolderBits) | word().holders() |
            1u << static_cast<unsigned>(holder);
  }
  bool release(std::uint32_t holder, std::uint64_t epoch) {
    if (epoch != word().epoch()) return false;
    word_ &= ~(std::uint64_t{1} << holder);
    return true;
  }
  void grant_flatten(std::uint64_t epoch) { flatten_epoch_ = epoch; }
  bool passes(OrderKind kind) const {
    return !word().sealed() || (kind == OrderKind::kFlatten && flatten_epoch_ == word().epoch());
  }

 private:
  std::uint64_t word_ = std::uint64_t{1} << latch::kHolderBits;
  std::uint64_t flatten_epoch_ = ~std::uint64_t{0};
};

}  // namespace levi::test
