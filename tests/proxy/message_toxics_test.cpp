// The message toxics over real sockets that message_test.cpp does not show: each once, with a real
// WebSocket or HTTP server behind the proxy. Times are lower bounds: late is never wrong.
#include "tests/proxy/served_rig.h"

namespace levi::proxy {
namespace {

struct OpenRig : ServedRig {
  std::unique_ptr<os::WebSocketClient> socket = client();
  MonoTime begin;

  OpenRig() {
    sees("open");
    begin = os::mono_now();
  }
  Nanos spent() const { return os::mono_now() - begin; }
};

TEST(MessageToxics, DropLosesMessagesAndLeavesTheRest) {
  OpenRig rig;
  rig.add(R"({"type":"ws_drop"})");
  for (const char* text : {"1", "2"}) rig.push(text);
  os::settle(rig.loop);
  rig.call("DELETE", "/proxies/p/toxics/ws_drop_downstream");
  rig.push("3");
  rig.sees("3");
  EXPECT_EQ(rig.log, "open 3 ");
}

TEST(MessageToxics, DelayHoldsMessagesInOrder) {
  OpenRig rig;
  rig.add(R"({"type":"ws_delay","attributes":{"delay":30}})");
  for (const char* text : {"1", "2"}) rig.push(text);
  rig.sees("2");
  EXPECT_EQ(rig.log, "open 1 2 ");
  EXPECT_GE(rig.spent(), 30ms);
}

TEST(MessageToxics, ReorderSwapsNeighbours) {
  OpenRig rig;
  rig.add(R"({"type":"ws_reorder","attributes":{"timeout":3600000}})");
  for (const char* text : {"1", "2", "3", "4"}) rig.push(text);
  rig.sees("3");
  EXPECT_EQ(rig.log, "open 2 1 4 3 ");
}

TEST(MessageToxics, CorruptChangesTheMeaningAndNotTheFraming) {
  OpenRig rig;
  rig.add(R"({"type":"ws_corrupt"})");
  rig.push("abcdefgh");
  EXPECT_TRUE(
      os::pump(rig.loop, [&] { return rig.log.size() == std::string("open abcdefgh ").size(); }));
  EXPECT_NE(rig.log, "open abcdefgh ");
  rig.call("DELETE", "/proxies/p/toxics/ws_corrupt_downstream");
  rig.push("whole");
  rig.sees("whole");
}

TEST(MessageToxics, DuplicateSendsTwice) {
  OpenRig rig;
  rig.add(R"({"type":"ws_duplicate"})");
  rig.push("again");
  rig.sees("again again");
}

TEST(MessageToxics, SlowHandshakeDelaysTheUpgradeAlone) {
  ServedRig rig;
  rig.add(R"({"type":"ws_slow_handshake","attributes":{"delay":30}})");
  const MonoTime begin = os::mono_now();
  const auto socket = rig.client();
  rig.sees("open");
  EXPECT_GE(os::mono_now() - begin, 30ms);
  EXPECT_EQ(rig.served, std::vector<std::string>{"/ws"});  // the upstream was asked at once
  rig.push("quick");
  rig.sees("quick");
}

TEST(MessageToxics, HttpDelayHoldsThePathThatIsNamed) {
  for (const char* stream : {"upstream", "downstream"}) {
    ServedRig rig;
    rig.add(std::string(R"({"type":"http_delay","stream":")") + stream +
            R"(","attributes":{"path":"/slow","delay":30}})");
    os::RawClient client(rig.loop, rig.address);
    client.send("GET /fast HTTP/1.1\r\nHost: h\r\n\r\n");
    client.read_until("fine");
    client.forget();
    const MonoTime begin = os::mono_now();
    client.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    client.read_until("fine");
    EXPECT_GE(os::mono_now() - begin, 30ms);
    EXPECT_EQ(rig.served, (std::vector<std::string>{"/fast", "/slow"}));
  }
}

// Raw ends: a ping and its pong are seen as they are.
TEST(MessageToxics, SilenceLosesDataWhilePingsAreAnswered) {
  SocketRig rig;
  Peer client = rig.connect();
  Peer upstream = rig.accept();
  client.send(rig.loop, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_TRUE(rig.until([&] { return upstream.received().ends_with("\r\n\r\n"); }));
  const std::string head = "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n";
  upstream.send(rig.loop, head);
  EXPECT_TRUE(rig.gets(client, head));
  upstream.forget();
  client.forget();
  rig.add(R"({"type":"ws_silence"})");
  const std::string ping = os::encode_frame(os::WsOpcode::kPing, "?", 0x01020304u);
  const std::string pong = os::encode_frame(os::WsOpcode::kPong, "?", std::nullopt);
  client.send(rig.loop, ping);
  EXPECT_TRUE(rig.gets(upstream, ping));
  upstream.send(rig.loop, os::encode_frame(os::WsOpcode::kText, "price", std::nullopt) + pong +
                              os::encode_frame(os::WsOpcode::kText, "price", std::nullopt) + pong);
  EXPECT_TRUE(rig.gets(client, pong + pong));
  EXPECT_FALSE(client.ended());
}

// A toxic that goes in the middle of what it drops must not let half a message through.
TEST(MessageToxics, ARequestThatIsRefusedWhenItsToxicGoesIsRefusedWhole) {
  ServedRig rig;
  rig.add(R"({"type":"http_status","attributes":{"path":"/order"}})");
  os::RawClient client(rig.loop, rig.address);
  client.send("POST /order HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234");
  client.read_until("503 Injected");
  rig.call("DELETE", "/proxies/p/toxics/http_status_downstream");
  client.send("56789GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_until("fine");
  EXPECT_EQ(rig.served, std::vector<std::string>{"/next"});
}

TEST(MessageToxics, ALongMessageThatIsDroppedWhenItsToxicGoesIsDroppedWhole) {
  OpenRig rig;
  const std::string part(400 * 1024, 'x');
  rig.add(R"({"type":"ws_drop"})");
  const std::uint64_t before = rig.server.proxies.find("p").value()->counters().received[1];
  rig.push(part);
  EXPECT_TRUE(os::pump(rig.loop, [&] {  // its beginning was dropped
    return rig.server.proxies.find("p").value()->counters().received[1] > before + 300 * 1024;
  }));
  rig.call("DELETE", "/proxies/p/toxics/ws_drop_downstream");
  rig.push("whole");
  rig.sees("whole");
  EXPECT_EQ(rig.log, "open whole ");
}

}  // namespace
}  // namespace levi::proxy
