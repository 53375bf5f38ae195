// SpscQueue: a bounded ring between two threads, one writing, one reading. Never blocks, never
// allocates after construction.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/check.h"

namespace levi::os {

template <class T>
class SpscQueue {
 public:
  explicit SpscQueue(std::size_t capacity)  // a power of two
      : mask_(capacity - 1), slots_(std::make_unique<T[]>(capacity)) {
    LEVI_CHECK(capacity >= 2 && (capacity & mask_) == 0);
  }

  bool push(T value) {  // false when full: the caller says what that means
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) > mask_) return false;
    slots_[tail & mask_] = std::move(value);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  std::optional<T> pop() {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return std::nullopt;
    std::optional<T> value(std::move(slots_[head & mask_]));
    head_.store(head + 1, std::memory_order_release);
    return value;
  }

 private:
  const std::size_t mask_;
  std::unique_ptr<T[]> slots_;
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace levi::os
