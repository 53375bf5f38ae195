// The account's pushes, the listen key, and how its silence is noticed.
#include <gtest/gtest.h>

#include "core/venue/mexc/unknown_fees.h"
#include "tests/venue/rig.h"

namespace levi::mexc {
namespace {

using machine::FeedDown;
using machine::FeedDownWhy;
using machine::FeedUp;
using machine::ForeignOrder;
using machine::VenueAck;
using machine::VenueCanceled;
using machine::VenueFill;
using machine::VenueOrderState;
using test::FakeVenue;
using test::fill_push;
using test::order_push;
using test::Rig;

void start(Rig& rig, const PrivateOptions& options = {}) {
  rig.start_private(options);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedUp>() == 1; }));
}

test::VenueSocket& socket_of(Rig& rig) { return *rig.fake.open_sockets(true).back(); }

TEST(PrivateStream, IsUpWhenBothChannelsAreConfirmed) {
  Rig rig;
  start(rig);
  EXPECT_EQ(rig.recorder.last<FeedUp>().source, venue::kPrivateSource);
  EXPECT_EQ(socket_of(rig).target, "/ws?listenKey=key1");
  EXPECT_EQ(socket_of(rig).channels.size(), 2u);
  EXPECT_TRUE(rig.stream->status().connected);
}

TEST(PrivateStream, PushesBecomeAcksFillsAndCancels) {
  Rig rig;
  start(rig);
  auto& socket = socket_of(rig);
  const std::string id = rig.client_id(9);
  FakeVenue::push(socket, order_push("BTCUSDT", id, 1, "0"));
  FakeVenue::push(socket, fill_push("BTCUSDT", id, "t1", "0.4"));
  FakeVenue::push(socket, order_push("BTCUSDT", id, 3, "0.4"));
  FakeVenue::push(socket, order_push("BTCUSDT", id, 5, "0.4"));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueCanceled>() == 1; }));
  EXPECT_EQ(rig.recorder.count<VenueAck>(), 1u);
  const auto fill = rig.recorder.last<VenueFill>();
  EXPECT_EQ(fill.sequence.value, 9u);
  EXPECT_EQ(fill.trade, "t1");
  EXPECT_EQ(fill.price.value, 10000);
  EXPECT_EQ(fill.quantity.value, 4000);
  EXPECT_EQ(fill.fee.value, 1'000'000);
  EXPECT_EQ(fill.incarnation.value, 7u);
  EXPECT_TRUE(fill.maker);
  EXPECT_EQ(rig.recorder.last<VenueCanceled>().executed.value, 4000)
      << "5 is terminal: partly cancelled";
}

TEST(PrivateStream, PushesOfInheritedOrdersAreOurs) {
  Rig rig;
  start(rig);
  const std::string id = format_client_order_id({OrderKind::kNormal, "ancestr", {3}, {20}}).str();
  FakeVenue::push(socket_of(rig), fill_push("BTCUSDT", id, "t1", "0.4"));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueFill>() == 1; }));
  EXPECT_EQ(rig.recorder.last<VenueFill>().incarnation.value, 3u);
}

TEST(PrivateStream, AnOrderThatFillsAtOnceIsAcknowledgedToo) {
  Rig rig;
  start(rig);
  FakeVenue::push(socket_of(rig), order_push("BTCUSDT", rig.client_id(9), 2, "1.0"));
  FakeVenue::push(socket_of(rig), fill_push("BTCUSDT", rig.client_id(9), "t1", "1.0"));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueFill>() == 1; }));
  EXPECT_EQ(rig.recorder.count<VenueAck>(), 1u);
  // A later order whose deal never comes is reported after a while: this one was not before it.
  FakeVenue::push(socket_of(rig), order_push("BTCUSDT", rig.client_id(10), 2, "1.0"));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() >= 1; }));
  EXPECT_EQ(rig.recorder.all<VenueOrderState>()[0].sequence.value, 10u);
}

