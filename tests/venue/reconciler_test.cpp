// Reconciliation: what is asked, in which order, and what becomes of answers that make no sense.
#include <gtest/gtest.h>

#include "core/os/clock.h"
#include "tests/venue/questions.h"

namespace levi::mexc {
namespace {

using machine::ForeignOrder;
using machine::ReconcileDone;
using machine::ReconcileStarted;
using machine::VenueFill;
using machine::VenueOrderState;
using nlohmann::json;
using test::HeldClock;
using test::kNotFound;
using test::kSigned_ms;
using test::Rig;
using test::serve_trades;
using test::trade_json;

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
  r.reconciler.start(r.state, os::wall_now() - 60s);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<ReconcileDone>() == 1; }));
  EXPECT_EQ(call, 5) << "three failures, then both symbols";
}

TEST(Reconciler, WhatMakesNoSenseIsUnsettled) {
  Rig rig;
  Reconciling r(rig);
  r.add(1, machine::OrderState::kOpen, 9);  // of a symbol that is no longer configured
  rig.fake.answer("GET /openOrders", 200, R"([{"symbol":"BTCUSDT"}])");
  rig.fake.answer("GET /myTrades", 200, R"([{"symbol":"BTCUSDT"}])");
  r.reconciler.start(r.state, os::wall_now() - 60s);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<ReconcileDone>() == 1; }));
  EXPECT_EQ(rig.recorder.last<ReconcileDone>().unsettled, 1u + 2u + 2u);
}

// They would hold the latch for as long as they are in the window.
TEST(Reconciler, WhatStrangersDidNeedNotMakeSense) {
  Rig rig({"BTCUSDT"});
  Reconciling r(rig);
  r.add(9, machine::OrderState::kFilled);
  r.state.orders[9].venue_order = "C02__9";
  json strange = trade_json("t1", "web_77", kSigned_ms);
  strange["qty"] = "0.00000001";  // finer than a step
  strange["orderId"] = "C02__77";
  json nameless = strange;
  nameless.erase("clientOrderId");
  json own = trade_json("t2", "", kSigned_ms);  // of C02__9
  own.erase("clientOrderId");
  rig.fake.answer("GET /myTrades", 200, json::array({strange, nameless, own}).dump());
  json order = json::parse(test::order_json("BTCUSDT", "web_000078", "NEW", "0"));
  order["status"] = "NO_SUCH_STATUS";
  rig.fake.answer("GET /openOrders", 200, json::array({order}).dump());
  r.reconciler.start(r.state, os::wall_now() - 60s);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<ReconcileDone>() == 1; }));
  EXPECT_EQ(rig.recorder.last<ReconcileDone>().unsettled, 0u);
  ASSERT_EQ(rig.recorder.count<ForeignOrder>(), 1u) << "it stands there all the same";
  EXPECT_EQ(rig.recorder.last<ForeignOrder>().client_id, "web_000078");
  ASSERT_EQ(rig.recorder.count<VenueFill>(), 1u) << "by the venue's id of its order";
  EXPECT_EQ(rig.recorder.last<VenueFill>().sequence.value, 9u);
  EXPECT_EQ(rig.recorder.last<VenueFill>().trade, "t2");
}

TEST(Reconciler, WhatIsOursAndMakesNoSenseIsUnsettled) {
  Rig rig({"BTCUSDT"});
  Reconciling r(rig);
  json own = trade_json("t1", rig.client_id(9), kSigned_ms);
  own["qty"] = "0.00000001";
  rig.fake.answer("GET /myTrades", 200, json::array({own}).dump());
  rig.fake.answer("GET /openOrders", 200, "[]");
  r.reconciler.start(r.state, os::wall_now() - 60s);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<ReconcileDone>() == 1; }));
  EXPECT_EQ(rig.recorder.last<ReconcileDone>().unsettled, 1u);
}

