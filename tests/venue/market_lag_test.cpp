// Market data that is old when it arrives: by the venue's stamps, and by how long an answer took.
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
using test::FakeVenue;
using test::OneBook;
using test::Rig;

constexpr std::int64_t kOld_ms = 2 * 3600 * 1000;  // the rig's limit is an hour

// Up to the first top of book, with the venue's clock known.
void start_in_step(Rig& rig, OneBook& book, const MarketOptions& options) {
  bool known = false;
  rig.rest.server_time([&](const Result<std::int64_t>&) { known = true; });
  ASSERT_TRUE(rig.wait([&] { return known; }));
  ASSERT_NO_FATAL_FAILURE(test::start(rig, book, options));
}

TEST(MarketLag, AStreamThatLagsBuildsTheBookAndIsNoNews) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  ASSERT_NO_FATAL_FAILURE(start_in_step(rig, book, rig.market_options()));
  book.late_ms = kOld_ms;
  auto deal = test::deal_push("BTCUSDT", "d1", "100.00", "0.5", 1);
  deal.set_sendtime(rig.fake.server_ms() - kOld_ms);
  FakeVenue::push(*rig.fake.open_sockets(false)[0], deal);
  book.change("99.10");
  ASSERT_TRUE(rig.wait(
      [&] { return rig.market->status().lag > 1h || rig.recorder.count<TopOfBook>() > 1; }));
  book.change("99.20");
  const std::uint64_t frames = rig.market->status().frames;
  ASSERT_TRUE(rig.wait([&] { return rig.market->status().frames > frames; }));
  EXPECT_EQ(rig.recorder.count<TopOfBook>(), 1u) << "told as fresh";
  EXPECT_EQ(rig.recorder.count<Deal>(), 0u);
  const auto status = rig.market->status();
  EXPECT_NE(status.detail.find("the stream lags by 72"), std::string::npos) << status.detail;
  EXPECT_FALSE(status.subscriptions[0].live);
  book.late_ms = 0;
  book.change("99.30");
  ASSERT_TRUE(rig.wait([&] { return book.shows(9930); }));
  EXPECT_EQ(rig.recorder.last<TopOfBook>().version, book.version);
  EXPECT_EQ(rig.recorder.count<BookGap>(), 0u) << "what came late was built in";
  EXPECT_EQ(rig.market->status().lag, Nanos{0});
  EXPECT_TRUE(rig.market->status().detail.empty());
}

TEST(MarketLag, BeforeTheVenuesClockIsKnownNothingIsLate) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  ASSERT_NO_FATAL_FAILURE(test::start(rig, book, rig.market_options()));
  book.late_ms = kOld_ms;
  book.change("99.10");
  EXPECT_TRUE(rig.wait([&] { return book.shows(9910); }));
}

TEST(MarketLag, PushesFromTheFutureAreFreshAndHaveTheClockAskedAgain) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  ASSERT_NO_FATAL_FAILURE(start_in_step(rig, book, rig.market_options()));
  const std::size_t times = rig.fake.asked_count("GET /time");
  book.late_ms = -kOld_ms;
  book.change("99.10");
  EXPECT_TRUE(rig.wait([&] { return book.shows(9910); }));
  EXPECT_TRUE(rig.wait([&] { return rig.fake.asked_count("GET /time") > times; }));
}

// It is the clock that is off, not the stream: for as long as one question takes.
TEST(MarketLag, AVenueClockThatIsSetBackStopsTheDataForOneQuestion) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  ASSERT_NO_FATAL_FAILURE(start_in_step(rig, book, rig.market_options()));
  const std::size_t times = rig.fake.asked_count("GET /time");
  rig.fake.clock_ahead_ms = -kOld_ms;
  book.late_ms = 0;
  book.change("99.10");
  ASSERT_TRUE(rig.wait([&] { return rig.fake.asked_count("GET /time") > times; }));
  ASSERT_TRUE(rig.wait([&] { return rig.clock.offset() < -1h; }));
  book.change("99.20");
  EXPECT_TRUE(rig.wait([&] { return book.shows(9920); }));
  EXPECT_EQ(rig.recorder.count<FeedDown>(), 0u);
}

TEST(MarketLag, ALagThatLastsHasTheSocketReplacedOnce) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  MarketOptions options = rig.market_options();
  options.lag_max = 100ms;
  ASSERT_NO_FATAL_FAILURE(start_in_step(rig, book, options));
  book.late_ms = kOld_ms;
  book.change("99.10");
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedDown>() == 1; }));
  EXPECT_EQ(rig.recorder.last<FeedDown>().why, FeedDownWhy::kSilent);
  ASSERT_TRUE(rig.wait([&] { return rig.recorder.count<FeedUp>() == 2; }));
  EXPECT_EQ(rig.recorder.count<TopOfBook>(), 1u) << "another socket alone proves nothing";
  book.late_ms = 0;
  ASSERT_TRUE(rig.wait([&] { return book.subscribed(); }));
  book.change("99.20");
  EXPECT_TRUE(rig.wait([&] { return book.shows(9920); }));
}

// An answer is as old as its question.
struct SlowDepth {
  SlowDepth(Rig& rig, Nanos by) {
    rig.fake.on("GET /depth", [this, &rig, by](const auto&, const FakeVenue::Reply& reply) {
      rig.loop.after(by, [this, reply] {
        FakeVenue::send(reply, 200, test::depth_json(100, {{"99.00", "1"}}, {{"101.00", "1"}}));
        ++answered;
      });
    });
  }
  std::size_t answered = 0;
};

TEST(MarketLag, AnAnswerOfPollingThatTookTooLongIsNoNews) {
  Rig rig({"BTCUSDT"});
  MarketOptions options = rig.market_options();
  options.data_age_max = options.book.age_max = 100ms;
  options.use_websocket = false;
  options.poll_every = 5ms;
  const SlowDepth slow(rig, 150ms);
  rig.start_market(options);
  ASSERT_TRUE(rig.wait([&] { return slow.answered >= 3 && rig.recorder.count<FeedUp>() == 1; }));
  EXPECT_EQ(rig.recorder.count<TopOfBook>(), 0u);
  const SlowDepth quick(rig, Nanos{0});
  EXPECT_TRUE(rig.wait([&] { return rig.recorder.count<TopOfBook>() >= 1; }));
}

TEST(MarketLag, AProbeThatTookTooLongIsNoNews) {
  Rig rig({"BTCUSDT"});
  OneBook book(rig);
  MarketOptions options = rig.market_options();
  options.data_age_max = options.book.age_max = 1s;
  options.book.refresh = 1ms;
  ASSERT_NO_FATAL_FAILURE(test::start(rig, book, options));
  const std::size_t tops = rig.recorder.count<TopOfBook>();
  const SlowDepth slow(rig, 1100ms);
  ASSERT_TRUE(rig.wait([&] { return slow.answered >= 1; }));
  const std::size_t times = rig.fake.asked_count("GET /ping");
  rig.rest.call("GET", "/api/v3/ping", "", [](const Answer&) {});
  ASSERT_TRUE(rig.wait([&] { return rig.fake.asked_count("GET /ping") > times; }));
  test::run_ready(rig.loop);
  EXPECT_EQ(rig.recorder.count<TopOfBook>(), tops);
}

}  // namespace
}  // namespace levi::mexc
