// Negative controls: with its defence switched off, each rule must be seen to break.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/venue/rig.h"

namespace levi::mexc {
namespace {

using test::FakeVenue;
using test::Rig;

// Read once, at the first question: set before main.
const bool switched_off = [] {
  return setenv("LEVI_SABOTAGE", "latch-check,reconnect,watchdog,reconcile", 1) == 0;
}();

TEST(Sabotage, WithoutTheLatchCheckAnOrderLeavesThoughSealed) {
  ASSERT_TRUE(switched_off);
  Rig rig;
  rig.fake.answer("POST /order", 200, R"({"orderId":"C02__1"})");
  rig.open_gateway();
  rig.latch.seal();
  rig.gateway->send(test::an_order(1), 0);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<machine::VenueAck>() == 1; }));
  EXPECT_EQ((*rig.latch).last_sequence(), 1u);
}

TEST(Sabotage, WithoutReconnectingALostFeedStaysDown) {
  Rig rig({"BTCUSDT"});
  rig.fake.answer("GET /depth", 200, test::depth_json(1, {{"99.00", "1"}}, {{"101.00", "1"}}));
  rig.start_market(rig.market_options());
  rig.start_private();
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<machine::FeedUp>() == 2; }));
  for (const auto& socket : rig.fake.sockets) socket->connection->reset();
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<machine::FeedDown>() == 2; }));
  test::run_ready(rig.loop);
  EXPECT_EQ(rig.fake.sockets.size(), 2u);
  EXPECT_FALSE(rig.market->status().connected || rig.stream->status().connected);
}

TEST(Sabotage, WithoutTheWatchdogSilenceIsNotNoticed) {
  Rig rig({"BTCUSDT"});
  std::uint64_t version = 1;
  rig.fake.on("GET /depth", [&](const auto&, const auto& reply) {
    FakeVenue::send(reply, 200, test::depth_json(version, {{"99.00", "1"}}, {{"101.00", "1"}}));
  });
  MarketOptions options = rig.market_options();
  options.data_age_max = 20ms;
  options.book.probe_grace = 5ms;
  options.socket.ping_every = 20ms;
  rig.start_market(options);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<machine::TopOfBook>() == 1; }));
  version = 2;
  rig.fake.confirms = false;
  // Far longer than the limit: two more pings went out unanswered.
  ASSERT_TRUE(rig.wait([&] {
    return std::count(rig.fake.sockets[0]->texts.begin(), rig.fake.sockets[0]->texts.end(),
                      R"({"method":"PING"})") >= 2;
  }));
  EXPECT_EQ(rig.recorder.count<machine::FeedDown>(), 0u);
}

TEST(Sabotage, WithoutReconciliationNothingIsAsked) {
  Rig rig;
  machine::State state;
  Reconciler reconciler({rig.loop, rig.rest, rig.clock, rig.instruments, rig.queries, rig.trades,
                         [](OrderSequence) { return false; }},
                        rig.options.gateway.instance, rig.recorder.emit());
  reconciler.start(state, Instant{});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<machine::ReconcileDone>() == 1; }));
  EXPECT_EQ(rig.fake.asked_count("GET /openOrders"), 0u);
}

}  // namespace
}  // namespace levi::mexc
