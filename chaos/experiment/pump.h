// Pump: lets the loop run until something is so. What a run waits for, it waits for here.
//
// Owned by the run's thread; never called from a handler of the loop. An interrupt or the death of
// the guard ends every wait.
#pragma once

#include <functional>

#include "core/base/instant.h"
#include "core/os/loop.h"

namespace levi::chaos {

enum class Waited { kDone, kDeadline, kBroken };

class Pump {
 public:
  // `broken` is asked after each round: true ends every wait from then on.
  Pump(os::Loop& loop, std::function<bool()> broken) : loop_(loop), broken_(std::move(broken)) {}

  Waited until(const std::function<bool()>& done, MonoTime deadline);
  // As `until`, also when broken: for taking back and giving back.
  bool until_anyway(const std::function<bool()>& done, MonoTime deadline);
  bool broken() const { return broken_(); }
  os::Loop& loop() { return loop_; }

 private:
  os::Loop& loop_;
  std::function<bool()> broken_;
};

}  // namespace levi::chaos
