// Orders: the last hop, what the venue's answers become, back-off, flatten.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "core/os/thread.h"
#include "tests/venue/rig.h"

namespace levi::mexc {
namespace {

using machine::OrderUnsent;
using machine::UnknownWhy;
using machine::VenueAck;
using machine::VenueCanceled;
using machine::VenueRejected;
using machine::VenueUnknown;
using test::an_order;
using test::Rig;

constexpr const char* kAck = R"({"symbol":"BTCUSDT","orderId":"C02__1","price":"100.00"})";

TEST(Gateway, AnAcceptedOrderIsAcknowledgedWithTheVenuesId) {
  Rig rig;
  rig.fake.answer("POST /order", 200, kAck);
  rig.open_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueAck>() == 1; }));
  EXPECT_EQ(rig.recorder.last<VenueAck>().sequence.value, 1u);
  EXPECT_EQ(rig.recorder.last<VenueAck>().venue_order, "C02__1");
  EXPECT_EQ((*rig.latch).last_sequence(), 1u);
  const auto& request = rig.fake.asked("POST /order").at(0);
  EXPECT_EQ(request.header("X-MEXC-APIKEY"), test::kKey);
  EXPECT_EQ(request.parameter("newClientOrderId"), rig.client_id(1));
  const std::string query(request.query());
  const std::size_t cut = query.find("&signature=");
  EXPECT_EQ(query.substr(cut + 11), mexc_sign(test::kSecret, query.substr(0, cut)));
}

TEST(Gateway, TheHostHeaderIsTheVenuesNameWhereItHasOne) {
  Rig rig;
  rig.options.gateway.host = "api.venue.example:80";
  rig.fake.answer("POST /order", 200, kAck);
  rig.open_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueAck>() == 1; }));
  EXPECT_EQ(rig.fake.asked("POST /order").at(0).header("Host"), "api.venue.example:80");
}

TEST(Gateway, ASealedLatchLetsNothingOut) {
  Rig rig;
  rig.fake.answer("POST /order", 200, kAck);
  rig.open_gateway();
  rig.latch.seal();
  rig.gateway->send(an_order(1), 0);
  EXPECT_TRUE(rig.recorder.events().empty()) << "never from inside a call";
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<OrderUnsent>() == 1; }));
  EXPECT_TRUE(rig.recorder.last<OrderUnsent>().sealed);
  EXPECT_EQ((*rig.latch).last_sequence(), 0u);
  EXPECT_EQ((*rig.latch).in_flight(), 0u);
  rig.latch.release();
  rig.gateway->send(an_order(2), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueAck>() == 1; }));
  EXPECT_EQ(rig.fake.asked_count("POST /order"), 1u);
}

TEST(Gateway, CancelsAndQuestionsPassASealedLatch) {
  Rig rig;
  rig.make_gateway();
  rig.latch.seal();
  rig.fake.answer("DELETE /order", 200,
                  test::order_json("BTCUSDT", rig.client_id(1), "PARTIALLY_CANCELED", "0.2500"));
  rig.gateway->cancel({{1}, {0}, {7}, OrderKind::kNormal});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueCanceled>() == 1; }));
  EXPECT_EQ(rig.recorder.last<VenueCanceled>().executed.value, 2500);
}

TEST(Gateway, WithoutAConnectionAnOrderIsUnsent) {
  Rig rig;
  rig.make_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<OrderUnsent>() == 1; }));
  EXPECT_FALSE(rig.recorder.last<OrderUnsent>().sealed);
}

TEST(Gateway, OneOrderIsOutstandingOnEachConnection) {
  Rig rig;
  std::vector<test::FakeVenue::Reply> held;
  rig.fake.on("POST /order", [&](const auto&, const auto& reply) { held.push_back(reply); });
  rig.open_gateway();
  for (std::uint64_t i = 1; i <= 3; ++i) rig.gateway->send(an_order(i), 0);
  ASSERT_TRUE(rig.wait([&] { return held.size() == 2; }));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<OrderUnsent>() == 1; }));
  EXPECT_EQ(rig.recorder.last<OrderUnsent>().sequence.value, 3u);
  EXPECT_NE(held[0]->connection(), held[1]->connection());
  for (const auto& reply : held) test::FakeVenue::send(reply, 200, kAck);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueAck>() == 2; }));
}

