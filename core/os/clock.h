// The only place where time is read. Code below core/os is handed an Instant or a MonoTime.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/instant.h"

namespace levi::os {

MonoTime mono_now();          // CLOCK_MONOTONIC
Instant wall_now();           // CLOCK_REALTIME, nanoseconds since the epoch
std::string boot_id();        // /proc/sys/kernel/random/boot_id without dashes, 32 characters
std::uint64_t random_seed();  // getrandom(2)
std::string random_text(std::size_t length);  // [a-z0-9], for instance ids and run tags

// Journal time (DESIGN §4): starts at max(last recorded, wall clock), then follows the monotonic
// clock.
class JournalClock {
 public:
  explicit JournalClock(Instant last_recorded);
  Instant now() const { return base_ + (mono_now() - mono_base_); }
  MonoTime mono_of(Instant instant) const { return mono_base_ + (instant - base_); }

 private:
  MonoTime mono_base_;
  Instant base_;
};

std::string format_utc(Instant t);  // "2026-11-21T23:57:34.123456Z"

}  // namespace levi::os
