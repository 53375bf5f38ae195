#include "core/os/websocket.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/os/http.h"
#include "tests/os/support.h"

namespace levi::os {
namespace {

constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

std::string masked(WsOpcode opcode, std::string_view payload, bool final = true) {
  return encode_frame(opcode, payload, 0x12345678u, final);
}
std::string close_payload(int code) {
  return {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
}

class WebSocketTest : public testing::Test {
 protected:
  WebSocketTest() {
    HttpLimits limits;
    limits.websocket_message_bytes_max = 10'000;
    limits.websocket_pending_bytes_max = 100'000;
    server = std::make_unique<HttpServer>(
        loop, limits, [this](const HttpRequest&, const std::shared_ptr<HttpReply>& reply) {
          if (refuse) {
            reply->send({.status = 403});
          } else {
            accept(reply->upgrade());
          }
        });
    EXPECT_TRUE(server->listen({"127.0.0.1", 0, ""}));
    server->on_connection_closed([this](std::uint64_t) { ++connections_closed; });
  }

  void accept(const std::shared_ptr<WebSocketConnection>& connection) {
    if (!connection) return;
    peer = connection;
    // The handler holds the connection: it must be let go of when the connection ends.
    connection->on_message([this, connection](bool binary, std::string_view payload) {
      received.emplace_back(payload);
      if (echo) connection->send(binary, payload);
    });
    connection->on_close([this](const WsClosed& closed) {
      EXPECT_FALSE(server_closed) << "told twice";
      server_closed = closed;
    });
  }

  Endpoint endpoint() const { return {"127.0.0.1", server->port(), ""}; }

  std::unique_ptr<WebSocketClient> connect(Nanos timeout = kDeadline) {
    WebSocketHandlers handlers;
    handlers.on_open = [this] { opened = true; };
    handlers.on_message = [this](bool, std::string_view payload) { answers.emplace_back(payload); };
    handlers.on_close = [this](const WsClosed& closed) {
      EXPECT_FALSE(client_closed) << "told twice";
      client_closed = closed;
    };
    return std::make_unique<WebSocketClient>(loop, endpoint(), "/ws", timeout, std::move(handlers));
  }

  std::unique_ptr<WebSocketClient> open() {
    auto client = connect();
    EXPECT_TRUE(pump(loop, [&] { return opened && peer; }));
    return client;
  }

  RawClient open_raw() {
    RawClient client(loop, endpoint());
    client.send(kUpgrade);
    client.read_until("\r\n\r\n");
    client.forget();
    return client;
  }

  Loop loop;
  std::unique_ptr<HttpServer> server;
  bool refuse = false;
  bool echo = true;
  std::shared_ptr<WebSocketConnection> peer;
  std::vector<std::string> received;
  std::optional<WsClosed> server_closed;
  int connections_closed = 0;
  bool opened = false;
  std::vector<std::string> answers;
  std::optional<WsClosed> client_closed;
};

TEST_F(WebSocketTest, CarriesMessagesBothWays) {
  const auto client = open();
  EXPECT_TRUE(client->send(false, "text \xc3\xa4"));
  EXPECT_TRUE(client->send(true, std::string("\0\xff", 2)));
  EXPECT_TRUE(client->send(true, std::string(9'999, 'x')));
  EXPECT_TRUE(client->send(false, ""));
  ASSERT_TRUE(pump(loop, [&] { return answers.size() == 4; }));
  EXPECT_EQ(answers, received);
  EXPECT_EQ(answers[2].size(), 9'999u);
  EXPECT_EQ(peer->connection(), 1u);
}

TEST_F(WebSocketTest, AnswersTheUpgradeAsTheStandardSays) {
  RawClient client(loop, endpoint());
  client.send(kUpgrade);
  EXPECT_EQ(client.read_until("\r\n\r\n"),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

TEST_F(WebSocketTest, ReadsFramesThatCameWithTheUpgrade) {
  RawClient client(loop, endpoint());
  client.send(std::string(kUpgrade) + masked(WsOpcode::kText, "early"));
  client.read_until("early");
  EXPECT_EQ(received, std::vector<std::string>{"early"});
}

TEST_F(WebSocketTest, RefusesARequestThatIsNoUpgrade) {
  RawClient plain(loop, endpoint());
  plain.send("GET /ws HTTP/1.1\r\n\r\n");
  EXPECT_EQ(plain.read_until("\r\n\r\n").substr(9, 3), "400");
  RawClient old(loop, endpoint());
  old.send(
      "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "8\r\n\r\n");
  EXPECT_NE(old.read_until("\r\n\r\n").find("Sec-WebSocket-Version: 13"), std::string::npos);
  EXPECT_EQ(old.received().substr(9, 3), "426");
}

TEST_F(WebSocketTest, JoinsFragmentsAndAnswersPingsBetweenThem) {
  RawClient client = open_raw();
  client.send(masked(WsOpcode::kText, "one ", false) + masked(WsOpcode::kPing, "still there?") +
              masked(WsOpcode::kContinuation, "two"));
  client.read_until("one two");
  EXPECT_EQ(client.received(), encode_frame(WsOpcode::kPong, "still there?", std::nullopt) +
                                   encode_frame(WsOpcode::kText, "one two", std::nullopt));
}

TEST_F(WebSocketTest, ClosesByHandshakeFromTheClient) {
  const auto client = open();
  client->close();
  EXPECT_FALSE(client->send(false, "after"));
  ASSERT_TRUE(
      pump(loop, [&] { return client_closed && server_closed && connections_closed == 1; }));
  EXPECT_EQ(client_closed->end, WsEnd::kClosed);
  EXPECT_EQ(client_closed->code, 1000);
  EXPECT_EQ(server_closed->end, WsEnd::kClosed);
  EXPECT_EQ(server_closed->code, 1000);
  EXPECT_FALSE(peer->send(false, "after"));
  EXPECT_EQ(peer.use_count(), 1) << "the handler that held it is gone";
}

TEST_F(WebSocketTest, ClosesByHandshakeFromTheServer) {
  const auto client = open();
  peer->close(1001, "going away");
  peer->close(1000, "twice");
  ASSERT_TRUE(
      pump(loop, [&] { return client_closed && server_closed && connections_closed == 1; }));
  EXPECT_EQ(client_closed->code, 1001);
  EXPECT_EQ(client_closed->text, "going away");
}

TEST_F(WebSocketTest, EchoesTheCodeAndWaitsForThePeerToGo) {
  RawClient client = open_raw();
  client.send(masked(WsOpcode::kClose, close_payload(4001)));
  client.read_to_end();
  EXPECT_EQ(client.received(), encode_frame(WsOpcode::kClose, close_payload(4001), std::nullopt));
  EXPECT_FALSE(client.was_reset());
}

TEST_F(WebSocketTest, APeerThatNeverAnswersACloseIsReset) {
  RawClient client = open_raw();
  peer->close(1000, "");
  client.read_to_end();
  EXPECT_TRUE(client.was_reset());
}

TEST_F(WebSocketTest, NamesTheViolationInTheCloseFrame) {
  struct Case {
    std::string wire;
    int code;
    WsEnd end;
  };
  const Case cases[] = {
      {encode_frame(WsOpcode::kText, "not masked", std::nullopt), 1002, WsEnd::kProtocol},
      {masked(WsOpcode::kText, "\xff"), 1007, WsEnd::kProtocol},
      {masked(WsOpcode::kBinary, std::string(10'001, 'x')), 1009, WsEnd::kLimit},
      {masked(WsOpcode::kContinuation, "of nothing"), 1002, WsEnd::kProtocol},
  };
  for (const Case& c : cases) {
    server_closed.reset();
    RawClient client = open_raw();
    client.send(c.wire);
    const std::string& end = client.read_to_end();
    ASSERT_GE(end.size(), 4u);
    EXPECT_EQ(end.substr(2, 2), close_payload(c.code));
    EXPECT_FALSE(client.was_reset());
    EXPECT_EQ(server_closed->end, c.end);
  }
  EXPECT_TRUE(received.empty());
}

TEST_F(WebSocketTest, AResetIsToldFromAClose) {
  auto client = open();
  server->close_all(true);
  EXPECT_EQ(server_closed->end, WsEnd::kReset);
  EXPECT_EQ(connections_closed, 1);
  ASSERT_TRUE(pump(loop, [&] { return client_closed.has_value(); }));
  EXPECT_EQ(client_closed->end, WsEnd::kReset);
  EXPECT_EQ(client_closed->code, 1006);
  EXPECT_FALSE(peer->send(false, "x"));
}

TEST_F(WebSocketTest, TheEndWithoutACloseFrameIsAbnormal) {
  auto client = open();
  server->close_all(false);
  ASSERT_TRUE(pump(loop, [&] { return client_closed.has_value(); }));
  EXPECT_EQ(client_closed->end, WsEnd::kClosed);
  EXPECT_EQ(client_closed->code, 1006);
}

TEST_F(WebSocketTest, EitherSideMayReset) {
  auto client = open();
  peer->reset();
  EXPECT_EQ(server_closed->end, WsEnd::kReset);
  ASSERT_TRUE(pump(loop, [&] { return client_closed.has_value(); }));
  EXPECT_EQ(client_closed->end, WsEnd::kReset);
  client_closed.reset();
  server_closed.reset();
  opened = false;
  client = open();
  client->reset();
  EXPECT_FALSE(client_closed) << "never from within the call";
  ASSERT_TRUE(pump(loop, [&] { return client_closed && server_closed; }));
  EXPECT_EQ(server_closed->end, WsEnd::kReset);
}

TEST_F(WebSocketTest, ADestroyedClientCallsNobody) {
  auto client = open();
  client.reset();
  ASSERT_TRUE(pump(loop, [&] { return server_closed.has_value(); }));
  EXPECT_EQ(server_closed->end, WsEnd::kClosed);
  EXPECT_FALSE(client_closed);
}

TEST_F(WebSocketTest, AClientMayBeDestroyedInItsOwnHandler) {
  std::unique_ptr<WebSocketClient> client;
  int messages = 0;
  WebSocketHandlers handlers;
  handlers.on_open = [&] {
    client->send(false, "1");
    client->send(false, "2");
  };
  handlers.on_message = [&](bool, std::string_view) {
    ++messages;
    client.reset();
  };
  client = std::make_unique<WebSocketClient>(loop, endpoint(), "/ws", kDeadline, handlers);
  ASSERT_TRUE(pump(loop, [&] { return server_closed.has_value(); }));
  EXPECT_EQ(messages, 1);
}

TEST_F(WebSocketTest, AServerHandlerMayEndItsConnection) {
  RawClient client = open_raw();
  peer->on_message([this](bool, std::string_view payload) {
    received.emplace_back(payload);
    peer->reset();
  });
  client.send(masked(WsOpcode::kText, "1") + masked(WsOpcode::kText, "2"));
  client.read_to_end();
  EXPECT_EQ(received, std::vector<std::string>{"1"});
  EXPECT_EQ(connections_closed, 1);
}

TEST_F(WebSocketTest, TellsWhyItCouldNotOpen) {
  refuse = true;
  auto refused = connect();
  ASSERT_TRUE(pump(loop, [&] { return client_closed.has_value(); }));
  EXPECT_EQ(client_closed->end, WsEnd::kRefused);
  EXPECT_NE(client_closed->text.find("403"), std::string::npos);
  client_closed.reset();
  server->stop_listening();
  auto unreachable = connect();
  EXPECT_FALSE(client_closed);
  ASSERT_TRUE(pump(loop, [&] { return client_closed.has_value(); }));
  EXPECT_EQ(client_closed->end, WsEnd::kRefused);
  EXPECT_FALSE(opened);
}

TEST_F(WebSocketTest, GivesUpOnASilentServer) {
  const Fd listener = listen_on({"127.0.0.1", 0, ""}).value();
  std::optional<WsClosed> closed;
  WebSocketHandlers handlers;
  handlers.on_close = [&](const WsClosed& why) { closed = why; };
  WebSocketClient client(loop, {"127.0.0.1", local_port(listener.get()).value(), ""}, "/", 5ms,
                         handlers);
  ASSERT_TRUE(pump(loop, [&] { return closed.has_value(); }));
  EXPECT_EQ(closed->end, WsEnd::kTimeout);
}

TEST_F(WebSocketTest, AClientThatDoesNotReadIsCutButNotFromWithinTheSend) {
  RawClient client = open_raw();
  const std::string payload(10'000, 'x');
  int sent = 0;
  while (peer->send(true, payload) && sent < 100'000) ++sent;
  EXPECT_LT(sent, 100'000);
  EXPECT_FALSE(server_closed);
  EXPECT_FALSE(peer->send(true, "x"));
  ASSERT_TRUE(pump(loop, [&] { return server_closed.has_value(); }));
  EXPECT_EQ(server_closed->end, WsEnd::kLimit);
  EXPECT_EQ(connections_closed, 1);
}

TEST_F(WebSocketTest, AFrozenConnectionStaysOpenWhateverIsSent) {
  auto client = open();
  server->freeze_all(true);
  client->send(false, "unread");
  settle(loop);
  EXPECT_TRUE(received.empty());
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(peer->send(true, std::string(10'000, 'x')));
  settle(loop);
  EXPECT_TRUE(answers.empty());
  EXPECT_FALSE(server_closed || client_closed);
  server->freeze_all(false);
  ASSERT_TRUE(pump(loop, [&] { return received.size() == 1; }));
  ASSERT_TRUE(pump(loop, [&] { return !answers.empty() && answers.back() == "unread"; }));
  EXPECT_LT(answers.size(), 101u) << "what was too much is dropped whole";
}

TEST_F(WebSocketTest, AFrozenConnectionCanBeReset) {
  auto client = open();
  server->freeze_all(true);
  server->close_all(true);
  ASSERT_TRUE(pump(loop, [&] { return client_closed.has_value(); }));
  EXPECT_EQ(client_closed->end, WsEnd::kReset);
}

TEST_F(WebSocketTest, MessagesBeforeAnAbruptEndAreStillDelivered) {
  RawClient client = open_raw();
  echo = false;
  client.send(masked(WsOpcode::kText, "1") + masked(WsOpcode::kText, "2"));
  client.abort();
  ASSERT_TRUE(pump(loop, [&] { return server_closed.has_value(); }));
  EXPECT_EQ(received, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(server_closed->end, WsEnd::kReset);
}

TEST_F(WebSocketTest, OutlivesItsServer) {
  auto client = open();
  server.reset();
  EXPECT_FALSE(server_closed) << "a server that goes calls nobody";
  EXPECT_FALSE(peer->send(false, "x"));
  peer->close(1000, "");
  peer->reset();
  ASSERT_TRUE(pump(loop, [&] { return client_closed.has_value(); }));
}

}  // namespace
}  // namespace levi::os
