// Statistics of small samples: what a handful of trials can and cannot tell. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace levi::reports {

inline constexpr double kConfidence = 0.95;

struct Interval {
  double low = 0;
  double high = 1;
};

// Clopper–Pearson (exact binomial): the two-sided interval for the true pass rate. {0, 1} for no
// trials.
Interval clopper_pearson(std::uint64_t successes, std::uint64_t trials,
                         double confidence = kConfidence);

// Seen 0 times in `trials`: the true rate is below this with `confidence` (one-sided; 0 of 60 means
// < 4.9 %).
double upper_bound_of_zero(std::uint64_t trials, double confidence = kConfidence);

// Nearest-rank percentile of a sorted, non-empty sample; `quantile` in (0, 1].
std::int64_t percentile(const std::vector<std::int64_t>& sorted, double quantile);

// The order statistic that lies at or above the true quantile with `confidence`: index into the
// sorted sample. Empty where the sample is too small to say (below 59 for p95, 299 for p99).
std::optional<std::size_t> upper_rank(std::size_t size, double quantile,
                                      double confidence = kConfidence);
// The one that lies at or below it.
std::optional<std::size_t> lower_rank(std::size_t size, double quantile,
                                      double confidence = kConfidence);

// Smallest sample for which `upper_rank` says something.
std::size_t trials_needed(double quantile, double confidence = kConfidence);

}  // namespace levi::reports
