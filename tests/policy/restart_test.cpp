#include "core/policy/restart.h"

#include <gtest/gtest.h>

namespace levi::policy {
namespace {

constexpr RestartLimits kTwoInAHundred{.restarts_max = 2, .window = Nanos{100}};

Instant at(std::int64_t ns) { return {ns}; }

TEST(RestartPolicy, AllowsTheBudgetAndThenGivesUp) {
  std::vector<Instant> times;
  EXPECT_EQ(decide_restart(times, kTwoInAHundred, at(10)), RestartDecision::kRestart);
  EXPECT_EQ(decide_restart(times, kTwoInAHundred, at(20)), RestartDecision::kRestart);
  EXPECT_EQ(decide_restart(times, kTwoInAHundred, at(30)), RestartDecision::kGiveUp);
  EXPECT_EQ(times.size(), 2u) << "a refused restart is not counted";
}

TEST(RestartPolicy, TheWindowSlides) {
  std::vector<Instant> times{at(10), at(50)};
  EXPECT_EQ(decide_restart(times, kTwoInAHundred, at(109)), RestartDecision::kGiveUp);
  EXPECT_EQ(decide_restart(times, kTwoInAHundred, at(110)), RestartDecision::kRestart);
  EXPECT_EQ(decide_restart(times, kTwoInAHundred, at(149)), RestartDecision::kGiveUp);
  EXPECT_EQ(decide_restart(times, kTwoInAHundred, at(150)), RestartDecision::kRestart);
}

TEST(RestartPolicy, SuccessDoesNotRefillTheBudget) {
  // A loop that lives for a while each time is still a loop: only time and an audited start
  // forgive.
  std::vector<Instant> times;
  int restarts = 0;
  for (std::int64_t ns = 0; ns < 100; ns += 10) {
    restarts += decide_restart(times, kTwoInAHundred, at(ns)) == RestartDecision::kRestart;
  }
  EXPECT_EQ(restarts, 2);
}

TEST(RestartPolicy, SaysWhatIsLeftWithoutCountingAnything) {
  std::vector<Instant> times{at(10), at(50)};
  EXPECT_EQ(restarts_left(times, kTwoInAHundred, at(60)), 0u);
  EXPECT_EQ(restarts_left(times, kTwoInAHundred, at(110)), 1u);
  EXPECT_EQ(restarts_left(times, kTwoInAHundred, at(200)), 2u);
  EXPECT_EQ(times.size(), 2u);
}

TEST(RestartPolicy, ABudgetOfNothingNeverRestarts) {
  std::vector<Instant> times;
  EXPECT_EQ(decide_restart(times, {.restarts_max = 0, .window = Nanos{100}}, at(1)),
            RestartDecision::kGiveUp);
}

}  // namespace
}  // namespace levi::policy
