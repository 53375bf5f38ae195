// Questions about orders: the not-found rule, trades by pages.
#include "tests/venue/questions.h"

#include <gtest/gtest.h>

#include "core/os/clock.h"

namespace levi::mexc {
namespace {

using machine::VenueFill;
using machine::VenueOrderState;
using machine::VenueStatus;
using nlohmann::json;
using test::HeldClock;
using test::kNotFound;
using test::kSigned_ms;
using test::Rig;
using test::serve_trades;
using test::trade_json;

TEST(OrderQueries, AFoundOrderIsReportedOnce) {
  Rig rig;
  rig.fake.answer("GET /order", 200,
                  test::order_json("BTCUSDT", rig.client_id(9), "PARTIALLY_FILLED", "0.2500"));
  rig.queries.query(rig.question(9));
  rig.queries.query(rig.question(9));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 1; }));
  test::run_ready(rig.loop);
  const auto state = rig.recorder.last<VenueOrderState>();
  EXPECT_EQ(state.status, VenueStatus::kPartlyFilled);
  EXPECT_EQ(state.executed.value, 2500);
  EXPECT_EQ(state.incarnation.value, 7u);
  EXPECT_EQ(rig.fake.asked_count("GET /order"), 1u) << "the second call changed nothing";
  EXPECT_EQ(rig.queries.open(), 0u);
}

TEST(OrderQueries, NotFoundIsFinalOnlyAfterTheVenuesClockHasPassedAndASecondAnswerAgrees) {
  Rig rig;
  HeldClock clock(rig);
  rig.fake.answer("GET /order", 400, kNotFound);
  rig.queries.remember({9}, kSigned_ms);
  clock.set(kSigned_ms + 1190);
  rig.queries.query(rig.question(9));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 1; }));
  EXPECT_FALSE(rig.recorder.last<VenueOrderState>().not_found_final);
  // recvWindow 200 ms and a second: at exactly that instant it is still too early.
  clock.set(kSigned_ms + 1200);
  const std::size_t times = rig.fake.asked_count("GET /time");
  ASSERT_TRUE(rig.wait([&] { return rig.fake.asked_count("GET /time") >= times + 2; }));
  EXPECT_EQ(rig.fake.asked_count("GET /order"), 1u);
  EXPECT_EQ(rig.recorder.count<VenueOrderState>(), 1u);
  clock.set(kSigned_ms + 1201);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 2; }));
  EXPECT_TRUE(rig.recorder.last<VenueOrderState>().not_found_final);
  EXPECT_EQ(rig.fake.asked_count("GET /order"), 2u);
}

TEST(OrderQueries, AnOrderThatArrivesAfterTheFirstNotFoundIsFound) {
  Rig rig;
  HeldClock clock(rig);
  rig.fake.answer("GET /order", 400, kNotFound);
  rig.queries.remember({9}, kSigned_ms);
  rig.queries.query(rig.question(9));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 1; }));
  rig.fake.answer("GET /order", 200, test::order_json("BTCUSDT", rig.client_id(9), "NEW", "0"));
  clock.set(kSigned_ms + 5000);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 2; }));
  EXPECT_EQ(rig.recorder.last<VenueOrderState>().status, VenueStatus::kNew);
}

TEST(OrderQueries, WithoutAKnownTimestampTheTimeOfTheQuestionCounts) {
  Rig rig;
  HeldClock clock(rig);
  rig.fake.answer("GET /order", 400, kNotFound);
  clock.set(kSigned_ms + 60'000);  // long after, but of this order nothing is known
  rig.queries.query(rig.question(9));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 1; }));
  EXPECT_FALSE(rig.recorder.last<VenueOrderState>().not_found_final);
  clock.set(kSigned_ms + 61'201);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 2; }));
  EXPECT_TRUE(rig.recorder.last<VenueOrderState>().not_found_final);
}

TEST(OrderQueries, TimeOutsLimitsAndNonsenseOnlyDelayTheAnswer) {
  Rig rig;
  int call = 0;
  rig.fake.on("GET /order", [&](const auto&, const auto& reply) {
    switch (++call) {
      case 1:
        return reply->reset();
      case 2:
        return test::FakeVenue::send(reply, 500, "{}");
      case 3:
        return test::FakeVenue::send(reply, 200, R"({"orderId":"x"})");
      case 4:
        return test::FakeVenue::send(
            reply, 200, test::order_json("BTCUSDT", rig.client_id(8), "NEW", "0"));  // another's
      default:
        return test::FakeVenue::send(
            reply, 200, test::order_json("BTCUSDT", rig.client_id(9), "CANCELED", "0"));
    }
  });
  rig.queries.query(rig.question(9));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 1; }));
  EXPECT_EQ(rig.recorder.last<VenueOrderState>().status, VenueStatus::kCanceled);
  EXPECT_EQ(call, 5);
}

