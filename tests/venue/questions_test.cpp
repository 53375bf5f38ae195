// Questions about orders: the not-found rule, trades by pages, reconciliation.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/os/clock.h"
#include "tests/venue/rig.h"

namespace levi::mexc {
namespace {

using machine::ForeignOrder;
using machine::ReconcileDone;
using machine::ReconcileStarted;
using machine::VenueFill;
using machine::VenueOrderState;
using machine::VenueStatus;
using nlohmann::json;
using test::Rig;

constexpr const char* kNotFound = R"({"code":-2013,"msg":"no such order"})";
constexpr std::int64_t kSigned_ms = 1'736'412'092'433;

// Ours and the venue's clock stand still until a test moves them.
struct HeldClock {
  explicit HeldClock(Rig& rig) : rig_(rig) { set(kSigned_ms); }
  void set(std::int64_t ms, std::int64_t venue_ahead_ms = 0) {
    rig_.fake.clock_held_ms = ms + venue_ahead_ms;
    rig_.wall = Instant{ms * 1'000'000};
  }
  Rig& rig_;
};

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
  rig.queries.query(rig.question(9));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 1; }));
  EXPECT_EQ(rig.fake.asked_count("GET /order"), 2u);
}

TEST(OrderQueries, AnswersThatNeverMakeSenseAreUncertain) {
  Rig rig;
  rig.fake.answer("GET /order", 200, R"({"orderId":"x"})");
  std::optional<bool> certain;
  rig.queries.query(rig.question(9), [&](bool is) { certain = is; });
  ASSERT_TRUE(rig.wait([&] { return certain.has_value(); }));
  EXPECT_FALSE(*certain);
}

// --- trades ---

json trade_json(const std::string& id, const std::string& client_id, std::int64_t time_ms) {
  return {
      {"symbol", "BTCUSDT"}, {"id", id},          {"orderId", "C02__9"},       {"price", "100.00"},
      {"qty", "0.0001"},     {"commission", "0"}, {"commissionAsset", "USDT"}, {"time", time_ms},
      {"isBuyer", true},     {"isMaker", false},  {"clientOrderId", client_id}};
}

// Answers as the venue: at most 100, of the window asked for, in an order of its own.
void serve_trades(Rig& rig, const std::vector<json>& trades) {
  rig.fake.on("GET /myTrades", [trades](const os::HttpRequest& request, const auto& reply) {
    const std::int64_t from = std::stoll(*request.parameter("startTime"));
    const std::int64_t to = std::stoll(*request.parameter("endTime"));
    json page = json::array();
    for (auto trade = trades.rbegin(); trade != trades.rend() && page.size() < 100; ++trade) {
      const std::int64_t time = (*trade)["time"];
      if (time >= from && time <= to) page.push_back(*trade);
    }
    test::FakeVenue::send(reply, 200, page.dump());
  });
}

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

// --- reconciliation ---

struct Reconciling {
  explicit Reconciling(Rig& rig)
      : reconciler({rig.loop, rig.rest, rig.clock, rig.instruments, rig.queries, rig.trades,
                    [this](OrderSequence one) { return one.value == outstanding; }},
                   rig.options.gateway.instance, rig.recorder.emit()) {
    state.instruments.resize(2);
  }
  void add(std::uint64_t sequence, machine::OrderState order_state, std::uint16_t symbol = 0) {
    machine::Order order;
    order.sequence = {sequence};
    order.incarnation = {5};
    order.symbol = {symbol};
    order.state = order_state;
    state.orders[sequence] = order;
    if (symbol < 2) ++state.instruments[symbol].open_orders;
  }
  machine::State state;
  std::uint64_t outstanding = 0;
  Reconciler reconciler;
};