TEST(PrivateStream, ADealThatNeverComesIsReportedByTheOrdersState) {
  Rig rig;
  start(rig);
  FakeVenue::push(socket_of(rig), order_push("BTCUSDT", rig.client_id(9), 2, "1.0"));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 1; }));
  const auto state = rig.recorder.last<VenueOrderState>();
  EXPECT_EQ(state.status, machine::VenueStatus::kFilled);
  EXPECT_EQ(state.executed.value, 10000);
  EXPECT_EQ(state.incarnation.value, 7u);
}

TEST(PrivateStream, OrdersThatAreNotOursAreForeign) {
  Rig rig;
  start(rig);
  auto& socket = socket_of(rig);
  FakeVenue::push(socket, order_push("BTCUSDT", "manual-order-1", 1, "0"));
  FakeVenue::push(socket, order_push("BTCUSDT", "manual-order-1", 4, "0"));
  FakeVenue::push(socket, fill_push("BTCUSDT", "manual-order-1", "t9", "1"));
  FakeVenue::push(socket, order_push("BTCUSDT", rig.client_id(9), 4, "0"));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueCanceled>() == 1; }));
  EXPECT_EQ(rig.recorder.count<ForeignOrder>(), 1u);
  EXPECT_EQ(rig.recorder.last<ForeignOrder>().client_id, "manual-order-1");
  EXPECT_EQ(rig.recorder.count<VenueFill>(), 0u);
}

TEST(PrivateStream, PushesThatMakeNoSenseAreCounted) {
  Rig rig;
  start(rig);
  auto& socket = socket_of(rig);
  socket.connection->send(true, "\x01\x02");
  FakeVenue::push(socket, order_push("BTCUSDT", rig.client_id(9), 77, "0"));
  FakeVenue::push(socket, fill_push("BTCUSDT", rig.client_id(9), "", "1"));
  FakeVenue::push(socket, order_push("NOTOURS", rig.client_id(9), 1, "0"));
  FakeVenue::push(socket, order_push("BTCUSDT", rig.client_id(9), 1, "0"));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueAck>() == 1; }));
  EXPECT_EQ(rig.stream->status().decode_errors, 3u);
}

TEST(PrivateStream, ReconnectsWithItsKeyAndSaysHowLongItWasDown) {
  Rig rig;
  start(rig);
  socket_of(rig).connection->reset();
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedUp>() == 2; }));
  EXPECT_EQ(rig.recorder.last<FeedDown>().why, FeedDownWhy::kReset);
  EXPECT_EQ(rig.recorder.last<FeedDown>().source, venue::kPrivateSource);
  EXPECT_GT(rig.recorder.last<FeedUp>().since_down, Nanos{0});
  EXPECT_EQ(rig.fake.asked_count("POST /userDataStream"), 1u);
}

TEST(PrivateStream, TakesANewKeyWhenTheOldOneIsRefused) {
  Rig rig;
  start(rig);
  rig.fake.answer("POST /userDataStream", 200, R"({"listenKey":"key2"})");
  socket_of(rig).connection->send(false, "Invalid listen key");
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedUp>() == 2; }));
  EXPECT_EQ(socket_of(rig).target, "/ws?listenKey=key2");
}

TEST(PrivateStream, AsksForAKeyUntilItGetsAUsableOne) {
  Rig rig;
  int call = 0;
  rig.fake.on("POST /userDataStream", [&](const auto&, const auto& reply) {
    const char* const bodies[] = {"{}", R"({"listenKey":"bad key&x=1"})",
                                  R"({"listenKey":"good"})"};
    FakeVenue::send(reply, 200, bodies[std::min(call++, 2)]);
  });
  start(rig);
  EXPECT_EQ(socket_of(rig).target, "/ws?listenKey=good");
}

TEST(PrivateStream, TakesOverAnOldKeyWhenTheVenueGivesNoMore) {
  Rig rig;
  rig.fake.answer("POST /userDataStream", 400, R"({"code":700004,"msg":"too many keys"})");
  rig.fake.answer("GET /userDataStream", 200, R"({"listenKey":["bad key&x=1",7,"old1"]})");
  start(rig);
  EXPECT_EQ(socket_of(rig).target, "/ws?listenKey=old1");
  rig.stream->stop();
  ASSERT_TRUE(rig.wait([&] { return rig.fake.open_sockets(true).empty(); }));
  test::run_ready(rig.loop);
  EXPECT_EQ(rig.fake.asked_count("DELETE /userDataStream"), 0u) << "it may still be another core's";
}

