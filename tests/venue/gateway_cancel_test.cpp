// Cancels, and what is open: what the venue's answers become.
#include <gtest/gtest.h>

#include "tests/venue/rig.h"

namespace levi::mexc {
namespace {

using machine::CancelFailed;
using machine::VenueCanceled;
using machine::VenueOrderState;
using test::Rig;

TEST(Gateway, AnUnknownOrderOnACancelIsAskedFor) {
  Rig rig;
  rig.make_gateway();
  rig.fake.answer("DELETE /order", 400, R"({"code":-2011,"msg":"unknown order"})");
  rig.fake.answer("GET /order", 200,
                  test::order_json("BTCUSDT", rig.client_id(1), "FILLED", "1.0000"));
  rig.gateway->cancel({{1}, {0}, {7}, OrderKind::kNormal});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 1; }));
  EXPECT_EQ(rig.recorder.last<CancelFailed>().code, -2011);
  EXPECT_EQ(rig.recorder.last<VenueOrderState>().status, machine::VenueStatus::kFilled);
}

TEST(Gateway, ACancelThatIsTakenButNotDoneIsAskedFor) {
  Rig rig;
  rig.make_gateway();
  rig.fake.answer("DELETE /order", 200, test::order_json("BTCUSDT", rig.client_id(1), "NEW", "0"));
  rig.fake.answer("GET /order", 200,
                  test::order_json("BTCUSDT", rig.client_id(1), "CANCELED", "0"));
  rig.gateway->cancel({{1}, {0}, {7}, OrderKind::kNormal});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 1; }));
  EXPECT_EQ(rig.recorder.count<VenueCanceled>(), 0u);
}

TEST(Gateway, CancelsEverythingByAtMostFiveSymbolsACall) {
  Rig rig({"AAUSDT", "BBUSDT", "CCUSDT", "DDUSDT", "EEUSDT", "FFUSDT", "GGUSDT"});
  rig.make_gateway();
  rig.fake.on("DELETE /openOrders", [&](const os::HttpRequest& request, const auto& reply) {
    const std::string ours = test::order_json("AAUSDT", rig.client_id(3), "CANCELED", "0");
    const std::string foreign = test::order_json("AAUSDT", "manual-order-1", "CANCELED", "0");
    const bool first = request.query().find("AAUSDT") != std::string_view::npos;
    test::FakeVenue::send(reply, 200, first ? "[" + ours + "," + foreign + "]" : "[]");
  });
  std::vector<SymbolId> symbols;
  for (std::uint16_t i = 0; i < 7; ++i) symbols.push_back({i});
  rig.gateway->cancel_all(symbols);
  ASSERT_TRUE(rig.wait([&] { return rig.fake.asked_count("DELETE /openOrders") == 2; }));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueCanceled>() == 1; }));
  EXPECT_EQ(rig.recorder.last<VenueCanceled>().sequence.value, 3u);
  std::vector<std::string> named;
  for (const auto& request : rig.fake.asked("DELETE /openOrders")) {
    named.push_back(*request.parameter("symbol"));
  }
  std::sort(named.begin(), named.end());
  EXPECT_EQ(named[0], "AAUSDT,BBUSDT,CCUSDT,DDUSDT,EEUSDT");
  EXPECT_EQ(named[1], "FFUSDT,GGUSDT");
}

// Limits are the venue's per endpoint: what orders or questions used up is not the cancels'.
TEST(Gateway, ALimitOnOrdersOrQuestionsHoldsBackNoCancel) {
  Rig rig;
  rig.open_gateway();
  const auto limited = [](const os::HttpRequest&, const auto& reply) {
    reply->send({429, "application/json", {{"Retry-After", "60"}}, R"({"code":429,"msg":"slow"})"});
  };
  rig.fake.on("POST /order", limited);
  rig.fake.on("GET /openOrders", limited);
  rig.fake.answer("DELETE /order", 200,
                  test::order_json("BTCUSDT", rig.client_id(2), "CANCELED", "0"));
  rig.fake.answer("DELETE /openOrders", 200, "[]");
  rig.gateway->send(test::an_order(1), 0);
  bool asked = false;
  rig.gateway->fetch_open_orders({0}, [&](const Status&) { asked = true; });
  ASSERT_TRUE(rig.wait([&] { return asked && rig.recorder.count<machine::VenueRejected>() == 1; }));
  rig.gateway->cancel({{2}, {0}, {7}, OrderKind::kNormal});
  rig.gateway->cancel_all({{0}});
  ASSERT_TRUE(rig.wait([&] {
    return rig.recorder.count<VenueCanceled>() + rig.recorder.count<CancelFailed>() == 1;
  }));
  EXPECT_EQ(rig.recorder.count<VenueCanceled>(), 1u);
  EXPECT_TRUE(rig.wait([&] { return rig.fake.asked_count("DELETE /openOrders") == 1; }));
}

