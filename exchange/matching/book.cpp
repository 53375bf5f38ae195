#include "exchange/matching/book.h"

namespace levi::exchange {

void Book::append(Slot slot) {
  PooledOrder& entry = pool_.at(slot);
  const Order& order = entry.order;
  Level& level = levels(order.side)[rank(order.side, order.price)];
  entry.level = {level.last, kNoSlot};
  (level.last == kNoSlot ? level.first : pool_.at(level.last).level.next) = slot;
  level.last = slot;
  level.total += order.remaining();
  ++level.orders;
}

void Book::remove(Slot slot) {
  PooledOrder& entry = pool_.at(slot);
  Levels& side = levels(entry.order.side);
  const auto found = side.find(rank(entry.order.side, entry.order.price));
  LEVI_CHECK(found != side.end());
  Level& level = found->second;
  const Link link = entry.level;
  (link.previous == kNoSlot ? level.first : pool_.at(link.previous).level.next) = link.next;
  (link.next == kNoSlot ? level.last : pool_.at(link.next).level.previous) = link.previous;
  entry.level = {};
  level.total -= entry.order.remaining();
  LEVI_CHECK(level.total.value >= 0);
  if (--level.orders == 0) {
    LEVI_CHECK(level.total.value == 0);
    side.erase(found);
  }
}

void Book::reduce(const Order& order, Quantity by) {
  Levels& side = levels(order.side);
  const auto found = side.find(rank(order.side, order.price));
  LEVI_CHECK(found != side.end());
  found->second.total -= by;
  LEVI_CHECK(found->second.total.value >= 0);
}

Slot Book::best(Side side) const {
  const Levels& all = levels(side);
  return all.empty() ? kNoSlot : all.begin()->second.first;
}

std::optional<Price> Book::best_price(Side side) const {
  const Levels& all = levels(side);
  if (all.empty()) return std::nullopt;
  return price_of(side, all.begin()->first);
}

Quantity Book::total_at(Side side, Price price) const {
  const Levels& all = levels(side);
  const auto found = all.find(rank(side, price));
  return found == all.end() ? Quantity{} : found->second.total;
}

}  // namespace levi::exchange
