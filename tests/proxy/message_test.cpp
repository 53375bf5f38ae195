// Message toxics over real sockets: a WebSocket and HTTP server behind the proxy, real clients
// before.
#include <set>

#include "core/os/websocket.h"
#include "tests/proxy/socket_rig.h"

namespace levi::proxy {
namespace {

struct MessageRig {
  os::Loop loop;
  os::HttpServer upstream;
  Server server{loop, 42, false};
  std::vector<std::shared_ptr<os::WebSocketConnection>> sockets;
  std::vector<std::string> served;  // paths, in order
  std::string log;                  // what the client saw
  os::Endpoint address;

  MessageRig()
      : upstream(loop, {}, [this](os::HttpRequest request, auto reply) {
          served.emplace_back(request.path());
          if (request.path() != "/ws") {
            reply->send(
                {.status = 200, .content_type = "text/plain", .headers = {}, .body = "fine"});
            return;
          }
          const auto socket = reply->upgrade();
          socket->on_message(
              [this](bool, std::string_view text) { log += "<" + std::string(text); });
          socket->on_close([](const os::WsClosed&) {});
          sockets.push_back(socket);
        }) {
    EXPECT_TRUE(upstream.listen(os::parse_endpoint("127.0.0.1:0").value()));
    call("POST", "/proxies",
         R"({"name":"p","listen":"localhost:0","upstream":"127.0.0.1:)" +
             std::to_string(upstream.port()) + "\"}");
    address = os::parse_endpoint(server.proxies.find("p").value()->listen()).value();
  }
  os::HttpResponse call(const std::string& method, const std::string& target,
                        const std::string& body = {}) {
    return server.api.answer({method, target, {}, body});
  }
  void add(const std::string& json) {
    const auto response = call("POST", "/proxies/p/toxics", json);
    EXPECT_EQ(response.status, 200) << response.body;
  }
  std::unique_ptr<os::WebSocketClient> client() {
    os::WebSocketHandlers handlers;
    handlers.on_open = [this] { log += "open "; };
    handlers.on_message = [this](bool, std::string_view text) { log += std::string(text) + ' '; };
    handlers.on_close = [this](const os::WsClosed& closed) {
      log += closed.end == os::WsEnd::kRefused ? "refused "
                                               : "closed" + std::to_string(closed.code) + ' ';
    };
    return std::make_unique<os::WebSocketClient>(loop, address, "/ws", 20s, handlers);
  }
  bool sees(const std::string& text) {
    const bool seen = os::pump(loop, [&] { return log.find(text) != std::string::npos; });
    EXPECT_TRUE(seen) << "saw: " << log;
    return seen;
  }
  void push(const std::string& text) { sockets.back()->send(false, text); }
};

TEST(Messages, AWebSocketGapDropsExactlyTheNextMessages) {
  MessageRig rig;
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
  MessageRig rig;
  const auto client = rig.client();
  rig.sees("open");
  rig.add(R"({"type":"ws_close","attributes":{"code":4002}})");
  rig.sees("closed4002");
}

TEST(Messages, UpstreamMessagesStayMaskedAndValid) {
  MessageRig rig;
  rig.add(R"({"type":"ws_duplicate","stream":"upstream"})");
  const auto client = rig.client();
  rig.sees("open");
  client->send(false, "order");
  rig.sees("<order<order");
}

TEST(Messages, AHandshakeIsRefusedWithoutReachingTheUpstream) {
  MessageRig rig;
  rig.add(R"({"type":"ws_refuse"})");
  const auto client = rig.client();
  rig.sees("refused");
  EXPECT_TRUE(rig.served.empty());
}

TEST(Messages, AStatusIsInjectedInItsTurnOnAKeptConnection) {
  MessageRig rig;
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
  MessageRig rig;
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