TEST(Gateway, OrdersNeverLeaveOutOfTheirOrder) {
  Rig rig;
  rig.fake.answer("POST /order", 200, kAck);
  rig.open_gateway();
  rig.gateway->send(an_order(5), 0);
  rig.gateway->send(an_order(4), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.events().size() == 2; }));
  EXPECT_EQ(rig.recorder.last<OrderUnsent>().sequence.value, 4u);
  EXPECT_EQ(rig.fake.asked_count("POST /order"), 1u);
}

ssize_t send_half(int fd, const void* data, std::size_t size) {
  return ::send(fd, data, size / 2, MSG_NOSIGNAL | MSG_DONTWAIT);
}

TEST(Gateway, AShortSendAbortsTheConnectionAndTheOrderIsUnknown) {
  Rig rig;
  rig.options.gateway.send_call = &send_half;
  rig.open_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueUnknown>() == 1; }));
  EXPECT_EQ(rig.recorder.last<VenueUnknown>().why, UnknownWhy::kShortSend);
  EXPECT_EQ((*rig.latch).last_sequence(), 1u) << "bytes of it left: it counts";
  ASSERT_TRUE(rig.wait([&] { return rig.fake.ended.size() == 1; }));
  EXPECT_EQ(rig.fake.asked_count("POST /order"), 0u) << "the rest must never arrive";
  EXPECT_EQ(rig.gateway->status().short_sends, 1u);
}

TEST(Gateway, AShortSendEndsItsConnectionByAResetNotByAnEnd) {
  Rig rig;
  const os::Fd listener = os::listen_on({"127.0.0.1", 0, ""}).value();
  rig.options.gateway.rest.port = os::local_port(listener.get()).value();
  rig.options.gateway.order_connections = 1;
  rig.options.gateway.send_call = &send_half;
  rig.open_gateway();
  const os::Fd peer = os::accept_one(listener.get()).value();
  rig.gateway->send(an_order(1), 0);
  int why = 0;
  ASSERT_TRUE(rig.wait([&] {
    char bytes[4096];
    const ssize_t got = ::recv(peer.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    why = got < 0 ? errno : 0;
    return got == 0 || (got < 0 && why != EAGAIN);
  }));
  EXPECT_EQ(why, ECONNRESET);
}

ssize_t send_nothing(int, const void*, std::size_t) {
  errno = EAGAIN;
  return -1;
}

TEST(Gateway, ASendThatTakesNothingLeavesTheOrderUnsentAndTheSequenceUntouched) {
  Rig rig;
  rig.options.gateway.send_call = &send_nothing;
  rig.open_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<OrderUnsent>() == 1; }));
  EXPECT_EQ((*rig.latch).last_sequence(), 0u);
  EXPECT_EQ((*rig.latch).in_flight(), 0u);
}

TEST(Gateway, AnOrderThatIsNotAnsweredInTimeIsUnknownNotFailed) {
  Rig rig;
  rig.options.gateway.answer_timeout = 100ms;
  std::vector<test::FakeVenue::Reply> held;
  rig.fake.on("POST /order", [&](const auto&, const auto& reply) { held.push_back(reply); });
  rig.open_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueUnknown>() == 1; }));
  EXPECT_EQ(rig.recorder.last<VenueUnknown>().sequence.value, 1u);
  EXPECT_EQ(rig.recorder.last<VenueUnknown>().why, UnknownWhy::kTimeout);
  ASSERT_TRUE(rig.wait([&] { return !rig.fake.ended.empty(); })) << "a late answer has no reader";
}

TEST(Gateway, AFiveHundredAndALostAnswerAreUnknownNotFailures) {
  Rig rig;
  rig.fake.on("POST /order", [&](const auto&, const auto& reply) {
    if (rig.fake.asked_count("POST /order") == 2) return reply->reset();  // executed, answer lost
    test::FakeVenue::send(reply, 503, R"({"code":503,"msg":"busy"})");
  });
  rig.open_gateway();
  const UnknownWhy expected[] = {UnknownWhy::kServerError, UnknownWhy::kConnectionLost};
  for (std::uint64_t i = 1; i <= 2; ++i) {
    ASSERT_TRUE(rig.wait([&] { return rig.gateway->order_connections_open() == 2; }));
    rig.gateway->send(an_order(i), 0);
    ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueUnknown>() == i; }));
    EXPECT_EQ(rig.recorder.last<VenueUnknown>().sequence.value, i);
    EXPECT_EQ(rig.recorder.last<VenueUnknown>().why, expected[i - 1]) << i;
  }
  EXPECT_EQ(rig.fake.asked_count("POST /order"), 2u) << "nothing was sent twice";
}

