#include "chaos/experiment/pump.h"

#include <algorithm>

#include "core/os/clock.h"

namespace levi::chaos {
namespace {

constexpr Nanos kRoundMax = 50ms;  // a signal handler's flag is seen no later

}  // namespace

Waited Pump::until(const std::function<bool()>& done, MonoTime deadline) {
  while (true) {
    if (broken_()) return Waited::kBroken;
    if (done()) return Waited::kDone;
    const MonoTime now = os::mono_now();
    if (now >= deadline) return Waited::kDeadline;
    loop_.run_once(std::min(kRoundMax, deadline - now));
  }
}

bool Pump::until_anyway(const std::function<bool()>& done, MonoTime deadline) {
  while (!done()) {
    const MonoTime now = os::mono_now();
    if (now >= deadline) return false;
    loop_.run_once(std::min(kRoundMax, deadline - now));
  }
  return true;
}

}  // namespace levi::chaos
