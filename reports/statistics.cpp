#include "reports/statistics.h"

#include <boost/math/distributions/binomial.hpp>
#include <cmath>

#include "core/base/check.h"

namespace levi::reports {

using boost::math::binomial_distribution;

Interval clopper_pearson(std::uint64_t successes, std::uint64_t trials, double confidence) {
  LEVI_CHECK(successes <= trials);
  if (trials == 0) return {0, 1};
  using Binomial = binomial_distribution<double>;
  const auto n = static_cast<double>(trials);
  const auto k = static_cast<double>(successes);
  const double tail = (1 - confidence) / 2;
  Interval interval;
  interval.low =
      Binomial::find_lower_bound_on_p(n, k, tail, Binomial::clopper_pearson_exact_interval);
  interval.high = successes == trials ? 1.0
                                      : Binomial::find_upper_bound_on_p(
                                            n, k, tail, Binomial::clopper_pearson_exact_interval);
  return interval;
}

double upper_bound_of_zero(std::uint64_t trials, double confidence) {
  if (trials == 0) return 1;
  return 1 - std::pow(1 - confidence, 1 / static_cast<double>(trials));
}

std::int64_t percentile(const std::vector<std::int64_t>& sorted, double quantile) {
  LEVI_CHECK(!sorted.empty() && quantile > 0 && quantile <= 1);
  const double rank = std::ceil(quantile * static_cast<double>(sorted.size()) - 1e-9);
  return sorted[static_cast<std::size_t>(rank) - 1];
}

// X(i), i from 1, is at or above the quantile iff fewer than i values lie below it: P = cdf(i - 1;
// n, quantile).
std::optional<std::size_t> upper_rank(std::size_t size, double quantile, double confidence) {
  if (size == 0) return std::nullopt;
  const binomial_distribution<double> below(static_cast<double>(size), quantile);
  for (std::size_t i = 1; i <= size; ++i) {
    if (cdf(below, static_cast<double>(i - 1)) >= confidence) return i - 1;
  }
  return std::nullopt;
}

std::optional<std::size_t> lower_rank(std::size_t size, double quantile, double confidence) {
  if (size == 0) return std::nullopt;
  const binomial_distribution<double> below(static_cast<double>(size), quantile);
  for (std::size_t i = size; i >= 1; --i) {  // P(X(i) <= quantile) = P(at least i below it)
    if (1 - cdf(below, static_cast<double>(i - 1)) >= confidence) return i - 1;
  }
  return std::nullopt;
}

std::size_t trials_needed(double quantile, double confidence) {
  LEVI_CHECK(quantile > 0 && quantile < 1);
  // The largest value lies above the quantile unless all n fell below it: 1 - quantile^n >=
  // confidence.
  return static_cast<std::size_t>(std::ceil(std::log(1 - confidence) / std::log(quantile) - 1e-9));
}

}  // namespace levi::reports