TEST(PrivateStream, AKeyThatWasTakenOverAndDoesNotWorkIsLeftForAnother) {
  Rig rig;
  rig.fake.answer("POST /userDataStream", 400, R"({"code":700004,"msg":"too many keys"})");
  rig.fake.answer("GET /userDataStream", 200, R"({"listenKey":["dead","alive"]})");
  rig.fake.on_subscribed = [](test::VenueSocket& socket, const std::string&) {
    if (socket.target == "/ws?listenKey=dead") socket.connection->send(false, "Invalid listen key");
  };
  rig.start_private();
  ASSERT_TRUE(rig.wait([&] {
    const auto open = rig.fake.open_sockets(true);
    return rig.stream->status().connected && !open.empty() &&
           open.back()->target == "/ws?listenKey=alive";
  }));
}

TEST(PrivateStream, AsksAgainWhenThereIsNoKeyToTakeOver) {
  Rig rig;
  rig.fake.answer("POST /userDataStream", 400, R"({"code":700004,"msg":"too many keys"})");
  rig.fake.answer("GET /userDataStream", 200, R"({"listenKey":[]})");
  rig.start_private();
  ASSERT_TRUE(rig.wait([&] { return rig.fake.asked_count("GET /userDataStream") >= 2; }));
  EXPECT_FALSE(rig.stream->status().connected);
  EXPECT_NE(rig.stream->status().detail.find("too many keys"), std::string::npos);
}

TEST(PrivateStream, ExtendsItsKeyAndClosesItAtTheEnd) {
  Rig rig;
  PrivateOptions options;
  options.listen_key_extend = 10ms;
  start(rig, options);
  ASSERT_TRUE(rig.wait([&] { return rig.fake.asked_count("PUT /userDataStream") >= 2; }));
  EXPECT_EQ(rig.fake.asked("PUT /userDataStream")[0].parameter("listenKey"), "key1");
  rig.stream->stop();
  ASSERT_TRUE(rig.wait([&] { return rig.fake.asked_count("DELETE /userDataStream") == 1; }));
  ASSERT_TRUE(rig.wait([&] { return rig.fake.open_sockets(true).empty(); }));
}

TEST(PrivateStream, AnAcceptedOrderThatIsNotPushedProvesTheStreamDead) {
  Rig rig;
  PrivateOptions options;
  options.data_age_max = 100ms;
  start(rig, options);
  rig.stream->expect({9});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedDown>() == 1; }));
  EXPECT_EQ(rig.recorder.last<FeedDown>().why, FeedDownWhy::kSilent);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedUp>() == 2; }));
}

TEST(PrivateStream, AQuietAccountIsNotADeadStream) {
  Rig rig;
  PrivateOptions options;
  options.data_age_max = 50ms;
  start(rig, options);
  FakeVenue::push(socket_of(rig), order_push("BTCUSDT", rig.client_id(9), 1, "0"));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueAck>() == 1; }));
  rig.stream->expect({9});  // the push came before the REST answer
  const MonoTime later = os::mono_now() + 300ms;
  ASSERT_TRUE(rig.wait([&] { return os::mono_now() > later; }));
  EXPECT_EQ(rig.recorder.count<FeedDown>(), 0u);
}

TEST(PrivateStream, RenewsItsSocketWithAnOverlap) {
  Rig rig;
  PrivateOptions options;
  options.renew_after = 30ms;
  start(rig, options);
  ASSERT_TRUE(rig.wait([&] { return rig.fake.sockets.size() >= 3; }));
  EXPECT_EQ(rig.recorder.count<FeedDown>(), 0u);
  FakeVenue::push(socket_of(rig), order_push("BTCUSDT", rig.client_id(9), 1, "0"));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueAck>() == 1; }));
}

