// Streams by themselves: a client whose reading the test decides, time that the test tells.
#include "core/api/streams.h"

#include <gtest/gtest.h>

#include "tests/api/rig.h"

namespace levi::api {
namespace {

constexpr MonoTime kStart{1'000'000'000};

// What one client was sent; `unread` is what it has not taken.
class FakeReply final : public os::HttpReply {
 public:
  void send(const os::HttpResponse& response) override { text += response.body; }
  void begin_stream(const std::string&, std::size_t) override {}
  bool write(std::string_view chunk) override {
    text += chunk;
    unread += chunk.size();
    ++writes;
    return true;
  }
  std::size_t pending_bytes() const override { return unread; }
  void end_stream() override { ended = true; }
  void on_close(std::function<void()>) override {}
  std::shared_ptr<os::WebSocketConnection> upgrade() override { return nullptr; }
  void reset() override {}
  std::uint64_t connection() const override { return 1; }
  std::string peer() const override { return "127.0.0.1:1"; }

  std::string text;
  std::size_t unread = 0;
  std::size_t writes = 0;
  bool ended = false;
};

class StreamsTest : public testing::Test {
 protected:
  StreamsTest() {
    core.start();
    for (int i = 0; i < kRecords; ++i)
      core.apply(machine::ChaosMark{"run", "scenario", "owner", true});
    replica.advance(1'000'000, {});
  }
  std::shared_ptr<FakeReply> open_at_the_beginning() { return open_at(0); }
  // A client that asks for what comes behind this record.
  std::shared_ptr<FakeReply> open_at(std::uint64_t after) {
    const auto call = std::make_shared<Call>();
    const auto reply = std::make_shared<FakeReply>();
    call->request.method = "GET";
    call->request.target = "/events?after=" + std::to_string(after);
    call->reply = reply;
    streams.open(call);
    return reply;
  }
  static latch::Latch open_latch(const test::TempFolder& folder) {
    auto latch = latch::Latch::create(latch::latch_path(folder.path()));
    LEVI_CHECK(latch);
    return std::move(latch.value());
  }
  Replica follow() {
    auto opened = Replica::open(paths, core.ring(), core.snapshot(), core.last());
    LEVI_CHECK(opened);
    return std::move(opened.value());
  }

  static constexpr int kRecords = 2000;
  static constexpr Nanos kStallMax = 30s;
  test::TempFolder folder{test::kTmpfs};
  journal::Paths paths{folder / "journal.ring", folder / "journal"};
  latch::Latch latch = open_latch(folder);
  test::FakeCore core{paths, latch};
  Replica replica = follow();
  control::Facts facts;
  Streams streams{{.streams_max = 4, .pending_bytes_max = 64 * 1024, .stall_max = kStallMax},
                  facts,
                  paths,
                  core.ring(),
                  replica};
};

TEST_F(StreamsTest, AClientThatTakesNothingIsNoReasonToGoOnAtOnce) {
  const auto reply = open_at_the_beginning();
  int rounds = 0;
  while (streams.advance_past(kStart) && rounds < kRecords) ++rounds;
  ASSERT_LT(rounds, kRecords) << "the API thread would spin";
  const std::size_t sent = reply->text.size();
  EXPECT_FALSE(streams.advance_past(kStart));
  EXPECT_EQ(reply->text.size(), sent);
  EXPECT_GT(reply->unread, 32u * 1024);
  EXPECT_EQ(streams.count(), 1u);
  // It reads: on it goes, to the end.
  while (streams.count() == 1 && reply->text.find("id: " + std::to_string(replica.at().value) +
                                                  "\n") == std::string::npos) {
    reply->unread = 0;
    streams.advance_past(kStart + kStallMax);
  }
  EXPECT_EQ(streams.count(), 1u);
  EXPECT_FALSE(reply->ended);
  EXPECT_FALSE(streams.advance_past(kStart + kStallMax)) << "it stands where the replica stands";
}

TEST_F(StreamsTest, AClientThatTakesNothingForTooLongIsToldAndLetGo) {
  const auto reply = open_at_the_beginning();
  while (streams.advance_past(kStart)) {
  }
  streams.advance_past(kStart + kStallMax);
  EXPECT_FALSE(reply->ended);
  streams.advance_past(kStart + kStallMax + 1ns);
  EXPECT_TRUE(reply->ended);
  EXPECT_NE(reply->text.find("event: gap"), std::string::npos);
  EXPECT_EQ(streams.count(), 0u);
  EXPECT_EQ(streams.cut_off(), 1u);
}

TEST_F(StreamsTest, WhatComesInOneRoundLeavesInFewPieces) {
  const auto reply = open_at(replica.at().value);
  const std::size_t greeting = reply->writes;
  constexpr int kBurst = 100;
  for (int i = 0; i < kBurst; ++i) core.apply(machine::Timer{});
  replica.advance(kBurst, [&](const journal::Record& record, const machine::Event& event) {
    streams.on_record(record, event);
  });
  streams.hand_over();
  const std::string last = "id: " + std::to_string(core.last().value) + "\n";
  EXPECT_NE(reply->text.find(last), std::string::npos);
  // Not one for each record: a system call is the most expensive thing that is done with it.
  EXPECT_LE(reply->writes - greeting, reply->text.size() / Streams::kPieceBytes + 1);
  streams.hand_over();
  EXPECT_LE(reply->writes - greeting, reply->text.size() / Streams::kPieceBytes + 1);
}

TEST_F(StreamsTest, AGapNamesTheLastRecordThatTheClientHasGot) {
  const auto reply = open_at(replica.at().value);
  const std::uint64_t before = replica.at().value;
  core.apply(machine::Timer{});
  reply->unread = 64 * 1024;
  replica.advance(1, [&](const journal::Record& record, const machine::Event& event) {
    streams.on_record(record, event);
  });
  streams.hand_over();
  EXPECT_TRUE(reply->ended);
  EXPECT_NE(reply->text.find("\"after\":" + std::to_string(before) + ","), std::string::npos);
  EXPECT_EQ(reply->text.find("event: timer"), std::string::npos);
}

TEST_F(StreamsTest, TheTimeBeginsAnewWheneverItTakesSomething) {
  const auto reply = open_at_the_beginning();
  MonoTime now = kStart;
  for (int i = 0; i < 3; ++i, now = now + kStallMax) {
    while (streams.advance_past(now)) {
    }
    reply->unread = 0;
  }
  EXPECT_FALSE(reply->ended);
  EXPECT_EQ(streams.count(), 1u);
}

}  // namespace
}  // namespace levi::api
