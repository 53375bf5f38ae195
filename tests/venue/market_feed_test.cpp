// Market data: liveness, reconnecting, renewal, polling.
#include <gtest/gtest.h>

#include "tests/venue/one_book.h"

namespace levi::mexc {
namespace {

using machine::BookGap;
using machine::FeedDown;
using machine::FeedDownWhy;
using machine::FeedUp;
using machine::TopOfBook;
using test::FakeVenue;
using test::OneBook;
using test::Rig;
using test::start;

TEST(MarketFeed, AfterAResetItReconnectsAtOnceAndSaysHowLongItWasDown) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  start(rig, book, rig.market_options());
  const MonoTime before = os::mono_now();
  rig.fake.open_sockets(false)[0]->connection->reset();
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedUp>() == 2; }));
  const Nanos most = os::mono_now() - before;
  const auto down = rig.recorder.last<FeedDown>();
  EXPECT_EQ(down.why, FeedDownWhy::kReset);
  EXPECT_EQ(down.connection, 1u);
  const auto up = rig.recorder.last<FeedUp>();
  EXPECT_EQ(up.connection, 2u);
  EXPECT_GT(up.since_down, Nanos{0});
  EXPECT_LE(up.since_down, most) << "since the loss, not since the start";
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<TopOfBook>() == 2; }))
      << "the same top again: the machine has poisoned it";
  EXPECT_EQ(rig.market->status().reconnects, 1u);
}

TEST(MarketFeed, KeepsTryingWhileTheVenueRefusesAndComesBack) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  start(rig, book, rig.market_options());
  rig.fake.server().stop_listening();
  rig.fake.open_sockets(false)[0]->connection->close(1001, "going away");
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedDown>() == 1; }));
  EXPECT_EQ(rig.recorder.last<FeedDown>().why, FeedDownWhy::kClosed);
  EXPECT_FALSE(rig.market->status().connected);
  EXPECT_FALSE(rig.market->status().detail.empty());
  rig.fake.listen_again();
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedUp>() == 2; }));
  EXPECT_EQ(rig.recorder.count<FeedDown>(), 1u) << "failed attempts are no further losses";
}

MarketOptions impatient(const Rig& rig) {
  MarketOptions options = rig.market_options();
  options.data_age_max = 100ms;
  options.book.probe_grace = 20ms;
  options.book.refresh = 25ms;
  return options;
}

TEST(MarketFeed, ASilentSocketIsReplacedWhenTheVenuesBookMovesOn) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  start(rig, book, impatient(rig));
  book.change("99.40", 0, false);  // the venue moved on, and this socket says nothing: half-open
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedDown>() == 1; }));
  EXPECT_EQ(rig.recorder.last<FeedDown>().why, FeedDownWhy::kSilent);
  ASSERT_TRUE(rig.wait([&] { return book.shows(9940); }));
  EXPECT_EQ(rig.recorder.last<FeedUp>().connection, 2u);
}

TEST(MarketFeed, OtherSubscriptionsDoNotKeepASilentOneAlive) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  start(rig, book, impatient(rig));
  book.change("99.40", 0, false);
  ASSERT_TRUE(rig.wait([&] {
    const auto open = rig.fake.open_sockets(false);
    if (!open.empty()) {
      FakeVenue::push(*open[0],
                      test::deal_push("BTCUSDT", std::to_string(rig.fake.asked_count("GET /depth")),
                                      "100.00", "1", 1));
    }
    return rig.recorder.count<FeedDown>() == 1;
  }));
  EXPECT_EQ(rig.recorder.last<FeedDown>().why, FeedDownWhy::kSilent);
}

TEST(MarketFeed, AQuietMarketIsProvenAliveAndStaysFresh) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  start(rig, book, impatient(rig));
  // Not one push for many times the limit: REST shows the same version again and again.
  ASSERT_TRUE(rig.wait([&] { return rig.fake.asked_count("GET /depth") >= 12; }));
  EXPECT_EQ(rig.recorder.count<FeedDown>(), 0u);
  EXPECT_GE(rig.recorder.count<TopOfBook>(), 8u) << "each proof is fresh data for the machine";
  EXPECT_TRUE(rig.market->status().connected);
}

TEST(MarketFeed, SilenceThatNobodyCanExplainIsALoss) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  start(rig, book, impatient(rig));
  book.rest_status = 500;
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedDown>() == 1; }));
  EXPECT_EQ(rig.recorder.last<FeedDown>().why, FeedDownWhy::kSilent);
}

TEST(MarketFeed, ASubscriptionThatIsNeverConfirmedEndsTheSocket) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  MarketOptions options = rig.market_options();
  options.socket.confirm_max = 20ms;
  rig.fake.confirms = false;
  rig.start_market(options);
  ASSERT_TRUE(rig.wait([&] { return rig.fake.sockets.size() >= 2; }));
  EXPECT_EQ(rig.recorder.count<FeedUp>(), 0u);
  EXPECT_GE(rig.fake.sockets[0]->texts.size(), 6u) << "each asked for twice";
}

TEST(MarketFeed, AMissingPongEndsTheSocket) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  MarketOptions options = rig.market_options();
  options.socket.ping_every = 20ms;
  start(rig, book, options);
  rig.fake.confirms = false;  // pings go unanswered, while the subscriptions are long confirmed
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedDown>() >= 1; }));
  EXPECT_EQ(rig.recorder.last<FeedDown>().why, FeedDownWhy::kSilent);
}