TEST(OrderQueries, AClockErrorIsMendedAndAskedOnceMore) {
  Rig rig;
  HeldClock clock(rig);
  clock.set(kSigned_ms, 3000);
  rig.fake.on("GET /order", [&](const os::HttpRequest& request, const auto& reply) {
    const std::int64_t timestamp = std::stoll(*request.parameter("timestamp"));
    if (rig.fake.server_ms() - timestamp > 1000) {
      return test::FakeVenue::send(reply, 400, R"({"code":700003,"msg":"timestamp"})");
    }
    test::FakeVenue::send(reply, 200, test::order_json("BTCUSDT", rig.client_id(9), "NEW", "0"));
  });
  rig.queries.remember({9}, kSigned_ms);
  rig.queries.query(rig.question(9));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 1; }));
  EXPECT_EQ(rig.fake.asked_count("GET /order"), 2u);
}

// A start with a clock that is behind: by our own time, the order's could be over already.
TEST(OrderQueries, BeforeTheVenueToldItsTimeOursDecidesNothing) {
  Rig rig;
  HeldClock clock(rig);
  clock.set(kSigned_ms, 10'000);
  rig.fake.answer("GET /order", 400, kNotFound);
  rig.queries.query(rig.question(9));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 1; }));
  const std::size_t times = rig.fake.asked_count("GET /time");
  ASSERT_TRUE(rig.wait([&] { return rig.fake.asked_count("GET /time") >= times + 2; }));
  EXPECT_EQ(rig.recorder.count<VenueOrderState>(), 1u) << "final too early";
  clock.set(kSigned_ms + 1201, 10'000);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 2; }));
  EXPECT_TRUE(rig.recorder.last<VenueOrderState>().not_found_final);
}

TEST(OrderQueries, AnswersThatNeverMakeSenseAreUncertain) {
  Rig rig;
  rig.fake.answer("GET /order", 200, R"({"orderId":"x"})");
  std::optional<bool> certain;
  rig.queries.query(rig.question(9), [&](bool is) { certain = is; });
  ASSERT_TRUE(rig.wait([&] { return certain.has_value(); }));
  EXPECT_FALSE(*certain);
}

constexpr const char* kNoSuchSymbol = R"({"code":-1121,"msg":"Invalid symbol."})";

TEST(OrderQueries, AQuestionThatTheVenueRefusesAgainAndAgainEndsUncertain) {
  Rig rig;
  rig.fake.answer("GET /order", 400, kNoSuchSymbol);
  std::optional<bool> certain;
  rig.queries.query(rig.question(9), [&](bool is) { certain = is; });
  ASSERT_TRUE(rig.wait([&] {
    return certain.has_value() || rig.fake.asked_count("GET /order") > 2 * kRefusalsMax;
  }));
  ASSERT_TRUE(certain.has_value()) << "asked without end";
  EXPECT_FALSE(*certain);
  EXPECT_EQ(rig.fake.asked_count("GET /order"), kRefusalsMax);
  EXPECT_EQ(rig.queries.open(), 0u);
  EXPECT_EQ(rig.recorder.count<VenueOrderState>(), 0u) << "nothing is known of it";
}

// A venue that can't be reached, or a key that it does not take, says nothing about one order.
TEST(OrderQueries, WhatAllQuestionsSufferFromEndsNone) {
  for (const bool is_key : {false, true}) {
    Rig rig;
    rig.fake.on("GET /order", [is_key](const auto&, const auto& reply) {
      if (!is_key) return reply->reset();
      test::FakeVenue::send(reply, 401, R"({"code":10072,"msg":"Api key info invalid"})");
    });
    std::optional<bool> certain;
    rig.queries.query(rig.question(9), [&](bool is) { certain = is; });
    ASSERT_TRUE(rig.wait([&] { return rig.fake.asked_count("GET /order") >= 2 * kRefusalsMax; }));
    EXPECT_FALSE(certain.has_value());
    EXPECT_EQ(rig.queries.open(), 1u);
  }
}

