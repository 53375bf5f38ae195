// Decides when the guard takes everything back although its pipe to levictl is still open. Pure:
// time comes in, a reason goes out.
//
// Only a fault that stands is leased: with none, levictl may be silent for as long as it likes (its
// death ends the pipe). Silence is counted in the guard's own ticks, and a tick counts only if it
// came on time (as DESIGN §6 counts heartbeats): what stalls the machine stalls both, and says
// nothing about levictl. A fault never stands for longer than its order said, whatever is heard.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/base/instant.h"

namespace levi::chaos {

class Lease {
 public:
  explicit Lease(Nanos silence_max) : silence_max_(silence_max) {}

  Nanos tick_period() const;

  void stands(int number, MonoTime end);  // that fault, at the latest until then
  void ended(int number);
  void heard();  // levictl said something

  // Called once per tick_period. Empty, or why everything must be taken back now. `levictl_state`
  // gives the letter of /proc/<pid>/stat, 0 where it is gone. Asked only after the silence: a
  // levictl that computes or waits for a disk will speak again, and gets the same time once more,
  // kExtensionsMax times at most; one that was stopped will not.
  std::string tick(MonoTime now, const std::function<char()>& levictl_state);

  static constexpr int kExtensionsMax = 3;
  static constexpr Nanos kLateMax{1'000'000'000};  // of a tick that counts

 private:
  std::string after_silence(char state);

  Nanos silence_max_;
  std::map<int, MonoTime> ends_;
  MonoTime last_tick_;
  int silent_ticks_ = 0;
  int extensions_ = 0;
};

}  // namespace levi::chaos
