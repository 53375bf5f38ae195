// OrderPool: where orders live. A slot keeps its address until it is freed; freed slots are used
// again.
//
// Owned by the engine, one thread. The links thread an order into the queue of its price level and
// into its account's open orders without an allocation per order.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/check.h"
#include "exchange/matching/types.h"

namespace levi::exchange {

using Slot = std::uint32_t;
inline constexpr Slot kNoSlot = UINT32_MAX;

struct Link {
  Slot previous = kNoSlot;
  Slot next = kNoSlot;
};

struct PooledOrder {
  Order order;
  Link level;  // neighbours in the price level's queue; of a free slot, `next` is the next free one
  Link open;   // neighbours in the account's list of open orders
};

class OrderPool {
 public:
  Slot take() {
    if (free_ == kNoSlot) grow();
    const Slot slot = free_;
    free_ = at(slot).level.next;
    at(slot) = PooledOrder{};
    return slot;
  }

  void give_back(Slot slot) {
    at(slot).level.next = free_;
    free_ = slot;
  }

  PooledOrder& at(Slot slot) { return chunks_[slot / kChunk][slot % kChunk]; }
  const PooledOrder& at(Slot slot) const { return chunks_[slot / kChunk][slot % kChunk]; }
  Order& order(Slot slot) { return at(slot).order; }
  const Order& order(Slot slot) const { return at(slot).order; }

 private:
  static constexpr std::size_t kChunk = 1024;

  void grow() {
    LEVI_CHECK(chunks_.size() < kNoSlot / kChunk);
    const auto first = static_cast<Slot>(chunks_.size() * kChunk);
    chunks_.push_back(std::make_unique<PooledOrder[]>(kChunk));
    for (std::size_t i = kChunk; i-- > 0;) give_back(first + static_cast<Slot>(i));
  }

  std::vector<std::unique_ptr<PooledOrder[]>> chunks_;
  Slot free_ = kNoSlot;
};

}  // namespace levi::exchange
