#include "core/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace levi {
namespace {

// SplitMix64 from seed 0 gives e220a8397b1dcdaf, 6e789e6aa1b965f4, 06c45d188009454f,
// f88bb8a8724c81ec (Vigna's reference output); xoshiro256** then multiplies state[1]:
// rotl(0x6e789e6aa1b965f4 * 5, 7) * 9.
TEST(Random, IsTheGeneratorItSaysItIs) {
  Random random(0);
  const std::uint64_t product = 0x6e789e6aa1b965f4u * 5;
  EXPECT_EQ(random.next(), (product << 7 | product >> 57) * 9);
  EXPECT_EQ(Random(0).next(), 0x99ec5f36cb75f2b4u);
}

TEST(Random, RepeatsItselfFromTheSameSeed) {
  Random first(42);
  Random second(42);
  Random other(43);
  int equal = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = first.next();
    EXPECT_EQ(value, second.next());
    equal += value == other.next() ? 1 : 0;
  }
  EXPECT_EQ(equal, 0);
}

TEST(Random, BelowStaysBelowAndReachesAll) {
  Random random(7);
  std::array<int, 6> counts{};
  for (int i = 0; i < 6000; ++i) ++counts.at(random.below(6));
  EXPECT_GT(*std::min_element(counts.begin(), counts.end()), 800);
  EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, UnitIsFromZeroToBelowOne) {
  Random random(7);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double value = random.unit();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

TEST(RandomDeathTest, BelowZeroIsABug) { EXPECT_DEATH(Random(1).below(0), "check failed"); }

TEST(Random, DerivedSeedsDiffer) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (std::uint64_t index = 0; index < 50; ++index) seeds.insert(derive_seed(seed, index));
  }
  EXPECT_EQ(seeds.size(), 2500u);
  EXPECT_EQ(derive_seed(9, 3), derive_seed(9, 3));
}

}  // namespace
}  // namespace levi
