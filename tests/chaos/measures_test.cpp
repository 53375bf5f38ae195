#include "chaos/experiment/measures.h"

#include <gtest/gtest.h>

#include "chaos/fault/registry.h"
#include "tests/chaos/samples.h"

namespace levi::chaos {
namespace {

MonoTime ms(std::int64_t n) { return MonoTime{n * 1'000'000}; }

CoreEvent event(const char* type, std::int64_t at_ms, Json data = Json::object()) {
  return {1, type, ms(at_ms), std::move(data)};
}

class Measures : public testing::Test {
 protected:
  Measures() {
    observed_.kind = find_fault("engine.kill");
    observed_.t0 = ms(1000);
    observed_.landing = Nanos{2ms};
  }
  reports::Measure take(const std::string& name) { return measure({name, {}, {}}, observed_); }
  std::optional<std::int64_t> value_ms(const std::string& name) {
    const auto taken = take(name);
    return taken.value ? std::optional(*taken.value / 1'000'000) : std::nullopt;
  }
  Observed observed_;
};

TEST_F(Measures, NothingSeenIsNotZero) {
  for (const auto& name : known_measures()) EXPECT_FALSE(take(name).value) << name;
}

TEST_F(Measures, WhatMustBeSeenAndWasNotDecidesNothing) {
  MeasureOrder order{"reconnect", {}, {}};
  order.target.max = 5'000'000'000;
  order.required = true;
  EXPECT_EQ(reports::judge(measure(order, observed_)), reports::Verdict::kInvalid);
}

TEST_F(Measures, ProbesGiveImpactAndRecoveryWithTheirUncertainty) {
  observed_.first_deviation = Moment{ms(1010), Nanos{5ms}};
  observed_.recovered = Moment{ms(1200), Nanos{6ms}};
  EXPECT_EQ(value_ms("impact"), 10);
  EXPECT_EQ(take("impact").error, Nanos{7ms}.count());
  EXPECT_EQ(value_ms("mttr"), 200);
  EXPECT_EQ(take("mttr").error, Nanos{8ms}.count());
}

TEST_F(Measures, ADeviationTooShortForAnyProbeIsMeasuredByTheCoresEvents) {
  observed_.events = {event("engine-down", 1001), event("engine-up", 1003, {{"engine", 2}})};
  observed_.engine = 2;
  EXPECT_EQ(value_ms("detect"), 1);
  EXPECT_EQ(value_ms("mttr"), 3);
  EXPECT_EQ(value_ms("engine_restart"), 3);
  EXPECT_FALSE(value_ms("impact"));
}

TEST_F(Measures, WhereBothSpeakTheLaterRecoveryCounts) {
  observed_.events = {event("engine-down", 1001), event("engine-up", 1003)};
  observed_.first_deviation = Moment{ms(1002), Nanos{1ms}};
  observed_.recovered = Moment{ms(1050), Nanos{1ms}};
  EXPECT_EQ(value_ms("mttr"), 50);
}

TEST_F(Measures, AnEngineThatWentDownAgainHasNotRecovered) {
  observed_.events = {event("engine-down", 1001), event("engine-up", 1003),
                      event("engine-down", 1005)};
  EXPECT_FALSE(value_ms("mttr"));
}

TEST_F(Measures, AnotherEnginesRestartIsNotThisOnes) {
  observed_.engine = 2;
  observed_.events = {event("engine-up", 1003, {{"engine", 1}})};
  EXPECT_FALSE(value_ms("engine_restart"));
}

TEST_F(Measures, EventsFromBeforeTheFaultDoNotCount) {
  observed_.events = {event("engine-down", 900), event("engine-up", 950)};
  EXPECT_FALSE(value_ms("detect"));
  EXPECT_FALSE(value_ms("mttr"));
}

TEST_F(Measures, ReconnectRunsFromTheSocketsEndToTheFirstAcceptedFrame) {
  observed_.kind = find_fault("feed.reset");
  observed_.socket_ended = ms(1001);
  observed_.events = {event("feed-down", 1002, {{"feed", "market"}}),
                      event("feed-up", 1003, {{"feed", "private"}}),
                      event("feed-up", 1005, {{"feed", "market"}})};
  EXPECT_EQ(value_ms("reconnect"), 4) << "the private feed's return is another matter";
  observed_.socket_ended.reset();
  EXPECT_EQ(value_ms("reconnect"), 3) << "a frozen socket is closed by the core alone";
}

TEST_F(Measures, AHeldFaultIsMeasuredFromItsRevertToo) {
  observed_.kind = find_fault("db.lock");
  observed_.first_deviation = Moment{ms(1100), Nanos{0}};
  observed_.recovered = Moment{ms(2050), Nanos{0}};
  EXPECT_FALSE(value_ms("recover_after_revert"));
  observed_.reverted = ms(2000);
  EXPECT_EQ(value_ms("recover_after_revert"), 50);
  EXPECT_EQ(value_ms("mttr"), 1050);
}

TEST_F(Measures, AStoreThatSaysItIsBehindAndThenNotHasRecovered) {
  observed_.kind = find_fault("db.lock");
  observed_.events = {event("store-state", 1100, {{"behind", true}}),
                      event("store-state", 1300, {{"behind", false}})};
  EXPECT_EQ(value_ms("detect"), 100);
  EXPECT_EQ(value_ms("mttr"), 300);
}

TEST_F(Measures, TheLedgersCountsAreTaken) {
  Balance balance;
  balance.lost = 3;
  observed_.balance = balance;
  EXPECT_EQ(take("lost").value, 3);
  EXPECT_EQ(take("duplicated").value, 0);
}

TEST_F(Measures, AKillIsMeasuredByItsAckAndItsLastArrival) {
  observed_.kill_ack = Nanos{4ms};
  KillJudgement kill;
  kill.last_arrival = ms(1007);
  kill.beyond_s = 1;
  observed_.kill = kill;
  EXPECT_EQ(value_ms("kill_ack"), 4);
  EXPECT_EQ(value_ms("kill_effect"), 7);
  EXPECT_EQ(take("beyond_s").value, 1);
}

}  // namespace
}  // namespace levi::chaos
