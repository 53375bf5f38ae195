// Each fault, seen by a client, and its witness in /faults and in the ledger.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/exchange/stage.h"

namespace levi::exchange {
namespace {

constexpr const char* kOrder =
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11&newClientOrderId=";

class FaultTest : public ::testing::Test {
 protected:
  Json fault(const std::string& target) { return stage.admin("POST", "/faults/" + target); }
  Json listed(std::uint64_t id) {
    const Json all = stage.admin("GET", "/faults");
    for (const Json& each : all["faults"]) {
      if (each["id"] == id) return each;
    }
    return {};
  }
  std::size_t fault_entries(const std::string& name) {
    const auto entries = stage.ledger("fault");
    return static_cast<std::size_t>(std::count_if(
        entries.begin(), entries.end(), [&](const Json& entry) { return entry["fault"] == name; }));
  }
  Result<os::HttpResponse> ping(os::HttpSession& session, Nanos timeout = kPatience) {
    return session.call({"GET", "/api/v3/ping", {}, ""}, timeout);
  }

  // What was written before the fault is there already: a local socket delivers at once.
  void drain() {
    while (loop.run_once(0ns)) {
    }
  }

  Stage stage;
  os::Loop loop;
};

TEST_F(FaultTest, AResetIsSeenAsRstByExactlyThoseItAimsAt) {
  Listener market(loop, stage);
  ASSERT_TRUE(market.subscribe(kDepth));
  os::HttpSession rest(stage.endpoint());
  ASSERT_TRUE(ping(rest));
  const Json done = fault("reset?on=market&tag=r");
  ASSERT_EQ(done["hits"].size(), 1u) << done;
  ASSERT_TRUE(market.wait_closed());
  EXPECT_EQ(market.end, os::WsEnd::kReset);
  EXPECT_TRUE(ping(rest)) << "the other connection is not touched";
  const auto ends = stage.ledger("end");
  const auto end = std::find_if(ends.begin(), ends.end(), [&](const Json& entry) {
    return entry["connection"] == done["hits"][0]["connection"];
  });
  ASSERT_NE(end, ends.end());
  EXPECT_LE(done["hits"][0]["mono_ns"], (*end)["mono_ns"]);
  EXPECT_EQ(fault_entries("reset"), 2u) << "the injection and the hit";
}

TEST_F(FaultTest, AHalfOpenConnectionIsKeptButSilent) {
  Listener market(loop, stage);
  ASSERT_TRUE(market.subscribe(kDepth));
  ASSERT_TRUE(market.wait_push(2));
  const Json held = fault("half_open?on=market&tag=h");
  ASSERT_EQ(held["hits"].size(), 1u);
  drain();
  const std::size_t before = market.pushes.size();
  market.send(R"({"method":"PING"})");
  const std::uint64_t events = stage.admin("GET", "/flow")["events"];
  ASSERT_TRUE(wait_until(loop, [&] {
    return stage.admin("GET", "/flow")["events"].get<std::uint64_t>() > events + 20;
  }));
  EXPECT_EQ(market.pushes.size(), before);
  EXPECT_FALSE(market.closed);
  EXPECT_EQ(market.texts.size(), 1u) << "not even the ping is answered";
  EXPECT_EQ(stage.admin("GET", "/connections")[0]["frozen"], true);
  Listener fresh(loop, stage);
  EXPECT_TRUE(fresh.subscribe(kDepth)) << "without new=true, later connections work";
  EXPECT_EQ(stage.admin("DELETE", "/faults?tag=h")["reverted"], 1);
  EXPECT_EQ(stage.admin("DELETE", "/faults?tag=h")["reverted"], 0);
  ASSERT_TRUE(market.wait_closed()) << "it missed pushes that nobody can give it any more";
  EXPECT_EQ(listed(held["id"])["active"], false);
}

TEST_F(FaultTest, AHalfOpenExchangeSwallowsNewConnectionsToo) {
  const Json held = fault("half_open?on=rest&new=true&tag=h");
  os::HttpSession rest(stage.endpoint());
  const auto answer = ping(rest, 100ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kTimeout);
  Listener market(loop, stage);
  EXPECT_TRUE(market.subscribe(kDepth)) << "aimed at REST only";
  EXPECT_EQ(listed(held["id"])["hit_count"], 1);
  stage.admin("DELETE", "/faults?tag=h");
  os::HttpSession again(stage.endpoint());
  EXPECT_TRUE(ping(again));
}

TEST_F(FaultTest, RefusedConnectsFailAtOnceAndTheLeaseEndsIt) {
  const Json held = fault("refuse?tag=r&lease_ms=300");
  EXPECT_EQ(held["active"], true);
  const auto refused = os::connect_blocking(stage.endpoint(), kPatience);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(wait_until(
      loop, [&] { return os::connect_blocking(stage.endpoint(), kPatience).has_value(); }));
  EXPECT_EQ(listed(held["id"])["active"], false);
  EXPECT_EQ(fault_entries("reverted"), 1u);
}

TEST_F(FaultTest, TwoTagsMustBothGoBeforeConnectsWorkAgain) {
  fault("refuse?tag=a");
  fault("refuse?tag=b");
  stage.admin("DELETE", "/faults?tag=a");
  EXPECT_FALSE(os::connect_blocking(stage.endpoint(), kPatience));
  stage.admin("DELETE", "/faults?tag=b");
  EXPECT_TRUE(os::connect_blocking(stage.endpoint(), kPatience));
}

TEST_F(FaultTest, ASilencedChannelStillAnswersPings) {
  Listener market(loop, stage);
  ASSERT_TRUE(market.subscribe(kDepth));
  fault("silence?channel=spot@public.aggre.depth&tag=s");
  drain();
  const std::size_t before = market.pushes.size();
  market.send(R"({"method":"PING"})");
  ASSERT_TRUE(wait_until(loop, [&] { return market.texts.size() == 2; }));
  const std::uint64_t events = stage.admin("GET", "/flow")["events"];
  ASSERT_TRUE(wait_until(loop, [&] {
    return stage.admin("GET", "/flow")["events"].get<std::uint64_t>() > events + 20;
  }));
  EXPECT_EQ(market.pushes.size(), before);
  stage.admin("DELETE", "/faults?tag=s");
  EXPECT_TRUE(market.wait_push(before + 1));
}

TEST_F(FaultTest, SkippedVersionsAreAGapThatTheFaultNames) {
  Listener market(loop, stage);
  ASSERT_TRUE(market.subscribe(kDepth));
  const Json held = fault("skip_versions?symbol=BTCUSDT&count=2&tag=v");
  const std::size_t before = market.pushes.size();
  ASSERT_TRUE(wait_until(loop, [&] { return listed(held["id"])["active"] == false; }));
  ASSERT_TRUE(market.wait_push(before + 5));
  const Json hits = listed(held["id"])["hits"];
  ASSERT_EQ(hits.size(), 2u);
  std::string gaps;
  for (std::size_t i = 1; i < market.pushes.size(); ++i) {
    const auto last = std::stoull(market.pushes[i - 1].publicaggredepths().toversion());
    const auto next = std::stoull(market.pushes[i].publicaggredepths().fromversion());
    if (next != last + 1) gaps += std::to_string(last + 1) + "-" + std::to_string(next - 1);
  }
  const std::string first = hits[0]["detail"], second = hits[1]["detail"];
  EXPECT_EQ(gaps, first.substr(0, first.find('-')) + second.substr(second.find('-')));
}

TEST_F(FaultTest, ALostAnswerWasExecuted) {
  const Json held = fault("lose_answer?count=1&tag=l");
  os::HttpSession rest(stage.endpoint());
  const auto lost = rest.call(
      Stage::signed_request("POST", "/api/v3/order", std::string(kOrder) + "lost"), kPatience);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kIo)
      << "RST instead of an answer: the outcome is unknown";
  EXPECT_EQ(stage.call("GET", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=lost")["status"],
            "NEW");
  const Json after = listed(held["id"]);
  EXPECT_EQ(after["active"], false);
  EXPECT_EQ(after["hits"][0]["detail"], "lost");
  EXPECT_TRUE(
      stage.call("POST", "/api/v3/order", std::string(kOrder) + "next").contains("orderId"));
}

TEST_F(FaultTest, AClockThatIsOffRefusesTimestamps) {
  fault("clock_offset?ms=60000&tag=c");
  EXPECT_EQ(stage.call("GET", "/api/v3/account")["code"], 700003);
  stage.admin("DELETE", "/faults?tag=c");
  EXPECT_TRUE(stage.call("GET", "/api/v3/account").contains("balances"));
}

TEST_F(FaultTest, LatencyDelaysTheAnswerNotTheOrder) {
  fault("latency?ms=200&path=/api/v3/order&tag=d");
  os::HttpTiming timing;
  os::HttpSession rest(stage.endpoint());
  ASSERT_TRUE(
      rest.call(Stage::signed_request("POST", "/api/v3/order", std::string(kOrder) + "slow"),
                kPatience, &timing));
  EXPECT_GE(timing.last_byte_received - timing.first_byte_sent, 200ms);
  EXPECT_LT(stage.ledger("order").back()["mono_ns"], timing.last_byte_received.ns - 150'000'000);
}

TEST_F(FaultTest, WhatIsNotAFaultIsRefusedWithAReason) {
  for (const char* bad :
       {"nonsense?tag=a", "refuse", "half_open?tag=a&on=moon", "lose_answer?tag=a&count=0",
        "skip_versions?tag=a&symbol=NONE", "latency?tag=a&ms=-1", "silence?tag=a&lease_ms=-1"}) {
    EXPECT_TRUE(fault(bad).contains("error")) << bad;
  }
  EXPECT_TRUE(stage.admin("DELETE", "/faults").contains("error"));
  EXPECT_EQ(stage.admin("GET", "/faults")["active"], 0);
}

// A fault that was misspelt and does nothing would be a chaos run that breaks nothing.
TEST_F(FaultTest, WhatCantBeReadIsRefusedWithWhatWasExpected) {
  const struct {
    const char* method;
    const char* target;
    const char* word;
  } cases[] = {{"POST", "/faults/latency?tag=t&ms=1e9", "whole number"},
               {"POST", "/faults/clock_offset?tag=t&ms=abc", "whole number"},
               {"POST", "/faults/half_open?tag=t&bogus=1", "bogus"},
               {"POST", "/faults/half_open?tag=t&new=yes", "true or false"},
               {"POST", "/faults/half_open?tag=t&lease_ms=-1", "lease_ms"},
               {"POST", "/faults/reset?ms=5", "tag, on, lease_ms, count"},
               {"POST", "/faults/silence?tag=t&channel=nope", "spot@public"},
               {"DELETE", "/faults?tag=t&all=true", "all"},
               {"GET", "/ledger?after=abc", "after"},
               {"GET", "/ledger?after=-1", "0 or more"},
               {"GET", "/ledger?limit=ten", "limit"},
               {"GET", "/ledger?kinds=bogus", "order, fill"},
               {"GET", "/ledger?rows=1", "true or false"},
               {"GET", "/ledger/summary?prefx=LV", "prefix"},
               {"GET", "/ledger/orders?after=nope", "next"},
               {"GET", "/ledger/rate?window_ms=fast", "window_ms"},
               {"GET", "/state?verbose=1", "takes none"},
               {"GET", "/flow?rate=5", "takes none"},
               {"POST", "/flow?paused=maybe", "true or false"}};
  for (const auto& [method, target, word] : cases) {
    const auto answer = os::http_call(
        method, "http://127.0.0.1:" + std::to_string(stage.admin_port) + target, "", kPatience);
    ASSERT_TRUE(answer) << target;
    EXPECT_EQ(answer.value().status, 400) << target << ": " << answer.value().body;
    EXPECT_NE(answer.value().body.find(word), std::string::npos)
        << target << ": " << answer.value().body;
  }
  EXPECT_EQ(stage.admin("GET", "/faults")["active"], 0);
}

}  // namespace
}  // namespace levi::exchange
