// OrderSockets: the descriptors of the order connections, shared by the thread that uses them and
// the threads that abort them.
//
// The trading thread adds, sends on and closes; any other thread (the control thread when a drain
// deadline passes) may call `abort_all` at any time, also while the trading thread hangs in the
// middle of a send. What must never happen is an abort of a descriptor number that was closed and
// given to another socket meanwhile, so each slot is one atomic word: the descriptor, how many
// threads are aborting it, and whether it is to be closed. Who leaves last closes: neither side
// ever waits for the other, and nothing here allocates or locks.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/os/fd.h"

namespace levi::venue {

class OrderSockets {
 public:
  // Open connections, and closed ones that an aborting thread still holds. Far above any pool's
  // size.
  static constexpr std::size_t kSlots = 128;

  OrderSockets() = default;
  ~OrderSockets();
  OrderSockets(const OrderSockets&) = delete;
  OrderSockets& operator=(const OrderSockets&) = delete;

  // Trading thread. nullopt, and the descriptor closed, when every slot is taken.
  std::optional<std::size_t> add(os::Fd fd);
  // Trading thread: the descriptor may not be touched afterwards. Closed now, or by the thread that
  // is just aborting it.
  void close(std::size_t slot);
  bool was_aborted(std::size_t slot) const;

  // Any thread: RST on every open connection, queued bytes discarded. Returns how many.
  unsigned abort_all();

 private:
  std::array<std::atomic<std::uint64_t>, kSlots> slots_{};
};

}  // namespace levi::venue