TEST(PrivateStream, WhatTheOldSocketStillBringsAfterARenewalCounts) {
  Rig rig;
  PrivateOptions options;
  options.renew_after = 300ms;
  start(rig, options);
  const std::uint64_t first = rig.stream->status().connection;
  ASSERT_TRUE(rig.wait([&] { return rig.stream->status().connection > first; }));
  auto& old = *rig.fake.sockets[0];
  FakeVenue::push(old, fill_push("BTCUSDT", rig.client_id(9), "t1", "0.4"));
  EXPECT_TRUE(rig.wait([&] { return rig.recorder.count<VenueFill>() == 1 || old.closed; }));
  EXPECT_EQ(rig.recorder.count<VenueFill>(), 1u);
  ASSERT_TRUE(rig.wait([&] { return old.closed; })) << "but not for ever";
  EXPECT_EQ(rig.recorder.count<FeedDown>(), 0u);
}

TEST(PrivateStream, ADealThatComesTwiceDoesNotStandForOneThatIsLost) {
  Rig rig;
  start(rig);
  FakeVenue::push(socket_of(rig), fill_push("BTCUSDT", rig.client_id(9), "t1", "0.5"));
  FakeVenue::push(socket_of(rig), fill_push("BTCUSDT", rig.client_id(9), "t1", "0.5"));
  FakeVenue::push(socket_of(rig), order_push("BTCUSDT", rig.client_id(9), 2, "1.0"));
  EXPECT_TRUE(rig.wait([&] { return rig.recorder.count<VenueOrderState>() == 1; }));
}

TEST(PrivateStream, ADealWithoutAClientIdIsGivenToItsOrderByTheVenuesId) {
  Rig rig;
  start(rig);
  const auto nameless = [&](std::uint64_t sequence, const char* trade) {
    auto push = fill_push("BTCUSDT", rig.client_id(sequence), trade, "0.4");
    push.mutable_privatedeals()->clear_clientorderid();
    return push;
  };
  auto& socket = socket_of(rig);
  FakeVenue::push(socket, order_push("BTCUSDT", rig.client_id(9), 1, "0"));
  FakeVenue::push(socket, nameless(9, "t1"));
  FakeVenue::push(socket, nameless(8, "t2"));  // nobody said whose C02__000008 is
  const auto standing = nameless(10, "t3");
  rig.stream->learn(standing.privatedeals().orderid(), {OrderKind::kNormal, "abcdefg", {6}, {10}});
  FakeVenue::push(socket, standing);
  FakeVenue::push(socket, order_push("BTCUSDT", rig.client_id(9), 4, "0.4"));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueCanceled>() == 1; }));
  const auto fills = rig.recorder.all<VenueFill>();
  ASSERT_EQ(fills.size(), 2u);
  EXPECT_EQ(fills[0].trade, "t1");
  EXPECT_EQ(fills[0].sequence.value, 9u);
  EXPECT_EQ(fills[0].incarnation.value, 7u);
  EXPECT_EQ(fills[1].sequence.value, 10u);
  EXPECT_EQ(rig.stream->status().deals_unattributed, 1u);
}

TEST(PrivateStream, AFeeThatWeCanNotCountIsNamed) {
  Rig rig;
  UnknownFees fees(rig.instruments);
  PrivateOptions options;
  options.on_trade = [&](const TradeRecord& trade) { fees.look_at(trade); };
  start(rig, options);
  FakeVenue::push(socket_of(rig), fill_push("BTCUSDT", rig.client_id(9), "t1", "0.4"));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueFill>() == 1; }));
  EXPECT_TRUE(fees.trouble().empty()) << fees.trouble();
  auto push = fill_push("ETHUSDT", rig.client_id(10), "t2", "0.4");
  push.mutable_privatedeals()->set_feecurrency("MX");
  FakeVenue::push(socket_of(rig), push);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<VenueFill>() == 2; }));
  EXPECT_EQ(fees.count(), 1u);
  EXPECT_EQ(fees.trouble().find("ETHUSDT: fees in another asset"), 0u) << fees.trouble();
}

}  // namespace
}  // namespace levi::mexc
