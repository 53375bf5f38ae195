#include "core/policy/reconnect.h"

#include <gtest/gtest.h>

namespace levi::policy {
namespace {

constexpr MonoTime kLossAt{1'000'000'000'000};

TEST(ReconnectPolicy, ReopensAWorkingConnectionAtOnce) {
  ReconnectPolicy policy;
  Random random(1);
  policy.on_connected(kLossAt);
  EXPECT_EQ(policy.on_lost(kLossAt + 5s, random), Nanos{0});
}

TEST(ReconnectPolicy, DoublesTheBoundFrom100MillisecondsTo30Seconds) {
  const Nanos bounds[] = {100ms,  200ms,   400ms,   800ms, 1600ms, 3200ms,
                          6400ms, 12800ms, 25600ms, 30s,   30s,    30s};
  Nanos largest[std::size(bounds)] = {};
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    ReconnectPolicy policy;
    Random random(seed);
    for (std::size_t i = 0; i < std::size(bounds); ++i) {
      const Nanos delay = policy.on_lost(kLossAt, random);
      EXPECT_GE(delay, Nanos{0});
      EXPECT_LE(delay, bounds[i]);
      largest[i] = std::max(largest[i], delay);
    }
  }
  // Full jitter fills the whole range: of 400 draws the largest lies in the upper tenth but for
  // odds of 0.9^400.
  for (std::size_t i = 0; i < std::size(bounds); ++i)
    EXPECT_GT(largest[i], bounds[i] * 9 / 10) << "attempt " << i;
}

TEST(ReconnectPolicy, StartsOverAfterAStableMinuteOnly) {
  Random random(7);
  ReconnectPolicy policy;
  for (int i = 0; i < 6; ++i) (void)policy.on_lost(kLossAt, random);
  policy.on_connected(kLossAt);
  EXPECT_EQ(policy.on_lost(kLossAt + 59s, random), Nanos{0})
      << "it worked, so the first attempt comes at once";
  EXPECT_EQ(policy.attempts(), 6u) << "but nothing is forgotten";
  policy.on_connected(kLossAt + 60s);
  (void)policy.on_lost(kLossAt + 120s, random);
  EXPECT_EQ(policy.attempts(), 0u);
}

TEST(ReconnectPolicy, DoesNotHammerAPeerThatAcceptsAndDrops) {
  // Each connection "works" for a millisecond. At once is granted once a second, the rest backs
  // off.
  Random random(3);
  ReconnectPolicy policy;
  MonoTime now = kLossAt;
  int attempts = 0;
  while (now < kLossAt + 60s) {
    policy.on_connected(now);
    now += 1ms;
    now += policy.on_lost(now, random);
    ++attempts;
  }
  EXPECT_LT(attempts, 120) << "an eager client would have made 60,000";
}

TEST(ReconnectPolicy, TheSameSeedGivesTheSameDelays) {
  ReconnectPolicy a;
  ReconnectPolicy b;
  Random random_a(42);
  Random random_b(42);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(a.on_lost(kLossAt, random_a), b.on_lost(kLossAt, random_b));
}

}  // namespace
}  // namespace levi::policy
