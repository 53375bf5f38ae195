// What the venue's tests share: a latch of their own, a recorder of events, waiting with a
// deadline.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/latch/latch.h"
#include "core/machine/event.h"
#include "core/os/clock.h"
#include "core/os/loop.h"
#include "tests/support/temp_folder.h"

namespace levi::test {

inline constexpr Nanos kWaitMax{20s};  // of every wait for an event: reaching it is a failure

// Runs the loop until it is so. False when the deadline passed.
inline bool run_until(os::Loop& loop, const std::function<bool()>& so) {
  const MonoTime deadline = os::mono_now() + kWaitMax;
  while (!so()) {
    if (os::mono_now() >= deadline) return false;
    loop.run_once(100ms);
  }
  return true;
}

// Everything that is ready now, timers of zero included, has been handled.
inline void run_ready(os::Loop& loop) {
  for (int i = 0; i < 50; ++i) {
    if (!loop.run_once(Nanos{0})) return;
  }
}

class Recorder {
 public:
  std::function<void(const machine::Event&)> emit() {
    return [this](const machine::Event& event) { events_.push_back(event); };
  }
  template <class T>
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::count_if(events_.begin(), events_.end(),
                      [](const auto& e) { return std::holds_alternative<T>(e); }));
  }
  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& event : events_) {
      if (const auto* one = std::get_if<T>(&event)) found.push_back(*one);
    }
    return found;
  }
  template <class T>
  T last() const {
    const auto found = all<T>();
    LEVI_CHECK(!found.empty());
    return found.back();
  }
  void clear() { events_.clear(); }
  const std::vector<machine::Event>& events() const { return events_; }

 private:
  std::vector<machine::Event> events_;
};

// On tmpfs, open as after the first resume.
class OpenLatch {
 public:
  OpenLatch() : folder_(kTmpfs), latch_(make(folder_)) {}
  latch::Latch& operator*() { return latch_; }
  latch::Latch* operator->() { return &latch_; }
  void seal() { latch_.seal(latch::Holder::kOperator, "test", "test", Instant{}, Nanos{0}); }
  void release() { LEVI_CHECK(latch_.release(latch::Holder::kOperator, 0)); }

 private:
  static latch::Latch make(const TempFolder& folder) {
    auto latch = latch::Latch::create(latch::latch_path(folder.path()));
    LEVI_CHECK(latch && latch.value().release(latch::Holder::kNewInstance, 0));
    return std::move(latch.value());
  }
  TempFolder folder_;
  latch::Latch latch_;
};

}  // namespace levi::test
