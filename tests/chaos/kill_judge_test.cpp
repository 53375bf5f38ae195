#include "chaos/experiment/kill_judge.h"

#include <gtest/gtest.h>

#include "tests/chaos/samples.h"

namespace levi::chaos {
namespace {

constexpr MonoTime kPressed{1000};

KillJudgement judge(const std::vector<VenueEntry>& entries, std::uint64_t s = 20) {
  KillJudge judge({kInstance, s, kPressed});
  for (const auto& entry : entries) judge.venue(entry);
  return judge.judgement();
}

TEST(KillJudge, NothingAboveSIsNoViolation) {
  const KillJudgement judgement = judge({venue_order(19, 900), venue_order(20, 990)});
  EXPECT_EQ(judgement.beyond_s, 0u);
  EXPECT_EQ(judgement.in_flight, 0u);
  EXPECT_FALSE(judgement.last_arrival);
  EXPECT_TRUE(judgement.s_arrived);
}

TEST(KillJudge, AnOrderAboveSIsAViolationWhateverItsTime) {
  EXPECT_EQ(judge({venue_order(21, 1500)}).beyond_s, 1u);
  EXPECT_EQ(judge({venue_order(21, 500)}).beyond_s, 1u) << "no clock is asked";
  EXPECT_NE(judge({venue_order(21, 500)}).details.front().find("sequence 21"), std::string::npos);
}

TEST(KillJudge, WhatArrivesLateAtOrBelowSWasInFlight) {
  const KillJudgement judgement = judge({venue_order(19, 1200), venue_order(20, 1300)});
  EXPECT_EQ(judgement.beyond_s, 0u);
  EXPECT_EQ(judgement.in_flight, 2u);
  EXPECT_EQ(judgement.last_arrival, MonoTime{1300});
}

// Nobody grants one in a chaos trial: it went past the seal as any other would.
TEST(KillJudge, AFlattenOrderThatArrivesAfterThePressIsAViolationOfItsOwn) {
  const KillJudgement judgement = judge({venue_order(25, 1500, OrderKind::kFlatten)});
  EXPECT_EQ(judgement.beyond_s, 0u);
  EXPECT_EQ(judgement.flatten, 1u);
  ASSERT_EQ(judgement.details.size(), 1u);
  EXPECT_NE(judgement.details.front().find("flatten"), std::string::npos);
  EXPECT_TRUE(judge({venue_order(25, 900, OrderKind::kFlatten)}).details.empty());
}

TEST(KillJudge, OtherPeoplesOrdersAreNotOurs) {
  VenueEntry foreign = venue_order(99, 1500);
  foreign.client_id = client_id(99, OrderKind::kNormal, "zzzzzzz");
  foreign.ours = parse_client_order_id(foreign.client_id);
  EXPECT_EQ(judge({foreign}).beyond_s, 0u);
  EXPECT_EQ(judge({foreign}).orders, 0u);
}

TEST(KillJudge, FlowIsCountedInTheWindowBeforeThePress) {
  const std::vector<VenueEntry> entries{venue_order(1, 100), venue_order(2, 900),
                                        venue_order(3, 1000), venue_order(4, 1001)};
  EXPECT_EQ(orders_in(entries, kPressed, Nanos{200}), 2u);
  EXPECT_EQ(orders_in(entries, kPressed, Nanos{2000}), 3u);
}

// As the exchange saw it, whoever looked or did not.
TEST(KillJudge, TheLongestLullLiesBetweenTwoOrdersOrAtAnEnd) {
  const std::vector<VenueEntry> entries{venue_order(1, 100), venue_order(2, 1100),
                                        venue_fill(2, "t1"), venue_order(3, 1400),
                                        venue_order(4, 3000)};
  EXPECT_EQ(longest_lull(entries, MonoTime{1000}, MonoTime{1500}), Nanos{300});
  EXPECT_EQ(longest_lull(entries, MonoTime{1000}, MonoTime{2000}), Nanos{600});
  EXPECT_EQ(longest_lull(entries, MonoTime{600}, MonoTime{1500}), Nanos{500});
  EXPECT_EQ(longest_lull({}, MonoTime{600}, MonoTime{1500}), Nanos{900});
}

}  // namespace
}  // namespace levi::chaos