TEST(Gateway, ACancelsOwnLimitAndABanHoldItBack) {
  for (const int status : {429, 418}) {
    Rig rig;
    rig.make_gateway();
    const std::string route = status == 429 ? "DELETE /order" : "GET /order";
    rig.fake.on(route, [status](const os::HttpRequest&, const auto& reply) {
      reply->send({status, "application/json", {{"Retry-After", "60"}}, "{}"});
    });
    rig.rest.signed_call(status == 429 ? "DELETE" : "GET", "/api/v3/order", "",
                         [](const Answer&) {});
    ASSERT_TRUE(
        rig.wait([&] { return rig.rest.blocked_for("DELETE", "/api/v3/order") > Nanos{0}; }));
    rig.gateway->cancel({{1}, {0}, {7}, OrderKind::kNormal});
    ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<CancelFailed>() == 1; }));
    EXPECT_EQ(rig.fake.asked_count("DELETE /order"), status == 429 ? 1u : 0u);
  }
}

// levid was killed with orders at the venue, and the venue answers no question of the start.
TEST(Gateway, WhatTheJournalKnowsIsCancelledBeforeTheVenueHasNamedItsSymbols) {
  Rig rig;
  rig.drop("BTCUSDT");
  rig.open_gateway();
  rig.fake.answer("DELETE /order", 200,
                  test::order_json("BTCUSDT", rig.client_id(1), "CANCELED", "0"));
  rig.fake.answer("DELETE /openOrders", 200,
                  "[" + test::order_json("BTCUSDT", rig.client_id(2), "CANCELED", "0.5000") + "]");
  rig.gateway->cancel({{1}, {0}, {7}, OrderKind::kNormal});
  rig.gateway->cancel_all({{0}});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueCanceled>() == 2; }));
  EXPECT_EQ(rig.recorder.count<CancelFailed>(), 0u);
  rig.gateway->send(test::an_order(3), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<machine::OrderUnsent>() == 1; }));
}

TEST(Gateway, ASymbolThatTheVenueDroppedSpoilsNoCancelOfTheOthers) {
  Rig rig;
  rig.make_gateway();
  std::vector<std::string> asked;
  rig.fake.on("DELETE /openOrders", [&](const os::HttpRequest& request, const auto& reply) {
    asked.push_back(*request.parameter("symbol"));
    const bool spoiled = asked.back().find("BTCUSDT") != std::string::npos;
    if (spoiled)
      return test::FakeVenue::send(reply, 400, R"({"code":10007,"msg":"symbol not support"})");
    test::FakeVenue::send(
        reply, 200, "[" + test::order_json("ETHUSDT", rig.client_id(2), "CANCELED", "0") + "]");
  });
  rig.gateway->cancel_all({{0}, {1}});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueCanceled>() == 1; }));
  test::run_ready(rig.loop);
  std::sort(asked.begin() + 1, asked.end());
  EXPECT_EQ(asked, (std::vector<std::string>{"BTCUSDT,ETHUSDT", "BTCUSDT", "ETHUSDT"}));
}

// The data folder is a copy: an order that it inherited stands under the name of the original.
TEST(Gateway, InheritedOrdersAreCancelledAndAskedForUnderTheirOwnName) {
  Rig rig;
  rig.make_gateway();
  const std::string id = format_client_order_id({OrderKind::kNormal, "ancestr", {3}, {20}}).str();
  const auto only = [&](const char* status) {
    return [&, status](const os::HttpRequest& request, const auto& reply) {
      EXPECT_EQ(request.parameter("origClientOrderId"), id);
      test::FakeVenue::send(reply, 200, test::order_json("BTCUSDT", id, status, "0"));
    };
  };
  rig.fake.on("DELETE /order", only("NEW"));
  rig.fake.on("GET /order", only("CANCELED"));
  rig.fake.answer("DELETE /openOrders", 200,
                  "[" + test::order_json("BTCUSDT", id, "CANCELED", "0") + "]");
  rig.gateway->cancel({{20}, {0}, {3}, OrderKind::kNormal});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 1; }));
  EXPECT_EQ(rig.recorder.last<VenueOrderState>().sequence.value, 20u);
  rig.gateway->cancel_all({{0}});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueCanceled>() == 1; }));
}

TEST(Gateway, ListsOpenOrdersAsOursOrForeign) {
  Rig rig;
  rig.make_gateway();
  rig.fake.answer("GET /openOrders", 200,
                  "[" + test::order_json("BTCUSDT", rig.client_id(4, 3), "NEW", "0") + "," +
                      test::order_json("BTCUSDT", "LVOzzzzzzz000001000000000001", "NEW", "0") +
                      "," + test::order_json("BTCUSDT", "manual-order-1", "NEW", "0") + "]");
  bool done = false;
  rig.gateway->fetch_open_orders({0}, [&](const Status& status) { done = status.has_value(); });
  ASSERT_TRUE(rig.wait([&] { return done; }));
  ASSERT_EQ(rig.recorder.count<VenueOrderState>(), 1u);
  EXPECT_EQ(rig.recorder.last<VenueOrderState>().incarnation.value, 3u);
  EXPECT_EQ(rig.recorder.count<machine::ForeignOrder>(), 2u) << "another instance's too";
}

}  // namespace
}  // namespace levi::mexc
