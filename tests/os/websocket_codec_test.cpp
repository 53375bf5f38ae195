#include <gtest/gtest.h>

#include <string>

#include "core/base/random.h"
#include "core/os/websocket.h"
#include "core/os/websocket_channel.h"
#include "core/os/websocket_handshake.h"

namespace levi::os {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

Result<std::optional<WsFrame>> read_frame(const std::string& wire, bool masked,
                                          std::size_t max = 1 << 20) {
  WsFrameReader reader(masked, max);
  reader.feed(wire);
  return reader.next();
}

// RFC 6455 §5.7.
TEST(WebSocketCodec, WritesAndReadsTheExamplesOfTheStandard) {
  const std::string hello = bytes({0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f});
  const std::string masked =
      bytes({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58});
  EXPECT_EQ(encode_frame(WsOpcode::kText, "Hello", std::nullopt), hello);
  EXPECT_EQ(encode_frame(WsOpcode::kText, "Hello", 0x3d21fa37u), masked) << "little-endian machine";
  EXPECT_EQ(read_frame(hello, false).value()->payload, "Hello");
  EXPECT_EQ(read_frame(masked, true).value()->payload, "Hello");
  EXPECT_EQ(encode_frame(WsOpcode::kText, "Hel", std::nullopt, false),
            bytes({0x01, 0x03, 0x48, 0x65, 0x6c}));
  EXPECT_EQ(encode_frame(WsOpcode::kPing, "Hello", std::nullopt).substr(0, 2), bytes({0x89, 0x05}));
  EXPECT_EQ(encode_frame(WsOpcode::kBinary, std::string(256, 'x'), std::nullopt).substr(0, 4),
            bytes({0x82, 0x7e, 0x01, 0x00}));
  EXPECT_EQ(encode_frame(WsOpcode::kBinary, std::string(65536, 'x'), std::nullopt).substr(0, 10),
            bytes({0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0}));
}

TEST(WebSocketCodec, ReadsBackWhatItWroteInPiecesOfAnySize) {
  Random random(3);
  for (const std::size_t size :
       {0u, 1u, 7u, 8u, 9u, 125u, 126u, 127u, 1000u, 65535u, 65536u, 70000u}) {
    std::string payload;
    for (std::size_t i = 0; i < size; ++i) payload += static_cast<char>(random.next());
    for (const bool masked : {false, true}) {
      std::optional<std::uint32_t> mask;
      if (masked) mask = static_cast<std::uint32_t>(random.next());
      const std::string wire = encode_frame(WsOpcode::kBinary, payload, mask);
      WsFrameReader reader(masked, 1 << 20);
      std::size_t frames = 0;
      for (std::size_t at = 0; at < wire.size();) {
        const std::size_t step = std::min<std::size_t>(1 + random.below(2000), wire.size() - at);
        reader.feed(std::string_view(wire).substr(at, step));
        at += step;
        const auto frame = reader.next();
        ASSERT_TRUE(frame);
        if (!frame.value()) continue;
        ++frames;
        EXPECT_EQ(at, wire.size());
        EXPECT_EQ(frame.value()->payload, payload);
        EXPECT_EQ(frame.value()->opcode, WsOpcode::kBinary);
      }
      EXPECT_EQ(frames, 1u) << size;
    }
  }
}

TEST(WebSocketCodec, ReadsManyFramesFromOneRead) {
  std::string wire;
  for (int i = 0; i < 1000; ++i)
    wire += encode_frame(WsOpcode::kText, std::to_string(i), std::nullopt);
  WsFrameReader reader(false, 100);
  reader.feed(wire);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(reader.next().value()->payload, std::to_string(i));
  EXPECT_FALSE(reader.next().value());
}

TEST(WebSocketCodec, RefusesWhatBreaksTheProtocol) {
  const std::string cases[] = {
      bytes({0xc1, 0x00}),                                // a reserved bit
      bytes({0x83, 0x00}),                                // opcode 3
      bytes({0x8b, 0x00}),                                // opcode 11
      bytes({0x09, 0x00}),                                // a ping in pieces
      bytes({0x89, 0x7e, 0x00, 0x7e}),                    // a long ping
      bytes({0x81, 0x7e, 0x00, 0x05}),                    // 5 written in two bytes
      bytes({0x81, 0x7f, 0, 0, 0, 0, 0, 0, 0, 5}),        // 5 written in eight bytes
      bytes({0x81, 0x7f, 0, 0, 0, 0, 0, 0, 0xff, 0xff}),  // 65535 written in eight bytes
      bytes({0x81, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0}),     // the top bit
      bytes({0x81, 0x85, 1, 2, 3, 4}),                    // masked, from a server
  };
  for (const std::string& wire : cases) {
    const auto frame = read_frame(wire, false);
    ASSERT_FALSE(frame) << static_cast<int>(wire[0]) << " " << static_cast<int>(wire[1]);
    EXPECT_EQ(frame.error().code, ErrorCode::kInvalid);
  }
  EXPECT_EQ(read_frame(bytes({0x81, 0x01, 'x'}), true).error().code, ErrorCode::kInvalid)
      << "not masked";
}

TEST(WebSocketCodec, AnswersTheSameHoweverAWrongFrameIsCut) {  // found by fuzzing
  // Not masked, and a length that is not in its shortest form: the first two bytes decide.
  const std::string wire = bytes({0x00, 0x7e, 0x00, 0x00, 0x00});
  WsFrameReader whole(true, 1000);
  whole.feed(wire);
  WsFrameReader cut(true, 1000);
  cut.feed(wire.substr(0, 2));
  const auto first = whole.next();
  const auto second = cut.next();
  ASSERT_FALSE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(first.error().message, second.error().message);
}

TEST(WebSocketCodec, RefusesALargeFrameByItsHeadAlone) {
  const auto frame =
      read_frame(bytes({0x82, 0x7f, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff}), false, 1000);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(
      read_frame(encode_frame(WsOpcode::kText, std::string(1000, 'x'), std::nullopt), false, 1000));
}

TEST(WebSocketAssembler, JoinsFragmentsAroundControlFrames) {
  WsAssembler assembler(100);
  EXPECT_EQ(assembler.take({WsOpcode::kText, false, "Hel"}).kind, WsEvent::Kind::kNone);
  EXPECT_EQ(assembler.take({WsOpcode::kPing, true, "p"}).kind, WsEvent::Kind::kPing);
  EXPECT_EQ(assembler.take({WsOpcode::kContinuation, false, "l"}).kind, WsEvent::Kind::kNone);
  const WsEvent event = assembler.take({WsOpcode::kContinuation, true, "o"});
  EXPECT_EQ(event.kind, WsEvent::Kind::kMessage);
  EXPECT_FALSE(event.binary);
  EXPECT_EQ(event.payload, "Hello");
  const WsEvent next = assembler.take({WsOpcode::kBinary, true, "\xff"});
  EXPECT_TRUE(next.binary);
  EXPECT_EQ(next.payload, "\xff");
}

TEST(WebSocketAssembler, NamesTheViolation) {
  struct Case {
    std::vector<WsFrame> frames;
    int code;
  };
  const Case cases[] = {
      {{{WsOpcode::kContinuation, true, "x"}}, 1002},
      {{{WsOpcode::kText, false, "x"}, {WsOpcode::kText, true, "y"}}, 1002},
      {{{WsOpcode::kText, true, "\xff"}}, 1007},
      {{{WsOpcode::kText, false, "\xc3"}, {WsOpcode::kContinuation, true, "x"}}, 1007},
      {{{WsOpcode::kBinary, false, std::string(60, 'x')},
        {WsOpcode::kContinuation, true, std::string(60, 'x')}},
       1009},
      {{{WsOpcode::kClose, true, "x"}}, 1002},
      {{{WsOpcode::kClose, true, bytes({0x03, 0xed})}}, 1002},  // 1005 must not be sent
      {{{WsOpcode::kClose, true, bytes({0x03, 0xe8, 0xff})}}, 1007},
  };
  for (const Case& c : cases) {
    WsAssembler assembler(100);
    WsEvent last;
    for (const WsFrame& frame : c.frames) last = assembler.take(frame);
    EXPECT_EQ(last.kind, WsEvent::Kind::kViolation);
    EXPECT_EQ(last.code, c.code);
  }
}

TEST(WebSocketAssembler, CharactersMayBeCutByFragments) {
  WsAssembler assembler(100);
  assembler.take({WsOpcode::kText, false, "\xc3"});
  EXPECT_EQ(assembler.take({WsOpcode::kContinuation, true, "\xa4"}).payload, "\xc3\xa4");
}

TEST(WebSocketAssembler, ReadsCloseFrames) {
  WsAssembler assembler(100);
  EXPECT_EQ(assembler.take({WsOpcode::kClose, true, ""}).code, 1005);
  const WsEvent event =
      assembler.take({WsOpcode::kClose, true, bytes({0x03, 0xe9, 'b', 'y', 'e'})});
  EXPECT_EQ(event.code, 1001);
  EXPECT_EQ(event.payload, "bye");
}

TEST(Utf8, IsReadStrictly) {
  for (const char* good : {"", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                           "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xc3", "\xc0\xaf", "\xc1\x81", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xc3\x28", "\xf0\x80\x80\xaf"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(WebSocketHandshake, AcceptKeyIsThatOfTheStandard) {  // RFC 6455 §1.3
  EXPECT_EQ(websocket_accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketHandshake, Base64IsThatOfTheStandard) {  // RFC 4648 §10
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

HttpRequest upgrade_request() {
  return {"GET",
          "/ws",
          {{"Upgrade", "WebSocket"},
           {"Connection", "keep-alive, Upgrade"},
           {"Sec-WebSocket-Version", "13"},
           {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}},
          ""};
}

TEST(WebSocketHandshake, TakesAnUpgradeAndNothingElse) {
  EXPECT_NE(websocket_upgrade_key(upgrade_request(), false), "");
  EXPECT_EQ(websocket_upgrade_key(upgrade_request(), true), "") << "HTTP/1.0";
  for (std::size_t i = 0; i < 4; ++i) {
    HttpRequest request = upgrade_request();
    request.headers[i].second = "wrong";
    EXPECT_EQ(websocket_upgrade_key(request, false), "") << request.headers[i].first;
    request.headers.erase(request.headers.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(websocket_upgrade_key(request, false), "");
  }
  HttpRequest post = upgrade_request();
  post.method = "POST";
  EXPECT_EQ(websocket_upgrade_key(post, false), "");
}

TEST(WebSocketHandshake, TheClientChecksTheAnswer) {
  const std::string accept = websocket_accept_key("dGhlIHNhbXBsZSBub25jZQ==");
  const HttpResponse good{
      .status = 101,
      .headers = {
          {"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", accept}}};
  EXPECT_TRUE(check_websocket_response(good, accept));
  EXPECT_FALSE(check_websocket_response(good, websocket_accept_key("AAAAAAAAAAAAAAAAAAAAAA==")));
  HttpResponse bad = good;
  bad.status = 200;
  EXPECT_FALSE(check_websocket_response(bad, accept));
  bad = good;
  bad.headers.emplace_back("Sec-WebSocket-Extensions", "permessage-deflate");
  EXPECT_FALSE(check_websocket_response(bad, accept));
}

}  // namespace
}  // namespace levi::os