TEST(Gateway, NonsenseInsteadOfAnAnswerIsUnknown) {
  Rig rig;
  rig.fake.answer("POST /order", 200, R"({"symbol":"BTCUSDT"})");
  rig.open_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueUnknown>() == 1; }));
  EXPECT_EQ(rig.recorder.last<VenueUnknown>().why, UnknownWhy::kServerError);
}

TEST(Gateway, ARefusedOrderCarriesTheVenuesCodeAndReason) {
  Rig rig;
  rig.fake.answer("POST /order", 400, R"({"code":30002,"msg":"below the minimum"})");
  rig.open_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueRejected>() == 1; }));
  EXPECT_EQ(rig.recorder.last<VenueRejected>().code, 30002);
  EXPECT_EQ(rig.recorder.last<VenueRejected>().reason, "below the minimum");
}

TEST(Gateway, AfterA429NoOrderLeavesBeforeRetryAfterIsOver) {
  Rig rig;
  rig.fake.on("POST /order", [](const auto&, const auto& reply) {
    os::HttpResponse response;
    response.status = 429;
    response.headers = {{"Retry-After", "60"}};
    response.body = "{}";
    reply->send(response);
  });
  rig.open_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueRejected>() == 1; }));
  rig.gateway->send(an_order(2), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<OrderUnsent>() == 1; }));
  EXPECT_EQ(rig.fake.asked_count("POST /order"), 1u);
  EXPECT_GT(rig.gateway->status().blocked_for, Nanos(50s));
}

TEST(Gateway, ARefusedKeyStopsEveryOrderUntilItIsMended) {
  Rig rig;
  rig.options.gateway.clock_check = 20ms;
  rig.fake.answer("POST /order", 401, R"({"code":10072,"msg":"api key expired"})");
  rig.fake.answer("GET /account", 401, R"({"code":10072,"msg":"api key expired"})");
  rig.open_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueRejected>() == 1; }));
  EXPECT_NE(rig.gateway->status().trouble.find("10072"), std::string::npos);
  rig.gateway->send(an_order(2), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<OrderUnsent>() == 1; }));
  EXPECT_EQ(rig.fake.asked_count("POST /order"), 1u);
  rig.fake.answer("GET /account", 200, "{}");
  ASSERT_TRUE(rig.wait([&] { return rig.gateway->status().trouble.empty(); }));
  rig.fake.answer("POST /order", 200, kAck);
  rig.gateway->send(an_order(3), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueAck>() == 1; }));
}

TEST(Gateway, AnOldTimestampIsARefusalAndTheClockIsAskedAgain) {
  Rig rig;
  rig.fake.clock_ahead_ms = 5000;
  rig.fake.answer("POST /order", 400, R"({"code":700003,"msg":"timestamp"})");
  rig.open_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.clock.offset() > Nanos(4s); }));
  EXPECT_EQ(rig.recorder.last<VenueRejected>().code, 700003);
}

TEST(Gateway, ClosingEndsEveryOrderConnectionAndOpeningBringsThemBack) {
  Rig rig;
  rig.fake.answer("POST /order", 200, kAck);
  rig.open_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueAck>() == 1; }));
  rig.latch.seal();
  rig.gateway->close_order_connections();
  ASSERT_TRUE(rig.wait([&] { return rig.fake.ended.size() == 2; })) << "the judge waits for these";
  EXPECT_EQ(rig.gateway->order_connections_open(), 0u);
  rig.latch.release();
  rig.gateway->open_order_connections();
  ASSERT_TRUE(rig.wait([&] { return rig.gateway->order_connections_open() == 2; }));
}

TEST(Gateway, AnOrderThatIsOutstandingAtTheSealIsUnknownAtTheEndOfItsConnection) {
  Rig rig;
  std::vector<test::FakeVenue::Reply> held;
  rig.fake.on("POST /order", [&](const auto&, const auto& reply) { held.push_back(reply); });
  rig.open_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return held.size() == 1; }));
  rig.latch.seal();
  rig.gateway->close_order_connections();
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueUnknown>() == 1; }));
  EXPECT_EQ(rig.gateway->order_connections_open(), 0u);
}

