#include "core/os/timers.h"

#include <utility>

namespace levi::os {

std::uint64_t Timers::add(MonoTime deadline, Task task) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  slots_[slot].task = std::move(task);
  heap_.push_back({});
  put(heap_.size() - 1, {deadline, order_++, slot});
  sift_up(heap_.size() - 1);
  return std::uint64_t{slots_[slot].generation} << 32 | slot;
}

void Timers::cancel(std::uint64_t id) {
  const auto slot = static_cast<std::uint32_t>(id & 0xffffffffu);
  if (slot >= slots_.size() || slots_[slot].generation != id >> 32) return;
  // Taken out first: its destructor may come back here.
  const Task task = std::move(slots_[slot].task);
  remove(slots_[slot].place);
}

bool Timers::run_due(MonoTime now) {
  const std::uint64_t newest = order_;
  bool any = false;
  while (!heap_.empty() && heap_.front().deadline <= now && heap_.front().order < newest) {
    const Task task = std::move(slots_[heap_.front().slot].task);
    remove(0);
    any = true;
    task();
  }
  return any;
}

bool Timers::before(const Entry& a, const Entry& b) {
  return a.deadline != b.deadline ? a.deadline < b.deadline : a.order < b.order;
}

void Timers::put(std::size_t place, const Entry& entry) {
  heap_[place] = entry;
  slots_[entry.slot].place = place;
}

void Timers::sift_up(std::size_t place) {
  const Entry entry = heap_[place];
  while (place > 0) {
    const std::size_t parent = (place - 1) / 2;
    if (!before(entry, heap_[parent])) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, entry);
}

void Timers::sift_down(std::size_t place) {
  const Entry entry = heap_[place];
  for (;;) {
    std::size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], entry)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, entry);
}

void Timers::remove(std::size_t place) {
  const std::uint32_t slot = heap_[place].slot;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (place < heap_.size()) {
    put(place, last);
    sift_up(place);
    sift_down(slots_[last.slot].place);
  }
  // Generation 0 is never given out: a TimerId of 0 means none.
  if (++slots_[slot].generation == 0) slots_[slot].generation = 1;
  free_.push_back(slot);
}

}  // namespace levi::os
