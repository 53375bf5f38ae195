#include "chaos/experiment/watch.h"

#include <gtest/gtest.h>

namespace levi::chaos {
namespace {

constexpr const char* kHolds = "";
constexpr const char* kBroken = "it is down";

MonoTime ms(std::int64_t n) { return MonoTime{n * 1'000'000}; }

// Sightings every 10 ms; each is answered 1 ms after it was asked.
class WatchTest : public testing::Test {
 protected:
  void saw(std::int64_t from, std::int64_t to, const char* failing, std::size_t probe = 0) {
    for (std::int64_t t = from; t < to; t += 10) watch_.saw(probe, ms(t), ms(t + 1), failing);
  }
  Watch watch_{{"a"}, Nanos{100ms}};
};

TEST_F(WatchTest, TheSteadyStateMustHoldForAllOfTheTime) {
  EXPECT_FALSE(watch_.held_for(Nanos{50ms}, ms(0)));
  saw(0, 50, kHolds);
  EXPECT_FALSE(watch_.held_for(Nanos{50ms}, ms(50)));
  saw(50, 70, kHolds);
  EXPECT_TRUE(watch_.held_for(Nanos{50ms}, ms(70)));
}

TEST_F(WatchTest, OneFailureBeginsTheWaitAnew) {
  saw(0, 100, kHolds);
  saw(100, 110, kBroken);
  saw(110, 150, kHolds);
  EXPECT_FALSE(watch_.held_for(Nanos{50ms}, ms(150)));
  EXPECT_TRUE(watch_.held_for(Nanos{20ms}, ms(150)));
}

TEST_F(WatchTest, AProbeThatIsNoLongerAnsweredDoesNotHold) {
  saw(0, 100, kHolds);
  EXPECT_TRUE(watch_.held_for(Nanos{50ms}, ms(150)));
  EXPECT_FALSE(watch_.held_for(Nanos{50ms}, ms(300)));
  EXPECT_EQ(watch_.failing(ms(300)), "a: is not answered any more");
}

TEST_F(WatchTest, ADeviationLiesBetweenTheLastGoodSightingAndTheFirstBadOne) {
  saw(0, 100, kHolds);
  watch_.mark(ms(95));
  saw(100, 120, kHolds);
  saw(120, 150, kBroken);
  ASSERT_TRUE(watch_.first_deviation());
  EXPECT_EQ(watch_.first_deviation()->at, ms(121));
  EXPECT_EQ(watch_.first_deviation()->uncertainty, Nanos{11ms});
  EXPECT_FALSE(watch_.recovered());
}

TEST_F(WatchTest, RecoveryLiesBetweenTheLastBadSightingAndTheFirstGoodOne) {
  saw(0, 100, kHolds);
  watch_.mark(ms(95));
  saw(100, 150, kBroken);
  saw(150, 200, kHolds);
  ASSERT_TRUE(watch_.recovered());
  EXPECT_EQ(watch_.recovered()->at, ms(151));
  EXPECT_EQ(watch_.recovered()->uncertainty, Nanos{11ms});
}

TEST_F(WatchTest, WithoutADeviationThereIsNoRecovery) {
  watch_.mark(ms(0));
  saw(0, 100, kHolds);
  EXPECT_FALSE(watch_.first_deviation());
  EXPECT_FALSE(watch_.recovered());
}

TEST_F(WatchTest, ADeviationFromBeforeTheMarkDoesNotCount) {
  saw(0, 50, kBroken);
  watch_.mark(ms(45));
  watch_.saw(0, ms(44), ms(46), kBroken);  // asked before
  saw(50, 100, kHolds);
  EXPECT_FALSE(watch_.first_deviation());
}

TEST(WatchOfTwo, TheLastProbeToRecoverCounts) {
  Watch watch({"a", "b"}, Nanos{100ms});
  watch.mark(ms(0));
  watch.saw(0, ms(10), ms(11), "down");
  watch.saw(1, ms(10), ms(11), "down");
  watch.saw(0, ms(20), ms(21), "");
  EXPECT_FALSE(watch.recovered());
  watch.saw(1, ms(40), ms(41), "");
  ASSERT_TRUE(watch.recovered());
  EXPECT_EQ(watch.recovered()->at, ms(41));
  EXPECT_TRUE(watch.deviated(0));
  EXPECT_EQ(watch.deviation_text(1), "down");
}

}  // namespace
}  // namespace levi::chaos