TEST(Reconciler, AsksActiveSymbolsFirstThenFillsThenStatesThenMissingOrders) {
  Rig rig;
  HeldClock clock(rig);
  Reconciling r(rig);
  r.add(1, machine::OrderState::kOpen, 1);      // listed as open
  r.add(2, machine::OrderState::kInFlight, 1);  // not listed: asked for
  r.add(3, machine::OrderState::kUnknown, 1);   // not listed and never found
  r.add(4, machine::OrderState::kFilled, 1);    // terminal: not asked for
  r.outstanding = 6;
  r.add(6, machine::OrderState::kInFlight, 1);  // its answer is awaited: not asked for
  std::vector<std::string> symbols;
  rig.fake.on("GET /openOrders", [&](const os::HttpRequest& request, const auto& reply) {
    symbols.push_back(*request.parameter("symbol"));
    const bool eth = symbols.back() == "ETHUSDT";
    test::FakeVenue::send(reply, 200,
                          eth ? "[" + test::order_json("ETHUSDT", rig.client_id(1, 5), "NEW", "0") +
                                    "," +
                                    test::order_json("ETHUSDT", "manual-order-1", "NEW", "0") + "]"
                              : "[]");
  });
  rig.fake.on("GET /myTrades", [&](const os::HttpRequest& request, const auto& reply) {
    json trade = trade_json("t1", rig.client_id(2, 5), kSigned_ms);
    trade["symbol"] = "ETHUSDT";
    const bool eth = *request.parameter("symbol") == "ETHUSDT";
    test::FakeVenue::send(reply, 200, (eth ? json::array({trade}) : json::array()).dump());
  });
  rig.fake.on("GET /order", [&](const os::HttpRequest& request, const auto& reply) {
    if (*request.parameter("origClientOrderId") != rig.client_id(2, 5)) {
      return test::FakeVenue::send(reply, 400, kNotFound);
    }
    test::FakeVenue::send(reply, 200,
                          test::order_json("ETHUSDT", rig.client_id(2, 5), "FILLED", "0.0001"));
  });
  r.reconciler.start(r.state, Instant{(kSigned_ms - 60'000) * 1'000'000});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 3; }));
  EXPECT_TRUE(r.reconciler.running()) << "one order may still be on its way";
  clock.set(kSigned_ms + 1201);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<ReconcileDone>() == 1; }));
  EXPECT_EQ(symbols, (std::vector<std::string>{"ETHUSDT", "BTCUSDT"}));
  const auto& events = rig.recorder.events();
  EXPECT_TRUE(std::holds_alternative<ReconcileStarted>(events.at(0)));
  EXPECT_TRUE(std::holds_alternative<VenueFill>(events.at(1)));
  EXPECT_TRUE(std::holds_alternative<VenueOrderState>(events.at(2)));
  EXPECT_TRUE(std::holds_alternative<ForeignOrder>(events.at(3)));
  const auto states = rig.recorder.all<VenueOrderState>();
  EXPECT_TRUE(states.back().not_found_final);
  EXPECT_EQ(states.back().sequence.value, 3u);
  const auto done = rig.recorder.last<ReconcileDone>();
  EXPECT_EQ(done.orders_checked, 3u);
  EXPECT_EQ(done.fills_added, 1u);
  EXPECT_EQ(done.unsettled, 0u);
}

TEST(Reconciler, RepeatsItselfUntilTheVenueAnswers) {
  Rig rig;
  Reconciling r(rig);
  int call = 0;
  rig.fake.on("GET /openOrders", [&](const auto&, const auto& reply) {
    if (++call < 4) return reply->reset();
    test::FakeVenue::send(reply, 200, "[]");
  });
  rig.fake.answer("GET /myTrades", 200, "[]");
  r.reconciler.start(r.state, Instant{});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<ReconcileDone>() == 1; }));
  EXPECT_EQ(call, 5) << "three failures, then both symbols";
}

TEST(Reconciler, WhatMakesNoSenseIsUnsettled) {
  Rig rig;
  Reconciling r(rig);
  r.add(1, machine::OrderState::kOpen, 9);  // of a symbol that is no longer configured
  rig.fake.answer("GET /openOrders", 200, R"([{"symbol":"BTCUSDT"}])");
  rig.fake.answer("GET /myTrades", 200, R"([{"symbol":"BTCUSDT"}])");
  r.reconciler.start(r.state, Instant{});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<ReconcileDone>() == 1; }));
  EXPECT_EQ(rig.recorder.last<ReconcileDone>().unsettled, 1u + 2u + 2u);
}

TEST(Reconciler, CountsOnlyFillsThatTheMachineDoesNotHave) {
  Rig rig({"BTCUSDT"});
  Reconciling r(rig);
  r.add(9, machine::OrderState::kFilled);
  r.state.orders[9].trades = {"t1"};
  const std::int64_t now_ms = rig.clock.now_ms();
  serve_trades(rig, {trade_json("t1", rig.client_id(9), now_ms),
                     trade_json("t2", rig.client_id(9), now_ms)});
  rig.fake.answer("GET /openOrders", 200, "[]");
  r.reconciler.start(r.state, os::wall_now() - 60s);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<ReconcileDone>() == 1; }));
  EXPECT_EQ(rig.recorder.last<ReconcileDone>().fills_added, 1u);
}

TEST(Reconciler, ASecondStartBeginsAnewAndOnlyThatOneEnds) {
  Rig rig;
  Reconciling r(rig);
  std::vector<test::FakeVenue::Reply> held;
  rig.fake.on("GET /openOrders", [&](const auto&, const auto& reply) { held.push_back(reply); });
  rig.fake.answer("GET /myTrades", 200, "[]");
  r.reconciler.start(r.state, Instant{});
  ASSERT_TRUE(rig.wait([&] { return held.size() == 1; }));
  rig.fake.answer("GET /openOrders", 200, "[]");
  r.reconciler.start(r.state, Instant{});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<ReconcileDone>() == 1; }));
  test::FakeVenue::send(held[0], 200, "[]");
  test::run_ready(rig.loop);
  EXPECT_EQ(rig.recorder.count<ReconcileDone>(), 1u);
  EXPECT_EQ(rig.recorder.count<ReconcileStarted>(), 2u);
}

}  // namespace
}  // namespace levi::mexc
