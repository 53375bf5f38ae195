#include "levictl/kill_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "levictl/exit_code.h"

namespace levi::cli {
namespace {

KillWay by_http(std::uint64_t epoch, std::uint64_t sequence, bool drained, bool aborted) {
  KillWay way;
  way.way = "api";
  way.reached = way.sealed = true;
  way.drained = drained;
  way.aborted = aborted;
  way.epoch = epoch;
  way.sequence = sequence;
  return way;
}

KillWay by_file(const char* fence) {
  KillWay way;
  way.way = "latch file";
  way.reached = way.sealed = true;
  way.drained = std::string(fence) != "undrained";
  way.fence = fence;
  way.epoch = 5;
  way.sequence = 1234;
  return way;
}

KillWay by_venue(std::uint64_t open) {
  KillWay way;
  way.way = "venue";
  way.reached = true;
  way.cancelled = 40;
  way.open = open;
  return way;
}

KillWay unreachable(const char* name) {
  KillWay way;
  way.way = name;
  way.error = "unreachable: connection refused";
  return way;
}

const OpenOrders kNone{true, false, 0, "the core"};
const OpenOrders kOne{true, false, 1, "the venue"};
const OpenOrders kNobodyKnows{false, false, 0, ""};
const OpenOrders kHangs{false, true, 0, ""};
const OpenOrders kNotWaitedFor{false, true, 0, "", false};

KillWay failed_venue() {
  KillWay way;
  way.way = "venue";
  way.error = "the venue's address or key is not known";
  return way;
}

struct Case {
  const char* what;
  std::vector<KillWay> ways;
  OpenOrders open;
  bool drained_since;
  int exit;
  const char* says;
};

class KillExit : public testing::TestWithParam<Case> {};

TEST_P(KillExit, IsZeroOnlyWhereNothingIsLeftToSay) {
  const Case& c = GetParam();
  const KillReport report = judge_kill(c.ways, c.open, c.drained_since);
  EXPECT_EQ(report.exit_code(), c.exit);
  EXPECT_NE(report.verdict("operator").find(c.says), std::string::npos)
      << report.verdict("operator");
}

INSTANTIATE_TEST_SUITE_P(
    Table, KillExit,
    testing::Values(
        Case{"Done", {by_http(7, 10, true, false)}, kNone, false, kDone, "sealed."},
        Case{"Aborted", {by_http(7, 10, false, true)}, kNone, false, kDone, "sealed."},
        Case{"SealedButUndrained",
             {unreachable("api"), by_file("undrained")},
             kNone,
             false,
             kFailed,
             "NOT drained: orders up to S = 1234 may still leave"},
        Case{"DrainedLater", {by_file("undrained")}, kNone, true, kDone, "sealed."},
        Case{"DrainedByAnother",
             {by_file("undrained"), by_http(6, 1234, true, false)},
             kNone,
             false,
             kDone,
             "sealed."},
        Case{"Fenced", {by_file("fenced")}, kNone, false, kDone, "sealed."},
        Case{"OrdersLeft", {by_file("drained")}, kOne, false, kFailed, "open orders: 1"},
        Case{"Unverified", {by_file("drained")}, kNobodyKnows, false, kFailed, "not verified"},
        Case{"Hangs", {by_file("drained")}, kHangs, false, kFailed, "trading thread hangs"},
        Case{"NotWaitedFor", {by_file("drained")}, kNotWaitedFor, false, kFailed, "not waited for"},
        // The venue was asked for on purpose: that the others worked is not what was wanted.
        Case{"VenueFailed",
             {by_http(7, 10, true, false), failed_venue()},
             kNone,
             false,
             kFailed,
             "the venue's way FAILED: the venue's address or key"},
        Case{"OnlyTheVenueWithOneLeft",
             {unreachable("api"), by_venue(1)},
             kOne,
             false,
             kFailed,
             "NOT sealed"},
        Case{"OnlyTheVenueWithNoneLeft",
             {unreachable("api"), by_venue(0)},
             kNone,
             false,
             kFailed,
             "NOT sealed"},
        // Somebody else's latch: that it is drained says nothing about a seal of ours.
        Case{"OnlyTheVenueAndADrainedLatch", {by_venue(0)}, kNone, true, kFailed, "NOT sealed"},
        Case{"Nothing",
             {unreachable("api"), unreachable("latch file")},
             kNobodyKnows,
             false,
             kUndecided,
             "nothing was reached"}),
    [](const auto& tested) { return std::string(tested.param.what); });

// Each way seals anew, and S grows: once the first seal was set, nothing above its own S may leave.
TEST(KillReport, ItsEpochAndSequenceAreThoseOfTheFirstSeal) {
  const KillReport report = judge_kill({by_http(9, 1240, true, false), by_venue(0),
                                        by_http(7, 1234, true, false), by_file("drained")},
                                       kNone, false);
  EXPECT_EQ(report.epoch, 5u);
  EXPECT_EQ(report.sequence, 1234u);
  const KillReport two =
      judge_kill({by_http(9, 1240, true, false), by_http(7, 1230, true, false)}, kNone, false);
  EXPECT_EQ(two.epoch, 7u);
  EXPECT_EQ(two.sequence, 1230u);
}

TEST(KillReport, InterruptedIsItsOwnEndUnlessAllWasDone) {
  KillReport report = judge_kill({by_file("drained")}, kOne, false);
  report.interrupted = true;
  EXPECT_EQ(report.exit_code(), kInterrupted);
  EXPECT_NE(report.verdict("operator").find("interrupted"), std::string::npos);
  EXPECT_NE(report.verdict("operator").find("sealed."), std::string::npos);
  report.open = kNone;
  EXPECT_EQ(report.exit_code(), kDone);
}

TEST(KillReport, AsJsonTellsEachWayApart) {
  const auto json =
      nlohmann::json::parse(judge_kill({by_http(7, 10, false, true), by_file("undrained"),
                                        by_venue(2), unreachable("control port")},
                                       kOne, false)
                                .json());
  EXPECT_EQ(json["sealed"], true);
  EXPECT_EQ(json["drained"], true);
  EXPECT_EQ(json["epoch"], 5);
  EXPECT_EQ(json["sequence"], 1234);
  EXPECT_EQ(json["exit"], kFailed);
  EXPECT_EQ(json["open_orders"],
            (nlohmann::json{{"known", true}, {"count", 1}, {"by", "the venue"}}));
  ASSERT_EQ(json["ways"].size(), 4u);
  const auto& http = json["ways"][0];
  EXPECT_EQ(http["reached"], true);
  EXPECT_EQ(http["aborted"], true);
  EXPECT_FALSE(http.contains("fence"));
  const auto& file = json["ways"][1];
  EXPECT_EQ(file["sealed"], true);
  EXPECT_EQ(file["drained"], false);
  EXPECT_EQ(file["fence"], "undrained");
  EXPECT_FALSE(file.contains("cancelled"));
  const auto& venue = json["ways"][2];
  EXPECT_EQ(venue["sealed"], false);
  EXPECT_TRUE(venue["epoch"].is_null());
  EXPECT_EQ(venue["cancelled"], 40);
  EXPECT_EQ(venue["open"], 2);
  EXPECT_EQ(json["ways"][3]["reached"], false);
  EXPECT_EQ(json["ways"][3]["error"], "unreachable: connection refused");
}

TEST(KillReport, NothingThatIsNotKnownIsANumber) {
  const auto json =
      nlohmann::json::parse(judge_kill({unreachable("api")}, kNobodyKnows, false).json());
  EXPECT_TRUE(json["epoch"].is_null());
  EXPECT_TRUE(json["sequence"].is_null());
  EXPECT_TRUE(json["open_orders"]["count"].is_null());
  EXPECT_EQ(json["exit"], kUndecided);
}

}  // namespace
}  // namespace levi::cli
