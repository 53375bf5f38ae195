#include "core/base/histogram.h"

#include <gtest/gtest.h>

namespace levi {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.quantile(0.5), Nanos{0});
}

TEST(Histogram, NamesQuantilesWithinOneSixteenthAboveTheTruth) {
  Histogram histogram;
  for (int i = 1; i <= 100'000; ++i) histogram.record(Nanos{i * 10});
  EXPECT_EQ(histogram.count(), 100'000u);
  for (const double q : {0.01, 0.5, 0.9, 0.99, 1.0}) {
    const double truth = q * 1'000'000;
    const auto found = static_cast<double>(histogram.quantile(q).count());
    EXPECT_GE(found, truth * 0.999) << q;
    EXPECT_LE(found, truth * 1.0626 + 10) << q;
  }
}

TEST(Histogram, TakesTheExtremes) {
  Histogram histogram;
  histogram.record(Nanos{0});
  histogram.record(Nanos{-5});
  histogram.record(Nanos{INT64_MAX});
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_EQ(histogram.quantile(0.0), Nanos{0});
  EXPECT_EQ(histogram.quantile(1.0), Nanos{INT64_MAX});
}

}  // namespace
}  // namespace levi