// --- trades ---

TEST(TradePages, SplitsFullPagesUntilEveryTradeIsSeen) {
  Rig rig;
  std::vector<json> trades;
  for (int i = 0; i < 1000; ++i) {
    // Bunched: 90 in each millisecond of two bursts, and a few far apart.
    const std::int64_t time = i < 990 ? 1'000'000 + (i / 90) * 3 : 5'000'000 + i * 1000;
    trades.push_back(trade_json("t" + std::to_string(i), rig.client_id(9), time));
  }
  serve_trades(rig, trades);
  std::set<std::string> seen;
  std::optional<bool> whole;
  rig.trades.fetch(
      {{0}, "", {0, 10'000'000}, 0},
      [&](const TradeRecord& trade) { seen.insert(trade.trade.str()); },
      [&](const Status& status) { whole = status.has_value(); });
  ASSERT_TRUE(rig.wait([&] { return whole.has_value(); }));
  EXPECT_TRUE(*whole);
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(TradePages, SaysSoWhenOneMillisecondHoldsMoreThanAPage) {
  Rig rig;
  std::vector<json> trades;
  for (int i = 0; i < 150; ++i) {
    trades.push_back(trade_json("t" + std::to_string(i), rig.client_id(9), 1'000'000));
  }
  serve_trades(rig, trades);
  std::optional<bool> whole;
  rig.trades.fetch(
      {{0}, "", {0, 2'000'000}, 0}, [](const TradeRecord&) {},
      [&](const Status& status) { whole = status.has_value(); });
  ASSERT_TRUE(rig.wait([&] { return whole.has_value(); }));
  EXPECT_FALSE(*whole);
}

TEST(TradePages, AsksAgainAfterAFailureAndGivesUpOnlyWhereTold) {
  Rig rig;
  int call = 0;
  rig.fake.on("GET /myTrades", [&](const auto&, const auto& reply) {
    const bool fails = ++call < 3;
    test::FakeVenue::send(reply, fails ? 500 : 200, fails ? "{}" : "[]");
  });
  std::optional<bool> whole;
  rig.trades.fetch(
      {{0}, "", {0, 1}, 0}, [](const TradeRecord&) {},
      [&](const Status& status) { whole = status.has_value(); });
  ASSERT_TRUE(rig.wait([&] { return whole.has_value(); }));
  EXPECT_TRUE(*whole);
  call = -100;
  whole.reset();
  rig.trades.fetch(
      {{0}, "", {0, 1}, 2}, [](const TradeRecord&) {},
      [&](const Status& status) { whole = status.has_value(); });
  ASSERT_TRUE(rig.wait([&] { return whole.has_value(); }));
  EXPECT_FALSE(*whole);
  EXPECT_EQ(call, -98);
}

TEST(TradePages, AVenueThatRefusesAgainAndAgainHasAnswered) {
  Rig rig;
  rig.fake.answer("GET /myTrades", 400, kNoSuchSymbol);
  std::optional<bool> whole;
  rig.trades.fetch(
      {{0}, "", {0, 1}, 0}, [](const TradeRecord&) {},
      [&](const Status& status) { whole = status.has_value(); });
  ASSERT_TRUE(rig.wait([&] { return whole.has_value(); }));
  EXPECT_FALSE(*whole);
}

TEST(Gateway, FetchesTheTradesOfOneOrderByItsVenueId) {
  Rig rig;
  rig.make_gateway();
  const std::int64_t now_ms = rig.clock.now_ms();
  serve_trades(rig, {trade_json("t1", rig.client_id(9), now_ms),
                     trade_json("t2", rig.client_id(8), now_ms)});
  rig.fake.answer("GET /order", 200,
                  test::order_json("BTCUSDT", rig.client_id(9), "FILLED", "1.0"));
  machine::QueryTrades question;
  question.sequence = {9};
  question.incarnation = {7};
  rig.gateway->query_trades(question);
  rig.gateway->query_trades(question);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueFill>() == 1; }));
  test::run_ready(rig.loop);
  EXPECT_EQ(rig.recorder.last<VenueFill>().trade, "t1");
  EXPECT_EQ(rig.fake.asked_count("GET /myTrades"), 1u) << "asked for once, not twice at a time";
  EXPECT_EQ(rig.fake.asked("GET /myTrades")[0].parameter("orderId"), "C02__000009");
}

}  // namespace
}  // namespace levi::mexc
