#include "reports/statistics.h"

#include <gtest/gtest.h>

namespace levi::reports {
namespace {

// Reference values: R's binom.test(k, n)$conf.int.
TEST(Statistics, ClopperPearsonAgreesWithPublishedValues) {
  struct Case {
    std::uint64_t successes, trials;
    double low, high;
  };
  for (const Case& c : {Case{9, 10, 0.5549839, 0.9974714}, Case{10, 10, 0.6915029, 1.0},
                        Case{0, 10, 0.0, 0.3084971}, Case{54, 60, 0.7949, 0.9624}}) {
    const Interval interval = clopper_pearson(c.successes, c.trials);
    EXPECT_NEAR(interval.low, c.low, 1e-4) << c.successes << "/" << c.trials;
    EXPECT_NEAR(interval.high, c.high, 1e-4) << c.successes << "/" << c.trials;
  }
}

TEST(Statistics, NoTrialsSayNothing) {
  const Interval interval = clopper_pearson(0, 0);
  EXPECT_EQ(interval.low, 0);
  EXPECT_EQ(interval.high, 1);
  EXPECT_EQ(upper_bound_of_zero(0), 1);
}

TEST(Statistics, ZeroOfSixtyMeansBelowFivePercent) {
  EXPECT_NEAR(upper_bound_of_zero(60), 0.0487, 1e-3);
  EXPECT_NEAR(upper_bound_of_zero(1), 0.95, 1e-9);
}

TEST(Statistics, PercentileIsTheNearestRank) {
  const std::vector<std::int64_t> sorted{10, 20, 30, 40, 50, 60, 70, 80, 90, 100};
  EXPECT_EQ(percentile(sorted, 0.5), 50);
  EXPECT_EQ(percentile(sorted, 0.95), 100);
  EXPECT_EQ(percentile(sorted, 0.1), 10);
  EXPECT_EQ(percentile(sorted, 1.0), 100);
  EXPECT_EQ(percentile({5}, 0.01), 5);
}

TEST(Statistics, FiftyNineTrialsAreNeededForP95AndTwoHundredNinetyNineForP99) {
  EXPECT_EQ(trials_needed(0.95), 59u);
  EXPECT_EQ(trials_needed(0.99), 299u);
  EXPECT_FALSE(upper_rank(58, 0.95).has_value());
  EXPECT_EQ(upper_rank(59, 0.95), 58u);
  EXPECT_FALSE(upper_rank(298, 0.99).has_value());
  EXPECT_EQ(upper_rank(299, 0.99), 298u);
}

TEST(Statistics, RanksEncloseTheMedian) {
  EXPECT_EQ(lower_rank(20, 0.5), 5u);   // X(6): P(Bin(20, 1/2) >= 6) = 0.979
  EXPECT_EQ(upper_rank(20, 0.5), 14u);  // X(15): P(Bin(20, 1/2) <= 14) = 0.979
  EXPECT_FALSE(lower_rank(3, 0.5).has_value());
}

}  // namespace
}  // namespace levi::reports
