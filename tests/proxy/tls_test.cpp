// TLS ended by the proxy and begun anew, over real sockets.
#include "core/os/websocket.h"
#include "tests/proxy/tls_rig.h"

namespace levi::proxy {
namespace {

TEST(Tls, IsEndedAndBegunAnewWithCertificatesThatAreChecked) {
  TlsRig rig;
  TlsPeer client(rig.connect(), rig.contexts.client.get(), "feed.test");
  client.write("hello");
  client.turn();
  TlsPeer upstream(rig.accept(), rig.contexts.server.get(), nullptr);
  EXPECT_TRUE(rig.until([&] {
    client.turn();
    return upstream.turn() == "hello";
  }));
  rig.add(R"({"type":"limit_data","attributes":{"bytes":4}})");
  upstream.write("secret");
  EXPECT_TRUE(rig.until([&] {
    upstream.turn();
    client.turn();
    return client.ended();
  }));
  EXPECT_EQ(client.turn(), "secr");
}

TEST(Tls, AnUpstreamThatNobodyVouchesForIsNotBelieved) {
  TlsRig rig("proxy.pem");  // the wrong CA
  TlsPeer client(rig.connect(), rig.contexts.client.get(), "feed.test");
  client.write("hello");
  client.turn();
  TlsPeer upstream(rig.accept(), rig.contexts.server.get(), nullptr);
  EXPECT_TRUE(rig.until([&] {
    upstream.turn();
    client.turn();
    return client.failed() || client.ended();
  }));
  EXPECT_EQ(upstream.turn(), "");
}

// Nobody finds a refused certificate from a reset alone.
TEST(Tls, ARefusedCertificateIsSaid) {
  TlsRig rig("proxy.pem");
  EXPECT_TRUE(rig.server.api.listen(os::parse_endpoint("127.0.0.1:0").value()));
  os::Endpoint api = os::parse_endpoint("127.0.0.1:0").value();
  api.port = rig.server.api.port();
  os::RawClient events(rig.loop, api);
  events.send("GET /proxies/p/events HTTP/1.1\r\nHost: t\r\n\r\n");
  events.read_until("event: hello");
  TlsPeer client(rig.connect(), rig.contexts.client.get(), "feed.test");
  client.turn();
  TlsPeer upstream(rig.accept(), rig.contexts.server.get(), nullptr);
  EXPECT_TRUE(rig.until([&] {
    upstream.turn();
    client.turn();
    return events.received().find("event: reset") != std::string::npos;
  }));
  EXPECT_NE(events.read_until("\n\n").find("the upstream: its certificate is refused: "),
            std::string::npos)
      << events.received();
}

TEST(Tls, AGivenCertificateIsShownAndThePlainUpstreamGetsPlainBytes) {
  TlsRig rig;
  rig.give_certificate("feed.test");
  rig.call("POST", "/proxies/p",
           R"({"tls":{"mode":"terminate","upstream_tls":false,"certificate":")" +
               (rig.folder / "given.pem") + R"(","key":")" + (rig.folder / "given.key") + R"("}})");
  SSL_CTX_load_verify_file(rig.contexts.client.get(), (rig.folder / "upstream.pem").c_str());
  TlsPeer client(rig.connect(), rig.contexts.client.get(), "feed.test");
  client.write("hello");
  client.turn();
  Peer upstream = rig.accept();
  EXPECT_TRUE(rig.until([&] {
    client.turn();
    return upstream.received() == "hello";
  }));
  upstream.send(rig.loop, "plain");
  upstream.end_sending();
  EXPECT_TRUE(rig.until([&] {
    client.turn();
    return client.ended();
  }));
  EXPECT_EQ(client.turn(), "plain");
}

// What ends TLS is for: message toxics on wss.
TEST(Tls, MessageToxicsWorkOnAWebSocketWithin) {
  TlsRig rig;
  TlsPeer client(rig.connect(), rig.contexts.client.get(), "feed.test");
  client.write("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
  client.turn();
  TlsPeer upstream(rig.accept(), rig.contexts.server.get(), nullptr);
  const auto both = [&](const std::function<bool()>& reached) {
    return rig.until([&] {
      upstream.turn();
      client.turn();
      return reached();
    });
  };
  EXPECT_TRUE(both([&] { return upstream.turn().ends_with("\r\n\r\n"); }));
  const std::string head = "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n";
  upstream.write(head);
  EXPECT_TRUE(both([&] { return client.turn() == head; }));
  rig.add(R"({"type":"ws_gap","attributes":{"count":1}})");
  const auto frame = [](const char* text) {
    return os::encode_frame(os::WsOpcode::kText, text, std::nullopt);
  };
  upstream.write(frame("lost") + frame("kept"));
  EXPECT_TRUE(both([&] { return client.turn().size() >= (head + frame("kept")).size(); }));
  EXPECT_EQ(client.turn(), head + frame("kept"));
}

TEST(Tls, AHalfCloseIsForwarded) {
  TlsRig rig;
  TlsPeer client(rig.connect(), rig.contexts.client.get(), "feed.test");
  client.write("last words");
  client.turn();
  TlsPeer upstream(rig.accept(), rig.contexts.server.get(), nullptr);
  EXPECT_TRUE(rig.until([&] {
    client.turn();
    return upstream.turn() == "last words";
  }));
  client.end_sending();
  EXPECT_TRUE(rig.until([&] {
    upstream.turn();
    return upstream.ended();
  }));
  upstream.write("an answer behind the end");
  EXPECT_TRUE(rig.until([&] {
    upstream.turn();
    return client.turn() == "an answer behind the end";
  }));
}

TEST(Tls, PassesThroughUntouchedWithoutTheMode) {
  TlsRig rig;
  rig.call("POST", "/proxies/p", R"({"tls":{"mode":"pass"}})");
  SSL_CTX_load_verify_file(rig.contexts.client.get(), (rig.folder / "upstream.pem").c_str());
  TlsPeer client(rig.connect(), rig.contexts.client.get(), "feed.test");
  client.write("hello");
  client.turn();
  TlsPeer upstream(rig.accept(), rig.contexts.server.get(), nullptr);
  EXPECT_TRUE(rig.until([&] {
    client.turn();
    return upstream.turn() == "hello";
  }));
}

TEST(Tls, SaysWhatItLacks) {
  SocketRig rig;
  const auto refused = rig.server.api.answer(
      {"POST", "/proxies", {}, R"({"name":"t","upstream":"h:1","tls":{"mode":"terminate"}})"});
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("no certificate"), std::string::npos) << refused.body;
}

}  // namespace
}  // namespace levi::proxy
