// Time. Nothing outside core/os reads a clock; everyone else is handed one of these.
//
// Instant   journal time: nanoseconds since the Unix epoch, never running backwards (DESIGN §4).
// MonoTime  CLOCK_MONOTONIC of one boot: for deadlines and measures, never stored as a date.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace levi {

using Nanos = std::chrono::nanoseconds;
using namespace std::chrono_literals;  // NOLINT: 250ms is clearer than Nanos{250'000'000}

template <class Tag>
struct TimePoint {
  std::int64_t ns = 0;

  friend constexpr auto operator<=>(const TimePoint&, const TimePoint&) = default;
  friend constexpr TimePoint operator+(TimePoint t, Nanos d) { return {t.ns + d.count()}; }
  friend constexpr TimePoint operator-(TimePoint t, Nanos d) { return {t.ns - d.count()}; }
  friend constexpr Nanos operator-(TimePoint a, TimePoint b) { return Nanos{a.ns - b.ns}; }
  constexpr TimePoint& operator+=(Nanos d) {
    ns += d.count();
    return *this;
  }
};

using Instant = TimePoint<struct InstantTag>;
using MonoTime = TimePoint<struct MonoTimeTag>;

inline constexpr MonoTime kNever{INT64_MAX};

}  // namespace levi
