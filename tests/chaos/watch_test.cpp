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
    for (std::int64_t t = from; t < to; t += 10)
      watch_.saw({probe, ms(t), ms(t + 1), failing, false});
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

TEST_F(WatchTest, WhatLiesBeforeAGapInWhichNobodyLookedDoesNotCount) {
  saw(0, 100, kHolds);
  saw(400, 420, kHolds);
  EXPECT_FALSE(watch_.held_for(Nanos{50ms}, ms(420)));
  saw(420, 470, kHolds);
  EXPECT_TRUE(watch_.held_for(Nanos{50ms}, ms(470)));
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
  watch_.saw({0, ms(44), ms(46), kBroken, false});  // asked before
  saw(50, 100, kHolds);
  EXPECT_FALSE(watch_.first_deviation());
}

// The injecting call tells t0 only afterwards: what was asked between it and the call is weighed
// then.
TEST_F(WatchTest, WhatWasAskedBeforeTheInstantThatIsKnownLaterDoesNotCount) {
  saw(0, 100, kHolds);
  watch_.hold();
  saw(100, 120, kBroken);  // of something else, which is over
  saw(120, 150, kHolds);
  saw(150, 170, kBroken);
  watch_.mark(ms(125));
  ASSERT_TRUE(watch_.first_deviation());
  EXPECT_EQ(watch_.first_deviation()->at, ms(151));
  EXPECT_EQ(watch_.first_deviation()->uncertainty, Nanos{11ms});
  saw(170, 200, kHolds);
  EXPECT_EQ(watch_.recovered()->at, ms(171));
}

TEST_F(WatchTest, SilenceIsADeviationOfWhichOnlyTheLengthIsKnown) {
  watch_.mark(ms(0));
  watch_.saw({0, ms(0), ms(250), "no answer", true});
  watch_.saw({0, ms(251), ms(501), "no answer", true});
  watch_.saw({0, ms(502), ms(503), kHolds, false});
  watch_.saw({0, ms(510), ms(760), "no answer", true});
  EXPECT_TRUE(watch_.first_deviation());
  EXPECT_FALSE(watch_.deviated(0)) << "no answer said that it failed";
  EXPECT_EQ(watch_.silence(0), Nanos{501ms}) << "the longest stretch on end";
  watch_.saw({0, ms(800), ms(801), kBroken, false});
  EXPECT_TRUE(watch_.deviated(0)) << "whatever was silent before";
  EXPECT_EQ(watch_.deviation_text(0), kBroken);
}

// Nobody is to blame for what happens meanwhile, and nobody has seen that nothing did.
TEST_F(WatchTest, TheLongestTimeInWhichWeDidNotLookIsKnown) {
  saw(0, 100, kHolds);
  watch_.mark(ms(95));
  EXPECT_EQ(watch_.unwatched(0, ms(96)), Nanos{1ms});
  saw(100, 200, kHolds);
  EXPECT_EQ(watch_.unwatched(0, ms(200)), Nanos{9ms});
  saw(800, 900, kHolds);
  EXPECT_EQ(watch_.unwatched(0, ms(900)), Nanos{609ms});
  EXPECT_EQ(watch_.unwatched(0, ms(1900)), Nanos{1009ms}) << "up to now";
  watch_.mark(ms(895));
  EXPECT_EQ(watch_.unwatched(0, ms(900)), Nanos{5ms});
}

TEST(WatchOfTwo, TheLastProbeToRecoverCounts) {
  Watch watch({"a", "b"}, Nanos{100ms});
  watch.mark(ms(0));
  watch.saw({0, ms(10), ms(11), "down", false});
  watch.saw({1, ms(10), ms(11), "down", false});
  watch.saw({0, ms(20), ms(21), "", false});
  EXPECT_FALSE(watch.recovered());
  watch.saw({1, ms(40), ms(41), "", false});
  ASSERT_TRUE(watch.recovered());
  EXPECT_EQ(watch.recovered()->at, ms(41));
  EXPECT_TRUE(watch.deviated(0));
  EXPECT_EQ(watch.deviation_text(1), "down");
}

}  // namespace
}  // namespace levi::chaos
