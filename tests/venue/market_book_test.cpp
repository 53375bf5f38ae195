// Market data: building and poisoning the book, what becomes of pushes.
#include <gtest/gtest.h>

#include "tests/venue/one_book.h"

namespace levi::mexc {
namespace {

using machine::BookGap;
using machine::Deal;
using machine::FeedDown;
using machine::FeedDownWhy;
using machine::FeedUp;
using machine::TopOfBook;
using test::depth_push;
using test::FakeVenue;
using test::OneBook;
using test::Rig;
using test::start;

TEST(MarketFeed, IsUpAtTheFirstBuildingAnswerAndEmitsTheTopOfTheMergedBook) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  start(rig, book, rig.market_options());
  ASSERT_GE(rig.recorder.events().size(), 2u);
  EXPECT_TRUE(std::holds_alternative<FeedUp>(rig.recorder.events()[0]));
  const auto up = rig.recorder.last<FeedUp>();
  EXPECT_EQ(up.source, venue::kMarketSource);
  EXPECT_EQ(up.connection, 1u);
  EXPECT_FALSE(up.polling);
  const auto top = rig.recorder.last<TopOfBook>();
  EXPECT_EQ(top.version, 100u);
  EXPECT_EQ(top.bid_price.value, 9900);
  EXPECT_EQ(top.ask_price.value, 10100);
  EXPECT_EQ(top.bid_quantity.value, 10000);
  EXPECT_TRUE(rig.market->status().connected);
  EXPECT_EQ(rig.market->status().subscriptions.size(), 3u);
}

TEST(MarketFeed, APushBeforeTheSnapshotIsTheFirstAcceptedFrame) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  std::vector<FakeVenue::Reply> held;
  rig.fake.on("GET /depth", [&](const auto&, const auto& reply) { held.push_back(reply); });
  rig.start_market(rig.market_options());
  ASSERT_TRUE(rig.wait([&] { return book.subscribed() && held.size() == 1; }));
  book.change("99.50");  // version 101
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedUp>() == 1; }));
  EXPECT_EQ(rig.recorder.count<TopOfBook>(), 0u) << "not tradable before the snapshot is merged";
  // Older than the first push minus one: too old, asked for again.
  FakeVenue::send(held[0], 200, test::depth_json(99, {{"90.00", "1"}}, {}));
  ASSERT_TRUE(rig.wait([&] { return held.size() == 2; }));
  EXPECT_EQ(rig.recorder.count<TopOfBook>(), 0u);
  FakeVenue::send(held[1], 200, test::depth_json(100, {{"99.00", "1"}}, {{"101.00", "1"}}));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<TopOfBook>() == 1; }));
  EXPECT_EQ(rig.recorder.last<TopOfBook>().version, 101u);
  EXPECT_EQ(rig.recorder.last<TopOfBook>().bid_price.value, 9950);
}

TEST(MarketFeed, EmitsTheTopOnlyWhenItChanged) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  MarketOptions options = rig.market_options();
  options.book.refresh = 3600s;
  start(rig, book, options);
  for (std::uint64_t version = 101; version <= 110; ++version) {
    FakeVenue::push(*rig.fake.open_sockets(false)[0],
                    depth_push("BTCUSDT", version, version, {{"80.00", "5"}}, {}));
  }
  book.version = 110;
  book.change("99.10");
  ASSERT_TRUE(rig.wait([&] { return book.shows(9910); }));
  EXPECT_EQ(rig.recorder.count<TopOfBook>(), 2u);
}

TEST(MarketFeed, AnUnchangedTopIsEmittedAgainWhileFramesProveIt) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  MarketOptions options = rig.market_options();
  options.book.refresh = Nanos{1};
  start(rig, book, options);
  FakeVenue::push(*rig.fake.open_sockets(false)[0],
                  depth_push("BTCUSDT", 101, 101, {{"80.00", "5"}}, {}));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<TopOfBook>() >= 2; }));
  EXPECT_EQ(rig.recorder.last<TopOfBook>().version, 101u);
}

TEST(MarketFeed, AGapPoisonsTheBookUntilASnapshotIsMerged) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  start(rig, book, rig.market_options());
  book.change("99.20", 3);  // versions 101..103 never come
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<BookGap>() == 1; }));
  EXPECT_EQ(rig.recorder.last<BookGap>().expected_version, 101u);
  EXPECT_EQ(rig.recorder.last<BookGap>().received_version, 104u);
  ASSERT_TRUE(rig.wait([&] { return book.shows(9920); }));
  EXPECT_EQ(rig.recorder.count<FeedDown>(), 0u);
  EXPECT_EQ(rig.recorder.count<BookGap>(), 1u);
}

