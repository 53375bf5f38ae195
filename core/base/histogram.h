// Histogram: counts of durations in log-linear buckets (16 a power of two: a quantile is at
// most 6.25 % too high).
//
// One thread records; any thread reads. Never allocates, never locks: a reader sees counts that may
// be a few records apart.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "core/base/instant.h"

namespace levi {

class Histogram {
 public:
  void record(Nanos duration) {
    const std::uint64_t ns =
        duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count());
    auto& bucket = buckets_[bucket_of(ns)];
    bucket.store(bucket.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    sum_ns_.store(sum_ns_.load(std::memory_order_relaxed) + ns, std::memory_order_relaxed);
  }

  std::uint64_t count() const {
    std::uint64_t total = 0;
    for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
    return total;
  }
  Nanos sum() const {
    return Nanos{static_cast<std::int64_t>(sum_ns_.load(std::memory_order_relaxed))};
  }

  // The upper edge of the bucket that holds the quantile; 0 without records.
  Nanos quantile(double q) const {
    const std::uint64_t total = count();
    if (total == 0) return Nanos{0};
    const auto rank = static_cast<std::uint64_t>(q * static_cast<double>(total - 1));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i].load(std::memory_order_relaxed);
      if (seen > rank) return Nanos{static_cast<std::int64_t>(upper_edge(i))};
    }
    return Nanos{static_cast<std::int64_t>(upper_edge(buckets_.size() - 1))};
  }

 private:
  static constexpr unsigned kSubBits = 4;  // 16 buckets a power of two
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) << kSubBits;

  static std::size_t bucket_of(std::uint64_t ns) {
    if (ns < (1u << kSubBits)) return static_cast<std::size_t>(ns);
    const auto exponent = static_cast<unsigned>(std::bit_width(ns)) - 1;
    const std::uint64_t sub = ns >> (exponent - kSubBits) & ((1u << kSubBits) - 1);
    return (static_cast<std::size_t>(exponent - kSubBits + 1) << kSubBits) +
           static_cast<std::size_t>(sub);
  }
  static std::uint64_t upper_edge(std::size_t bucket) {
    if (bucket < (1u << kSubBits)) return bucket;
    const std::size_t shift = (bucket >> kSubBits) - 1;
    const std::uint64_t sub = (bucket & ((1u << kSubBits) - 1)) | (1u << kSubBits);
    return ((sub + 1) << shift) - 1;
  }

  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> sum_ns_{0};
};

}  // namespace levi
