#include "exchange/matching/account.h"

namespace levi::exchange {

void Account::add_order(OrderPool& pool, Slot slot) {
  PooledOrder& entry = pool.at(slot);
  entry.open = {last_open_, kNoSlot};
  (last_open_ == kNoSlot ? first_open_ : pool.at(last_open_).open.next) = slot;
  last_open_ = slot;
  ++open_count_;
  if (!entry.order.client_id.empty()) client_ids_.emplace(entry.order.client_id, slot);
  if (orders_max_ == 0) return;
  if (!orders_.empty() && entry.order.created < pool.order(orders_.back()).created)
    orders_ascend_ = false;
  orders_.push_back(slot);
}

void Account::close_order(OrderPool& pool, Slot slot) {
  const Link link = pool.at(slot).open;
  (link.previous == kNoSlot ? first_open_ : pool.at(link.previous).open.next) = link.next;
  (link.next == kNoSlot ? last_open_ : pool.at(link.next).open.previous) = link.previous;
  pool.at(slot).open = {};
  --open_count_;
}

void Account::add_fill(const Fill& fill) {
  if (orders_max_ == 0) return;
  if (!fills_.empty() && fill.time < fills_.back().time) fills_ascend_ = false;
  fills_.push_back(fill);
  if (fills_.size() > orders_max_) fills_.pop_front();
}

Slot Account::forget(OrderPool& pool, Slot closed) {
  Slot oldest = closed;
  if (orders_max_ > 0) {
    if (orders_.size() <= orders_max_) return kNoSlot;
    // At most open_count_ open orders can stand before the oldest closed one.
    std::size_t index = 0;
    while (index < orders_.size() && is_open(pool.order(orders_[index]).status)) ++index;
    if (index == orders_.size()) return kNoSlot;
    oldest = orders_[index];
    orders_.erase(orders_.begin() + static_cast<std::ptrdiff_t>(index));
  }
  const ClientOrderId& client_id = pool.order(oldest).client_id;
  if (!client_id.empty()) client_ids_.erase(client_id);
  return oldest;
}

}  // namespace levi::exchange