TEST(MarketFeed, ResyncIsDoneWhenAskedForFromOutside) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  start(rig, book, rig.market_options());
  const std::size_t asked = rig.fake.asked_count("GET /depth");
  rig.market->resync({0});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<TopOfBook>() == 2; }));
  EXPECT_EQ(rig.fake.asked_count("GET /depth"), asked + 1);
}

TEST(MarketFeed, ResyncWhileTheSocketIsDownIsNoDataOfASocket) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  start(rig, book, rig.market_options());
  rig.fake.confirms = false;  // the next socket opens, and says nothing
  rig.fake.open_sockets(false)[0]->connection->reset();
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedDown>() == 1; }));
  const std::size_t tops = rig.recorder.count<TopOfBook>();
  rig.market->resync({0});
  ASSERT_TRUE(rig.wait([&] { return rig.fake.open_sockets(false).size() == 1; }));
  rig.market->resync({0});
  bool answered = false;
  rig.rest.call("GET", "/api/v3/ping", "", [&](const Answer&) { answered = true; });
  ASSERT_TRUE(rig.wait([&] { return answered; }));
  test::run_ready(rig.loop);
  EXPECT_EQ(rig.recorder.count<FeedUp>(), 1u);
  EXPECT_EQ(rig.recorder.count<TopOfBook>(), tops);
}

TEST(MarketFeed, ASnapshotThatAnEarlierConnectionAskedForIsDropped) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  std::vector<FakeVenue::Reply> held;
  rig.fake.on("GET /depth", [&](const auto&, const auto& reply) { held.push_back(reply); });
  rig.start_market(rig.market_options());
  ASSERT_TRUE(rig.wait([&] { return book.subscribed() && held.size() == 1; }));
  rig.fake.open_sockets(false)[0]->connection->reset();
  ASSERT_TRUE(rig.wait([&] { return held.size() == 2; }));
  FakeVenue::send(held[0], 200, test::depth_json(50, {{"90.00", "1"}}, {{"101.00", "1"}}));
  FakeVenue::send(held[1], 200, test::depth_json(100, {{"99.00", "1"}}, {{"101.00", "1"}}));
  ASSERT_TRUE(rig.wait([&] { return book.shows(9900); }));
  EXPECT_EQ(rig.recorder.count<TopOfBook>(), 1u);
}

TEST(MexcSocket, TheAnswerToAnUnsubscriptionConfirmsNoSubscription) {
  Rig rig({"BTCUSDT"});
  SocketOptions options = rig.socket_options();
  options.confirm_max = 20ms;
  bool confirmed = false;
  std::optional<FeedDownWhy> closed;
  SocketHandlers handlers;
  handlers.on_confirmed = [&](std::size_t) { confirmed = true; };
  handlers.on_closed = [&](FeedDownWhy why, const std::string&) { closed = why; };
  MexcSocket socket(rig.loop, options, {test::depth_channel("BTCUSDT")}, 1, handlers);
  ASSERT_TRUE(rig.wait([&] { return confirmed; }));
  rig.fake.confirms_subscriptions = false;
  socket.resubscribe(0);
  ASSERT_TRUE(rig.wait([&] { return closed.has_value(); }));
  EXPECT_EQ(*closed, FeedDownWhy::kRefused);
}

TEST(MarketFeed, FramesThatMakeNoSenseAreCountedAndTheNextGapHeals) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  start(rig, book, rig.market_options());
  auto& socket = *rig.fake.open_sockets(false)[0];
  socket.connection->send(true, "\x07garbage\xff");
  socket.connection->send(false, "{not json");
  FakeVenue::push(socket, depth_push("NOSUCH", 1, 2, {}, {}));
  FakeVenue::push(socket,
                  depth_push("BTCUSDT", 101, 101, {{"99.123", "1"}}, {}));  // finer than a step
  book.version = 101;
  book.change("99.30");
  ASSERT_TRUE(rig.wait([&] { return book.shows(9930); }));
  EXPECT_EQ(rig.market->status().decode_errors, 4u);
  EXPECT_EQ(rig.recorder.count<BookGap>(), 1u) << "the unusable delta left a hole";
}

TEST(MarketFeed, DealsComeOnceEach) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  start(rig, book, rig.market_options());
  auto& socket = *rig.fake.open_sockets(false)[0];
  FakeVenue::push(socket, test::deal_push("BTCUSDT", "d1", "100.00", "0.5", 1));
  FakeVenue::push(socket, test::deal_push("BTCUSDT", "d1", "100.00", "0.5", 1));
  FakeVenue::push(socket, test::deal_push("BTCUSDT", "d2", "100.01", "0.25", 2));
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<Deal>() == 2; }));
  const auto deals = rig.recorder.all<Deal>();
  EXPECT_EQ(deals[0].aggressor, Side::kBuy);
  EXPECT_EQ(deals[1].aggressor, Side::kSell);
  EXPECT_EQ(deals[1].quantity.value, 2500);
}

}  // namespace
}  // namespace levi::mexc
