// GET /events.
#include <gtest/gtest.h>

#include "tests/api/rig.h"

namespace levi::api {
namespace {

using test::ApiRig;
using test::json;
using test::StreamEvent;
using test::StreamPeer;

TEST(Events, OpenWithHelloAndCarryEachRecordAsItComes) {
  ApiRig rig;
  rig.core.start();
  StreamPeer stream(rig.connect(), "/events");
  ASSERT_EQ(stream.status(), 200);
  const auto hello = stream.next();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->type, "hello");
  EXPECT_EQ(hello->data["boot_id"], os::boot_id());
  EXPECT_EQ(hello->data["pid"], getpid());
  EXPECT_EQ(hello->data["sequence"], rig.core.last().value);
  EXPECT_EQ(hello->data["incarnation"], 1);
  EXPECT_GT(hello->data["time_namespace"], 0);
  const std::int64_t before = os::mono_now().ns;
  machine::EngineDown down;
  down.engine_incarnation = rig.core.read([](const auto& s) { return s.engines[0].incarnation; });
  down.pid = 4711;
  down.why = machine::EngineDownWhy::kSignalled;
  down.status = 9;
  rig.core.apply(down);
  const auto event = stream.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, "engine-down");
  EXPECT_EQ(event->id, std::to_string(rig.core.last().value));
  EXPECT_EQ(event->data["sequence"], rig.core.last().value);
  EXPECT_EQ(event->data["type"], "engine-down");
  EXPECT_EQ(event->data["instant_ns"], rig.core.last_instant().ns);
  EXPECT_EQ(event->data["data"]["engine"], 0);
  EXPECT_EQ(event->data["data"]["engine_name"], "mm-btc");
  EXPECT_EQ(event->data["data"]["pid"], 4711);
  EXPECT_EQ(event->data["data"]["why"], "signalled");
  EXPECT_EQ(event->data["data"]["status"], 9);
  // Journal time was turned into this host's monotonic clock: within a minute of now, where journal
  // time is 2026.
  const std::int64_t mono = event->data["mono_ns"];
  EXPECT_NEAR(static_cast<double>(mono), static_cast<double>(before), 60e9);
}

TEST(Events, MonotonicTimeFollowsJournalTimeExactly) {
  ApiRig rig;
  const std::int64_t last_before = rig.core.last_instant().ns;
  rig.core.start();
  StreamPeer stream(rig.connect(), "/events?after=0");
  ASSERT_EQ(stream.next()->type, "hello");
  const auto started = stream.next();
  ASSERT_TRUE(started);
  ASSERT_EQ(started->type, "started");
  EXPECT_EQ(started->data["mono_ns"], started->data["data"]["mono_ns"]);
  EXPECT_EQ(started->data["instant_ns"], last_before + 1'000'000);
  const auto limits = stream.next();
  EXPECT_EQ(
      limits->data["mono_ns"].get<std::int64_t>() - started->data["mono_ns"].get<std::int64_t>(),
      limits->data["instant_ns"].get<std::int64_t>() -
          started->data["instant_ns"].get<std::int64_t>());
}

TEST(Events, LeaveMarketDataOutUnlessItIsNamed) {
  ApiRig rig;
  rig.core.start();
  StreamPeer all(rig.connect(), "/events");
  StreamPeer tops(rig.connect(), "/events?types=top-of-book,chaos-mark");
  ASSERT_EQ(all.next()->type, "hello");
  ASSERT_EQ(tops.next()->type, "hello");
  rig.core.tops(2);
  rig.core.apply(machine::ChaosMark{"r1", "C-1", "ci", true});
  rig.core.apply(machine::Timer{});
  EXPECT_EQ(all.next()->type, "chaos-mark");
  EXPECT_EQ(all.next()->type, "timer");
  const auto top = tops.next();
  EXPECT_EQ(top->type, "top-of-book");
  EXPECT_EQ(top->data["data"]["bid_price"], "50000.00");
  EXPECT_EQ(top->data["data"]["bid_quantity"], "1.000000");
  EXPECT_EQ(top->data["data"]["symbol"], "BTCUSDT");
  EXPECT_EQ(tops.next()->type, "top-of-book");
  const auto mark = tops.next();
  EXPECT_EQ(mark->type, "chaos-mark");
  EXPECT_EQ(mark->data["data"]["run"], "r1");
}