// The configuration dropped ETHUSDT: what stands there is looked after all the same, and where the
// venue has dropped it as well, nobody waits for an answer.
TEST(Reconciler, LooksAtDroppedSymbolsWhereSomethingOfOursIsLeft) {
  for (const bool is_gone : {false, true}) {
    Rig rig;
    rig.drop("ETHUSDT");
    Reconciling r(rig);
    r.add(1, machine::OrderState::kOpen, 1);
    rig.fake.on("GET /openOrders", [&](const os::HttpRequest& request, const auto& reply) {
      if (*request.parameter("symbol") == "BTCUSDT") return test::FakeVenue::send(reply, 200, "[]");
      if (is_gone)
        return test::FakeVenue::send(reply, 400, R"({"code":10007,"msg":"symbol not support"})");
      const std::string open = test::order_json("ETHUSDT", rig.client_id(1, 5), "NEW", "0");
      test::FakeVenue::send(reply, 200, "[" + open + "]");
    });
    rig.fake.answer("GET /myTrades", 200, "[]");
    r.reconciler.start(r.state, os::wall_now() - 60s);
    ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<ReconcileDone>() == 1; }));
    EXPECT_EQ(rig.recorder.count<VenueOrderState>(), is_gone ? 0u : 1u);
    EXPECT_EQ(rig.recorder.last<ReconcileDone>().unsettled, is_gone ? 1u : 0u);
  }
}

// The other symbols would wait for ever: HALTED, and no release.
TEST(Reconciler, OneOrderThatTheVenueWillNotTellOfHoldsUpNobodyElse) {
  Rig rig;
  Reconciling r(rig);
  r.add(1, machine::OrderState::kUnknown, 0);
  rig.fake.answer("GET /openOrders", 200, "[]");
  rig.fake.answer("GET /myTrades", 200, "[]");
  rig.fake.answer("GET /order", 400, R"({"code":-1121,"msg":"Invalid symbol."})");
  r.reconciler.start(r.state, os::wall_now() - 60s);
  ASSERT_TRUE(rig.wait([&] {
    return rig.recorder.count<ReconcileDone>() == 1 ||
           rig.fake.asked_count("GET /order") > 2 * kRefusalsMax;
  }));
  ASSERT_EQ(rig.recorder.count<ReconcileDone>(), 1u);
  EXPECT_EQ(rig.recorder.last<ReconcileDone>().unsettled, 1u);
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
  r.reconciler.start(r.state, os::wall_now() - 60s);
  ASSERT_TRUE(rig.wait([&] { return held.size() == 1; }));
  rig.fake.answer("GET /openOrders", 200, "[]");
  r.reconciler.start(r.state, os::wall_now() - 60s);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<ReconcileDone>() == 1; }));
  test::FakeVenue::send(held[0], 200, "[]");
  test::run_ready(rig.loop);
  EXPECT_EQ(rig.recorder.count<ReconcileDone>(), 1u);
  EXPECT_EQ(rig.recorder.count<ReconcileStarted>(), 2u);
}

// A core that was away for longer than the venue keeps trades.
TEST(Reconciler, AsksNoFurtherBackThanTheVenueKeepsTradesAndSaysSoOnce) {
  Rig rig({"BTCUSDT"});
  Reconciling r(rig);
  rig.fake.answer("GET /openOrders", 200, "[]");
  rig.fake.answer("GET /myTrades", 200, "[]");
  const Instant long_ago = os::wall_now() - 24h * 40;
  r.reconciler.start(r.state, long_ago);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<ReconcileDone>() == 1; }));
  const auto& question = rig.fake.asked("GET /myTrades").at(0);
  const std::int64_t from_ms = std::stoll(*question.parameter("startTime"));
  EXPECT_GE(from_ms, (long_ago + 24h * 10).ns / 1'000'000);
  EXPECT_EQ(rig.recorder.last<ReconcileDone>().unsettled, 1u);
  EXPECT_FALSE(r.reconciler.trouble().empty());
  r.reconciler.start(r.state, long_ago);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<ReconcileDone>() == 2; }));
  EXPECT_EQ(rig.recorder.last<ReconcileDone>().unsettled, 0u)
      << "or its seal could not be released";
}

}  // namespace
}  // namespace levi::mexc
