// Message toxics over real sockets: a WebSocket and HTTP server behind the proxy, real clients
// before.
#include "tests/proxy/served_rig.h"

namespace levi::proxy {
namespace {

TEST(Messages, AWebSocketGapDropsExactlyTheNextMessages) {
  ServedRig rig;
  const auto client = rig.client();
  rig.sees("open");
  rig.push("before");
  rig.sees("before");
  rig.add(R"({"type":"ws_gap","attributes":{"count":2}})");
  for (const char* text : {"1", "2", "3"}) rig.push(text);
  rig.sees("3");
  EXPECT_EQ(rig.log, "open before 3 ");
}

TEST(Messages, AWebSocketIsClosedWithTheCodeAsked) {
  ServedRig rig;
  const auto client = rig.client();
  rig.sees("open");
  rig.add(R"({"type":"ws_close","attributes":{"code":4002}})");
  rig.sees("closed4002");
}

TEST(Messages, UpstreamMessagesStayMaskedAndValid) {
  ServedRig rig;
  rig.add(R"({"type":"ws_duplicate","stream":"upstream"})");
  const auto client = rig.client();
  rig.sees("open");
  client->send(false, "order");
  rig.sees("<order<order");
}

TEST(Messages, AHandshakeIsRefusedWithoutReachingTheUpstream) {
  ServedRig rig;
  rig.add(R"({"type":"ws_refuse"})");
  const auto client = rig.client();
  rig.sees("refused");
  EXPECT_TRUE(rig.served.empty());
}

TEST(Messages, AStatusIsInjectedInItsTurnOnAKeptConnection) {
  ServedRig rig;
  rig.add(
      R"({"type":"http_status","attributes":{"status":429,"retry_after":3,"path":"/limited"}})");
  os::RawClient client(rig.loop, rig.address);
  client.send(
      "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /limited HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string& all = client.read([](const std::string& text) {
    const std::size_t first = text.find("fine");
    return first != std::string::npos && text.find("fine", first + 1) != std::string::npos;
  });
  const std::size_t limited = all.find("429 Injected by levi-proxy");
  EXPECT_NE(limited, std::string::npos);
  EXPECT_GT(limited, all.find("fine"));
  EXPECT_LT(limited, all.rfind("fine"));
  EXPECT_EQ(rig.served, (std::vector<std::string>{"/a", "/b"}));
}

TEST(Messages, ALostAnswerWasDelivered) {
  ServedRig rig;
  rig.add(R"({"type":"http_lost_answer","attributes":{"path":"/order","timeout":1}})");
  os::RawClient client(rig.loop, rig.address);
  client.send("POST /order HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
  client.read_to_end();
  EXPECT_TRUE(client.was_reset());
  EXPECT_EQ(client.received(), "");
  EXPECT_EQ(rig.served, std::vector<std::string>{"/order"});
}

// A server that agrees to any compression, as bytes.
void join_compressed(SocketRig& rig, Peer& client, Peer& upstream) {
  client = rig.connect();
  upstream = rig.accept();
  client.send(rig.loop, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_TRUE(rig.until([&] { return upstream.received().ends_with("\r\n\r\n"); }));
  upstream.send(rig.loop,
                "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: "
                "permessage-deflate\r\n\r\n");
}

TEST(Messages, ACompressedWebSocketWithTakeoverIsNotBrokenByAnyToxic) {
  SocketRig rig;
  Peer client;
  Peer upstream;
  join_compressed(rig, client, upstream);
  EXPECT_TRUE(rig.until([&] { return client.received().ends_with("\r\n\r\n"); }));
  const auto refused =
      rig.server.api.answer({"POST", "/proxies/p/toxics", {}, R"({"type":"ws_drop"})"});
  EXPECT_EQ(refused.status, 409);
  EXPECT_NE(refused.body.find("context takeover"), std::string::npos) << refused.body;
  rig.add(R"({"type":"ws_delay"})");  // moves nothing
}

TEST(Messages, ANewCompressedWebSocketWithTakeoverIsRefusedWhereAToxicWouldBreakIt) {
  SocketRig rig;
  rig.add(R"({"type":"ws_drop"})");
  Peer client;
  Peer upstream;
  join_compressed(rig, client, upstream);
  EXPECT_TRUE(rig.ends(client));
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 409 Conflict\r\n")) << client.received();
  const std::size_t body = client.received().find("\r\n\r\n") + 4;
  EXPECT_NE(client.received().find(
                "Content-Length: " + std::to_string(client.received().size() - body) + "\r\n"),
            std::string::npos)
      << client.received();
}

// Asked for in the middle of the answer that opens it, when nothing is known of its compression.
TEST(Messages, AToxicThatComesWithinTheAnswerThatOpensACompressedWebSocketSparesIt) {
  SocketRig rig;
  Peer client = rig.connect();
  Peer upstream = rig.accept();
  client.send(rig.loop, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_TRUE(rig.until([&] { return upstream.received().ends_with("\r\n\r\n"); }));
  const std::string begin = "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n";
  const std::string rest = "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n" +
                           os::encode_frame(os::WsOpcode::kText, "compressed", std::nullopt);
  upstream.send(rig.loop, begin);
  EXPECT_TRUE(rig.gets(client, begin));
  rig.add(R"({"type":"ws_drop"})");
  upstream.send(rig.loop, rest);
  EXPECT_TRUE(rig.gets(client, begin + rest));
}

TEST(Messages, AToxicThatComesInTheMiddleOfAMessageWaitsForItsEnd) {
  SocketRig rig;
  Peer client = rig.connect();
  Peer upstream = rig.accept();
  client.send(rig.loop, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_TRUE(rig.until([&] { return upstream.received().ends_with("\r\n\r\n"); }));
  const std::string head = "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n";
  upstream.send(rig.loop, head +
                              "\x81\x04"
                              "ab");
  EXPECT_TRUE(rig.gets(client, head + "\x81\x04"
                                      "ab"));
  rig.add(R"({"type":"ws_close","attributes":{"code":1001}})");
  upstream.send(rig.loop, "cd");
  EXPECT_TRUE(rig.ends(client));
  EXPECT_EQ(client.received(), head +
                                   "\x81\x04"
                                   "abcd\x88\x02\x03\xe9");
}

}  // namespace
}  // namespace levi::proxy