TEST(Events, ResumeBehindTheLastEventIdWithoutGapOrRepeat) {
  ApiRig rig;
  rig.core.start();
  for (int i = 0; i < 3000; ++i) rig.core.apply(machine::Timer{});
  const std::uint64_t middle = rig.core.last().value - 1500;
  StreamPeer stream(rig.connect(), "/events?types=timer",
                    "Last-Event-ID: " + std::to_string(middle) + "\r\n");
  const auto hello = stream.next();
  ASSERT_EQ(hello->type, "hello");
  EXPECT_EQ(hello->data["sequence"], middle);
  // While it reads the past, the present goes on.
  std::uint64_t expected = middle + 1;
  for (int i = 0; i < 700; ++i, ++expected) ASSERT_EQ(stream.next()->data["sequence"], expected);
  for (int i = 0; i < 500; ++i) rig.core.apply(machine::Timer{});
  while (expected <= rig.core.last().value) {
    const auto event = stream.next();
    ASSERT_TRUE(event);
    ASSERT_EQ(event->data["sequence"], expected++);
  }
}

TEST(Events, TellWhatIsGoneAndWhatIsInTheFuture) {
  ApiRig rig;
  rig.core.start();
  StreamPeer future(rig.connect(), "/events?after=999999");
  ASSERT_EQ(future.next()->type, "hello");
  const auto gap = future.next();
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->type, "gap");
  EXPECT_NE(gap->data["reason"].get<std::string>().find("future"), std::string::npos);
  EXPECT_FALSE(future.next());
  EXPECT_TRUE(future.ended());
}

TEST(Events, RecordsThatTheJournalNoLongerHasAreAGap) {
  // A ring of 64 KiB that is lapped, and no segments: nobody persists here.
  ApiRig rig;
  rig.core.start();
  for (int i = 0; i < 60'000; ++i) {
    if (rig.core.last().value > 50'000) break;
    rig.core.apply(machine::Timer{});
    if (i % 500 == 0) rig.get("/state");  // the replica keeps up
  }
  auto persister = journal::Persister::open(rig.core.ring(), rig.paths, {});
  ASSERT_TRUE(persister);
  StreamPeer old(rig.connect(), "/events?after=5");
  ASSERT_EQ(old.next()->type, "hello");
  const auto event = old.next();
  ASSERT_TRUE(event);
  // Either the ring still has it, or the client is told: never a silent hole.
  if (event->type == "gap") {
    EXPECT_FALSE(old.next());
  } else {
    EXPECT_EQ(event->data["sequence"], 6);
  }
}

TEST(Events, AClientThatDoesNotReadIsToldAndLetGo) {
  ApiOptions options;
  options.stream_pending_bytes_max = 64 * 1024;
  ApiRig rig(options);
  rig.core.start();
  test::HttpPeer peer = rig.connect();
  const int small = 64 * 1024;
  ::setsockopt(peer.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  StreamPeer stream(std::move(peer), "/events");
  ASSERT_EQ(stream.next()->type, "hello");
  // It reads nothing now, until the core has given it up.
  const auto cut_off = [&] {
    const std::string metrics = rig.connect().get("/metrics").body;
    return metrics.find("levi_errors_total{kind=\"stream-cut-off\"} 1") != std::string::npos;
  };
  int batches = 0;
  while (!cut_off() && batches < 400) {
    std::vector<machine::Event> batch(
        200, machine::Event(machine::ChaosMark{"run", "scenario", "owner", true}));
    rig.core.apply(std::move(batch));
    ++batches;
  }
  ASSERT_LT(batches, 400);
  StreamEvent last;
  while (const auto event = stream.next()) last = *event;
  EXPECT_EQ(last.type, "gap");
  EXPECT_TRUE(stream.ended());
  EXPECT_EQ(rig.get("/engines")["total"], 2);
}

TEST(Events, RefuseTypesAndIdsThatAreNone) {
  ApiRig rig;
  const json wrong = rig.get("/events?types=engine-up,nonsense", 400);
  EXPECT_NE(wrong["detail"].get<std::string>().find("engine-down"), std::string::npos);
  rig.get("/events?after=x", 400);
}

TEST(Events, ThereIsALimitOfStreams) {
  ApiOptions options;
  options.streams_max = 2;
  ApiRig rig(options);
  StreamPeer one(rig.connect(), "/events");
  auto two = std::make_unique<StreamPeer>(rig.connect(), "/events");
  ASSERT_EQ(one.next()->type, "hello");
  ASSERT_EQ(two->next()->type, "hello");
  rig.get("/events", 503);
  two.reset();
  // A client that closed makes room once that is seen.
  for (int i = 0; i < 1000; ++i) {
    StreamPeer three(rig.connect(), "/events");
    if (three.status() == 200) return;
  }
  FAIL() << "the place of a closed stream is not given back";
}

TEST(Events, AStopEndsTheStreams) {
  ApiRig rig;
  StreamPeer stream(rig.connect(), "/events");
  ASSERT_EQ(stream.next()->type, "hello");
  rig.server->stop();
  EXPECT_FALSE(stream.next());
  EXPECT_TRUE(stream.ended());
}

}  // namespace
}  // namespace levi::api