TEST(Gateway, AbortingFromAnotherThreadResetsTheSocketsAndFencesTheirOrders) {
  Rig rig;
  std::vector<test::FakeVenue::Reply> held;
  rig.fake.on("POST /order", [&](const auto&, const auto& reply) { held.push_back(reply); });
  rig.open_gateway();
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return held.size() == 1; }));
  os::start_thread("control", [&] { rig.gateway->abort_order_sockets(); }).join();
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueUnknown>() == 1; }));
  EXPECT_EQ(rig.recorder.last<VenueUnknown>().why, UnknownWhy::kFenced);
  ASSERT_TRUE(rig.wait([&] { return rig.fake.ended.size() >= 2; }));
}

TEST(Gateway, ReopensConnectionsThatTheVenueClosesAndPingsIdleOnes) {
  Rig rig;
  rig.options.gateway.keep_warm = 20ms;
  rig.open_gateway();
  ASSERT_TRUE(rig.wait([&] { return rig.fake.asked_count("GET /ping") >= 2; }));
  rig.fake.server().close_all(true);
  ASSERT_TRUE(rig.wait([&] {
    return rig.fake.server().connection_count() == 2 && rig.gateway->order_connections_open() == 2;
  }));
  rig.fake.answer("POST /order", 200, kAck);
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueAck>() == 1; }));
}

TEST(Gateway, NeverPingsOnEveryConnectionAtOnce) {
  Rig rig;
  rig.options.gateway.keep_warm = 1ms;
  std::vector<test::FakeVenue::Reply> held;
  rig.fake.on("GET /ping", [&](const auto&, const auto& reply) { held.push_back(reply); });
  rig.fake.answer("POST /order", 200, kAck);
  rig.open_gateway();
  // Both connections are long due, and one ping is not answered yet.
  bool due = false;
  rig.loop.after(10ms, [&] { due = true; });
  ASSERT_TRUE(rig.wait([&] { return due && !held.empty(); }));
  rig.gateway->send(an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueAck>() == 1; }));
  EXPECT_EQ(held.size(), 1u);
  test::FakeVenue::send(held[0], 200, "{}");
  ASSERT_TRUE(rig.wait([&] { return held.size() == 2; })) << "then it is the next one's turn";
}

// Sends flatten orders until it is so: one gives up after a second without a connection, which a
// busy machine may need.
void send_flatten(Rig& rig, std::uint64_t epoch, const std::function<bool()>& so) {
  std::size_t ended = rig.recorder.events().size();
  machine::SendOrder order = an_order(ended + 1);
  order.kind = OrderKind::kFlatten;
  rig.gateway->send(order, epoch);
  ASSERT_TRUE(rig.wait([&] {
    if (so()) return true;
    if (rig.recorder.events().size() == ended) return false;
    ended = rig.recorder.events().size();
    order.sequence = {ended + 1};
    rig.gateway->send(order, epoch);
    return false;
  }));
}

TEST(Gateway, FlattenOrdersPassTheSealThatGrantedThemOverConnectionsOfTheirOwn) {
  Rig rig;
  rig.fake.answer("POST /order", 200, kAck);
  rig.make_gateway();
  rig.latch.seal();
  rig.gateway->close_order_connections();
  const std::uint64_t epoch = (*rig.latch).load().epoch();
  send_flatten(rig, epoch, [&] { return rig.recorder.count<VenueAck>() == 1; });
  ASSERT_TRUE(rig.wait([&] { return rig.gateway->order_connections_open() == 0; }))
      << "sealed: nothing stays open";
  rig.latch.seal();  // A new seal voids the grant.
  send_flatten(rig, epoch, [&] {
    const auto unsent = rig.recorder.all<OrderUnsent>();
    return !unsent.empty() && unsent.back().sealed;
  });
  EXPECT_EQ(rig.fake.asked_count("POST /order"), 1u);
}

TEST(Gateway, AFlattenOrderWaitsOnlyAMomentForAConnection) {
  Rig rig;
  rig.make_gateway();
  rig.fake.server().stop_listening();
  rig.latch.seal();
  machine::SendOrder order = an_order(1);
  order.kind = OrderKind::kFlatten;
  rig.gateway->send(order, (*rig.latch).load().epoch());
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<OrderUnsent>() == 1; }));
  EXPECT_FALSE(rig.recorder.last<OrderUnsent>().sealed);
}

}  // namespace
}  // namespace levi::mexc
