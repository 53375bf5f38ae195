#include "chaos/guard/lease.h"

#include <algorithm>

namespace levi::chaos {
namespace {

constexpr int kTicks = 20;  // in the longest silence: 500 ms each for 10 s

}  // namespace

Nanos Lease::tick_period() const { return silence_max_ / kTicks; }

void Lease::stands(int number, MonoTime end) {
  if (ends_.empty()) heard();  // the silence before it was nobody's business
  ends_[number] = end;
}

void Lease::ended(int number) { ends_.erase(number); }

void Lease::heard() { silent_ticks_ = extensions_ = 0; }

std::string Lease::tick(MonoTime now, const std::function<char()>& levictl_state) {
  const bool on_time = now - last_tick_ < tick_period() + kLateMax;
  last_tick_ = now;
  if (ends_.empty()) return {};
  const bool over = std::any_of(ends_.begin(), ends_.end(),
                                [now](const auto& entry) { return now >= entry.second; });
  if (over) return "a fault stood for longer than its trial may take";
  if (!on_time || ++silent_ticks_ < kTicks) return {};
  return after_silence(levictl_state());
}

std::string Lease::after_silence(char state) {
  const bool will_speak = state == 'R' || state == 'D';
  if (!will_speak || extensions_ == kExtensionsMax) return "levictl gave no sign of life";
  ++extensions_;
  silent_ticks_ = 0;
  return {};
}

}  // namespace levi::chaos
