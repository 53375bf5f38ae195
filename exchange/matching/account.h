// Account: one owner's balances, open orders, past orders and fills.
//
// Owned by the engine, one thread. `orders_max` bounds what is remembered: beyond it the oldest
// closed orders go, with their client ids, and the oldest fills. Open orders are never forgotten.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "exchange/matching/order_pool.h"
#include "exchange/matching/types.h"

namespace levi::exchange {

struct HashClientId {
  std::size_t operator()(const ClientOrderId& id) const noexcept {
    return std::hash<std::string_view>{}(id.view());
  }
};

class Account {
 public:
  Account(AccountId id, std::string name, std::size_t assets, std::size_t orders_max)
      : id_(id), name_(std::move(name)), balances_(assets), orders_max_(orders_max) {}

  AccountId id() const { return id_; }
  const std::string& name() const { return name_; }
  const Balance& balance(AssetId asset) const { return balances_.at(asset.value); }
  Balance& balance(AssetId asset) { return balances_.at(asset.value); }
  std::size_t open_count() const { return open_count_; }
  Slot first_open() const { return first_open_; }
  // Every order that is remembered, in the order of placement (of an account without a memory:
  // none).
  const std::deque<Slot>& orders() const { return orders_; }
  const std::deque<Fill>& fills() const { return fills_; }
  // False once a stamp was earlier than the one before it: the venue's clock may be set back (NTP,
  // the fault clock_offset), and a search by time can then not end at the first one that is too
  // old.
  bool orders_ascend() const { return orders_ascend_; }
  bool fills_ascend() const { return fills_ascend_; }
  Slot find(const ClientOrderId& client_id) const {
    const auto found = client_ids_.find(client_id);
    return found == client_ids_.end() ? kNoSlot : found->second;
  }

  void add_order(OrderPool& pool, Slot slot);
  void close_order(OrderPool& pool, Slot slot);  // leaves the open list; stays remembered
  void add_fill(const Fill& fill);
  // The slot of a closed order that is to be forgotten now, or kNoSlot. `closed` is the one that
  // just closed.
  Slot forget(OrderPool& pool, Slot closed);

 private:
  AccountId id_;
  std::string name_;
  std::vector<Balance> balances_;
  std::size_t orders_max_;
  std::unordered_map<ClientOrderId, Slot, HashClientId> client_ids_;
  std::deque<Slot> orders_;
  std::deque<Fill> fills_;
  bool orders_ascend_ = true;
  bool fills_ascend_ = true;
  Slot first_open_ = kNoSlot;
  Slot last_open_ = kNoSlot;
  std::size_t open_count_ = 0;
};

}  // namespace levi::exchange
