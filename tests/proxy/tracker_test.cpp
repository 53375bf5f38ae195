// Where messages begin and end, however the bytes are cut.
#include "chaos/proxy/tracker.h"

#include <gtest/gtest.h>

#include "core/os/websocket.h"

namespace levi::proxy {
namespace {

struct Wire {
  Exchange exchange;
  Tracker up{Direction::kUpstream, exchange};
  Tracker down{Direction::kDownstream, exchange};
  Assembler assemblers[2];
  std::string log;
  std::string out[2];

  void feed(bool upstream, std::string_view bytes, std::size_t step) {
    Tracker& tracker = upstream ? up : down;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      std::string_view piece = bytes.substr(at, step);
      while (!piece.empty()) {
        const Span span = tracker.next(piece);
        ASSERT_GT(span.size, 0u);
        assemblers[upstream ? 0 : 1].add(span, piece.substr(0, span.size), tracker.message(),
                                         [&](Item item) { note(upstream, item); });
        piece.remove_prefix(span.size);
      }
    }
  }
  void note(bool upstream, const Item& item) {
    out[upstream ? 0 : 1] += item.bytes;
    if (item.unit == Unit::kBytes) {
      log += "bytes ";
    } else if (item.begins) {
      const char* const names[] = {"", "request", "answer", "message", "control"};
      log += names[static_cast<int>(item.unit)];
      if (item.message) log += item.message->path + std::to_string(item.message->status);
      log += ' ';
    }
  }
};

const std::string kRequests =
    "GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"
    "POST /b HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
    "HEAD /c HTTP/1.1\r\n\r\n";
const std::string kAnswers =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nwiki\r\n0\r\nT: v\r\n\r\n"
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"
    "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n";
const std::string kUpgrade =
    "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
const std::string kUpgraded =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

TEST(Tracker, FindsHttpMessagesHoweverTheyAreCut) {
  for (const std::size_t step : {1, 2, 3, 7, 64, 10'000}) {
    SCOPED_TRACE(step);
    Wire wire;
    wire.feed(true, kRequests, step);
    wire.feed(false, kAnswers, step);
    EXPECT_EQ(wire.log,
              "request/a0 request/b0 request/c0 answer/a200 answer/b100 answer/b201 answer/c200 ");
    EXPECT_EQ(wire.out[0], kRequests);
    EXPECT_EQ(wire.out[1], kAnswers);
    EXPECT_TRUE(wire.up.at_boundary() && wire.down.at_boundary());
  }
}

TEST(Tracker, FindsWebSocketMessagesWithFragmentsAndControlFramesBetween) {
  using os::encode_frame;
  using os::WsOpcode;
  const std::string frames =
      encode_frame(WsOpcode::kText, "one", std::nullopt) +
      encode_frame(WsOpcode::kBinary, std::string(70'000, 'x'), std::nullopt, false) +
      encode_frame(WsOpcode::kPing, "", std::nullopt) +
      encode_frame(WsOpcode::kContinuation, std::string(200, 'y'), std::nullopt, true) +
      encode_frame(WsOpcode::kText, "", std::nullopt);
  for (const std::size_t step : {1, 2, 3, 13, 1000, 100'000}) {
    SCOPED_TRACE(step);
    Wire wire;
    wire.feed(true, kUpgrade, step);
    wire.feed(false, kUpgraded + frames, step);
    wire.feed(true, encode_frame(WsOpcode::kText, "hi", 99u), step);
    // The ping overtakes the message that it stands in.
    EXPECT_EQ(wire.log, "request/ws0 answer/ws101 message control message message message ");
    EXPECT_EQ(wire.out[1].size(), kUpgraded.size() + frames.size());
  }
}

// The quick way over whole frames sees what the careful one sees.
TEST(Tracker, FollowingKnowsTheSameBoundariesAsReadingEachSpan) {
  using os::encode_frame;
  using os::WsOpcode;
  for (const bool upstream : {true, false}) {
    const std::optional<std::uint32_t> mask =
        upstream ? std::optional<std::uint32_t>(7u) : std::nullopt;
    std::string frames;
    for (int i = 0; i < 40; ++i) {
      const bool first = i % 3 == 0;
      const std::size_t size = i == 20 ? 70'000 : static_cast<std::size_t>(i * i * 5);  // all heads
      frames += encode_frame(first ? WsOpcode::kText : WsOpcode::kContinuation,
                             std::string(size, 'x'), mask, i % 3 == 2);
      if (i % 5 == 0) frames += encode_frame(WsOpcode::kPing, "p", mask);
    }
    for (std::size_t cut = 0; cut < frames.size(); cut += 97) {
      Wire careful;
      Wire quick;
      for (Wire* wire : {&careful, &quick}) {
        wire->feed(true, kUpgrade, 100);
        wire->feed(false, kUpgraded, 100);
      }
      Tracker& tracker = upstream ? quick.up : quick.down;
      tracker.follow(std::string_view(frames).substr(0, cut));
      careful.feed(upstream, std::string_view(frames).substr(0, cut), frames.size());
      EXPECT_EQ(tracker.at_boundary(), (upstream ? careful.up : careful.down).at_boundary()) << cut;
      tracker.follow(std::string_view(frames).substr(cut));
      EXPECT_FALSE(tracker.opaque());
    }
  }
}

TEST(Tracker, AMessageTooLongToHoldGoesOnInParts) {
  Wire wire;
  wire.feed(true, kUpgrade, 4096);
  const std::string big =
      os::encode_frame(os::WsOpcode::kBinary, std::string(1'000'000, 'x'), std::nullopt);
  wire.feed(false, kUpgraded + big, 50'000);
  EXPECT_EQ(wire.log, "request/ws0 answer/ws101 message ");
  EXPECT_EQ(wire.out[1], kUpgraded + big);
}

// Once part of a message has gone, a control frame must not overtake the rest of a frame.
TEST(Tracker, AControlFrameInAMessageTooLongToHoldStandsBetweenTwoFrames) {
  using os::encode_frame;
  using os::WsOpcode;
  const std::string frames =
      encode_frame(WsOpcode::kBinary, std::string(300'000, 'x'), std::nullopt, false) +
      encode_frame(WsOpcode::kPing, "p", std::nullopt) +
      encode_frame(WsOpcode::kContinuation, std::string(300'000, 'y'), std::nullopt, true) +
      encode_frame(WsOpcode::kPong, "q", std::nullopt);
  for (const std::size_t step : {1000, 50'000, 1'000'000}) {
    SCOPED_TRACE(step);
    Wire wire;
    wire.feed(true, kUpgrade, 4096);
    wire.feed(false, kUpgraded, 4096);
    wire.out[1].clear();
    wire.feed(false, frames, step);
    os::WsFrameReader reader(false, 1 << 20);
    reader.feed(wire.out[1]);
    std::string payloads;
    for (;;) {
      const auto frame = reader.next();
      ASSERT_TRUE(frame);
      if (!frame.value()) break;
      payloads += frame.value()->payload.substr(0, 1);
    }
    EXPECT_EQ(wire.out[1].size(), frames.size());
    EXPECT_TRUE(payloads == "xpyq" || payloads == "pxyq") << payloads;
  }
}

TEST(Tracker, WhatIsNotHttpIsBytesAtOnceAndNothingIsHeldBack) {
  for (const std::string bytes : {"\x16\x03\x01 tls", "PING\r\n", "GET key\r\n", "220 smtp", "a",
                                  "GETTTTTTTTTTTTTTTTTTTTTTTT"}) {
    Wire wire;
    wire.feed(true, bytes, 1);
    EXPECT_TRUE(wire.up.opaque()) << bytes;
    EXPECT_EQ(wire.out[0], bytes);
  }
  Wire server_first;
  server_first.feed(false, "SSH-2.0-x\r\n", 1);
  EXPECT_TRUE(server_first.down.opaque());
  EXPECT_EQ(server_first.out[1], "SSH-2.0-x\r\n");
}

TEST(Tracker, LinesMayEndWithoutACarriageReturn) {
  for (const std::size_t step : {1, 2, 3, 100}) {
    Wire wire;
    wire.feed(true, "GET /a HTTP/1.1\nHost: h\n\nGET /b HTTP/1.1\r\nHost: h\n\r\n", step);
    wire.feed(false, "HTTP/1.1 200 OK\nContent-Length: 2\n\nokHTTP/1.1 204 X\r\n\r\n", step);
    EXPECT_EQ(wire.log, "request/a0 request/b0 answer/a200 answer/b204 ");
  }
}

TEST(Tracker, AnAnswerWithoutALengthLastsToTheEnd) {
  Wire wire;
  wire.feed(true, "GET / HTTP/1.0\r\n\r\n", 100);
  wire.feed(false, "HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 100);
  EXPECT_EQ(wire.log, "request/0 answer/200 ");
}

TEST(Tracker, ARefusedUpgradeLeavesHttp) {
  Wire wire;
  wire.feed(true, kUpgrade, 100);
  wire.feed(false, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 100);
  wire.feed(true, "GET /again HTTP/1.1\r\n\r\n", 100);
  EXPECT_EQ(wire.log, "request/ws0 answer/ws403 request/again0 ");
}

TEST(Tracker, KnowsWhoseCompressorKeepsItsState) {
  const auto takeover = [](const std::string& extensions, Direction direction) {
    Wire wire;
    wire.feed(true, kUpgrade, 100);
    wire.feed(false,
              "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: " + extensions +
                  "\r\n\r\n",
              100);
    return wire.exchange.takeover(direction);
  };
  EXPECT_TRUE(takeover("permessage-deflate", Direction::kDownstream));
  EXPECT_FALSE(takeover("permessage-deflate; server_no_context_takeover", Direction::kDownstream));
  EXPECT_TRUE(takeover("permessage-deflate; server_no_context_takeover", Direction::kUpstream));
  EXPECT_FALSE(takeover("x-other", Direction::kDownstream));
}

TEST(Tracker, ABrokenFrameMakesBytesOfTheRest) {
  Wire wire;
  wire.feed(true, kUpgrade, 100);
  const std::string broken = "\x8f\x01zzzzzz";
  wire.feed(false, kUpgraded + broken, 1);
  EXPECT_EQ(wire.out[1], kUpgraded + broken);
  EXPECT_TRUE(wire.down.opaque());
}

}  // namespace
}  // namespace levi::proxy
