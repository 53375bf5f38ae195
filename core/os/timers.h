// Timers: a binary heap of deadlines whose entries know their place, so that cancelling removes at
// once. Internal to Loop.
//
// One thread. Slots are reused: in steady state nothing is allocated. An id is slot and generation,
// so that an id of a fired timer never cancels its successor.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/instant.h"

namespace levi::os {

class Timers {
 public:
  using Task = std::function<void()>;

  std::uint64_t add(MonoTime deadline, Task task);
  void cancel(std::uint64_t id);
  bool empty() const { return heap_.empty(); }
  MonoTime next() const { return heap_.front().deadline; }
  // Runs what is due; timers added meanwhile wait for the next call. True if any ran.
  bool run_due(MonoTime now);

 private:
  struct Entry {
    MonoTime deadline;
    std::uint64_t order;  // equal deadlines run in the order of their creation
    std::uint32_t slot;
  };
  struct Slot {
    Task task;
    std::uint32_t generation = 1;
    std::size_t place = 0;  // in the heap
  };

  static bool before(const Entry& a, const Entry& b);
  void put(std::size_t place, const Entry& entry);
  void sift_up(std::size_t place);
  void sift_down(std::size_t place);
  void remove(std::size_t place);  // frees the slot too

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t order_ = 0;
};

}  // namespace levi::os
