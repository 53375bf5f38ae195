// Futexes in shared memory: sleeping on a word that another thread or process changes.
//
// Shared futexes (no FUTEX_PRIVATE_FLAG): they work on any shared mapping. Wake-ups may be
// spurious; callers look again. A timeout is taken as an absolute CLOCK_MONOTONIC instant, so that
// a signal in between doesn't prolong the sleep.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>

#include "core/base/instant.h"

namespace levi::os {

// Sleeps while *word == expected, until a wake, a signal or the deadline.
inline void futex_wait(const std::uint32_t* word, std::uint32_t expected, MonoTime deadline) {
  timespec until{};
  until.tv_sec = static_cast<time_t>(deadline.ns / 1'000'000'000);
  until.tv_nsec = static_cast<long>(deadline.ns % 1'000'000'000);
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, deadline == kNever ? nullptr : &until,
          nullptr, FUTEX_BITSET_MATCH_ANY);
}

inline void futex_wake_all(const std::uint32_t* word) {
  syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

inline const std::uint32_t* futex_word(const std::atomic<std::uint32_t>& word) {
  static_assert(sizeof(std::atomic<std::uint32_t>) == 4);
  return reinterpret_cast<const std::uint32_t*>(&word);
}

// The changing half of a 64-bit counter: a futex compares 32 bits.
inline const std::uint32_t* futex_low_half(const std::atomic<std::uint64_t>& word) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  return reinterpret_cast<const std::uint32_t*>(&word);
}

}  // namespace levi::os