TEST(MarketFeed, RenewsItsSocketWithAnOverlapAndMissesNothing) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  MarketOptions options = rig.market_options();
  options.renew_after = 50ms;
  start(rig, book, options);
  static const char* const prices[] = {"99.01", "99.02", "99.03", "99.04", "99.05"};
  std::size_t changes = 0;
  ASSERT_TRUE(rig.wait([&] {
    book.change(prices[changes++ % 5]);
    return rig.recorder.count<FeedUp>() >= 3;
  }));
  EXPECT_EQ(rig.recorder.count<FeedDown>(), 0u);
  EXPECT_EQ(rig.recorder.count<BookGap>(), 0u);
  EXPECT_EQ(rig.recorder.last<FeedUp>().since_down, Nanos{0});
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.last<TopOfBook>().version == book.version; }));
  ASSERT_TRUE(rig.wait([&] { return rig.fake.open_sockets(false).size() <= 2; }));
}

TEST(MarketFeed, WhenTheOldSocketDiesDuringARenewalTheNewOneTakesOver) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  MarketOptions options = rig.market_options();
  options.renew_after = 50ms;
  start(rig, book, options);  // no pushes: the new socket can't join, both stay open
  ASSERT_TRUE(
      rig.wait([&] { return rig.fake.open_sockets(false).size() == 2 && book.subscribed(); }));
  rig.fake.open_sockets(false)[0]->connection->reset();
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedUp>() == 2; }));
  EXPECT_EQ(rig.recorder.count<FeedDown>(), 1u);
  EXPECT_EQ(rig.recorder.last<FeedUp>().connection, 2u);
}

TEST(MarketFeed, PollsOverRestWhileItsSocketIsDownAndStopsWhenItIsBack) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  MarketOptions options = rig.market_options();
  options.socket.connect_timeout = 50ms;
  options.poll_every = 5ms;
  options.socket.target = "/nowhere";  // the upgrade is refused
  rig.start_market(options);
  rig.market->set_polling(venue::kMarketSource, true);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<TopOfBook>() >= 3; }));
  EXPECT_TRUE(rig.recorder.all<FeedUp>().at(0).polling);
  EXPECT_TRUE(rig.market->status().polling);
  book.rest_status = 500;
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedDown>() == 1; }));
  book.rest_status = 200;
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedUp>() == 2; }));
}

TEST(MarketFeed, ASocketThatComesUpEndsThePolling) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  MarketOptions options = rig.market_options();
  options.poll_every = 5ms;
  start(rig, book, options);
  rig.fake.confirms = false;
  rig.fake.open_sockets(false)[0]->connection->reset();
  rig.market->set_polling(venue::kMarketSource, true);
  ASSERT_TRUE(rig.wait([&] {
    return rig.recorder.last<FeedUp>().polling && !rig.fake.open_sockets(false).empty();
  }));
  rig.fake.confirms = true;
  rig.fake.open_sockets(false).back()->connection->reset();
  ASSERT_TRUE(rig.wait([&] { return !rig.recorder.last<FeedUp>().polling && book.subscribed(); }));
  book.change("99.60");
  ASSERT_TRUE(rig.wait([&] { return book.shows(9960); }));
  EXPECT_EQ(rig.recorder.count<BookGap>(), 0u) << "what polling left is not joined to the socket's";
  EXPECT_FALSE(rig.market->status().polling);
}

TEST(MarketFeed, WithoutWebSocketItPollsFromTheStart) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  MarketOptions options = rig.market_options();
  options.use_websocket = false;
  options.poll_every = 5ms;
  rig.start_market(options);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<TopOfBook>() >= 2; }));
  EXPECT_TRUE(rig.fake.sockets.empty());
}

TEST(MarketFeed, ElevenSymbolsTakeTwoConnectionsWithSourcesOfTheirOwn) {
  std::vector<std::string> symbols;
  for (char c = 'A'; c <= 'K'; ++c) symbols.push_back(std::string(3, c) + "USDT");
  Rig rig(symbols);
  rig.fake.answer("GET /depth", 200, test::depth_json(1, {{"99.00", "1"}}, {{"101.00", "1"}}));
  rig.start_market(rig.market_options());
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<TopOfBook>() >= 11; }));
  EXPECT_EQ(rig.fake.sockets.size(), 2u);
  ASSERT_TRUE(rig.wait([&] {
    return rig.fake.sockets[0]->channels.size() == 30 && rig.fake.sockets[1]->channels.size() == 3;
  }));
  for (const auto& top : rig.recorder.all<TopOfBook>()) {
    EXPECT_EQ(top.source, top.symbol.value < 10 ? venue::kMarketSource : SourceId{2});
  }
  rig.fake.sockets[1]->connection->reset();
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedDown>() == 1; }));
  EXPECT_EQ(rig.recorder.last<FeedDown>().source, SourceId{2});
}

TEST(MarketFeed, StoppedItIsSilent) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  start(rig, book, rig.market_options());
  rig.recorder.clear();
  rig.market->stop();
  ASSERT_TRUE(rig.wait([&] { return rig.fake.open_sockets(false).empty(); }));
  test::run_ready(rig.loop);
  EXPECT_TRUE(rig.recorder.events().empty());
}

}  // namespace
}  // namespace levi::mexc
