// CONNECT and TLS over real sockets.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/proxy/socket_rig.h"
#include "tests/support/temp_folder.h"

namespace levi::proxy {
namespace {

struct ForwardRig : SocketRig {
  ForwardRig() { EXPECT_TRUE(server.forward.listen(os::parse_endpoint("127.0.0.1:0").value())); }
  Peer tunnel(const std::string& request) {
    os::Endpoint endpoint = os::parse_endpoint("127.0.0.1:0").value();
    endpoint.port = server.forward.port();
    Peer peer(std::move(os::connect_blocking(endpoint, os::kDeadline)).value());
    peer.send(loop, request);
    return peer;
  }
};

TEST(Forward, AConnectToAProxysUpstreamGoesThroughItsToxics) {
  ForwardRig rig;
  rig.add(R"({"type":"limit_data","attributes":{"bytes":3}})");
  Peer client = rig.tunnel("CONNECT " + rig.upstream_address() + " HTTP/1.1\r\n\r\nearly");
  Peer upstream = rig.accept();
  const std::string greeting = "HTTP/1.1 200 Connection established\r\n\r\n";
  EXPECT_TRUE(rig.gets(client, greeting));
  EXPECT_TRUE(rig.gets(upstream, "early"));
  upstream.send(rig.loop, "abcdef");
  EXPECT_TRUE(rig.ends(client));
  EXPECT_EQ(client.received(), greeting + "abc");
}

TEST(Forward, WhatNoProxyStandsForGoesStraightThere) {
  ForwardRig rig;
  const std::string target = rig.upstream_address();
  rig.call("DELETE", "/proxies/p");
  Peer client = rig.tunnel("CONNECT " + target + " HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(rig.until([&] { return client.received().ends_with("\r\n\r\n"); }));
  client.send(rig.loop, "plain");
  Peer upstream = rig.accept();
  EXPECT_TRUE(rig.gets(upstream, "plain"));
  EXPECT_EQ(rig.server.proxies.all().size(), 0u);
}

TEST(Forward, RefusesWhatIsNoConnectAndADisabledProxy) {
  ForwardRig rig;
  Peer get = rig.tunnel("GET http://h/ HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(rig.ends(get));
  EXPECT_TRUE(get.received().starts_with("HTTP/1.1 405 "));
  rig.call("POST", "/proxies/p", R"({"enabled":false})");
  Peer disabled = rig.tunnel("CONNECT " + rig.upstream_address() + " HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(rig.ends(disabled));
  EXPECT_TRUE(disabled.received().starts_with("HTTP/1.1 502 "));
}

TEST(Forward, ARefusedUpstreamIs502) {
  ForwardRig rig;
  rig.stop_upstream();
  Peer client = rig.tunnel("CONNECT " + rig.upstream_address() + " HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(rig.ends(client));
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 502 ")) << client.received();
}

// A TLS client or server that moves only while the loop is pumped.
class TlsPeer {
 public:
  TlsPeer(Peer peer, SSL_CTX* context, const char* server_name) : peer_(std::move(peer)) {
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, peer_.fd());
    if (server_name == nullptr) {
      SSL_set_accept_state(ssl_);
    } else {
      SSL_set_connect_state(ssl_);
      SSL_set_tlsext_host_name(ssl_, server_name);
      SSL_set1_host(ssl_, server_name);
    }
  }
  ~TlsPeer() { SSL_free(ssl_); }
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  void write(const std::string& text) { unsent_ += text; }
  const std::string& turn() {
    ERR_clear_error();
    if (!unsent_.empty()) {
      const int sent = SSL_write(ssl_, unsent_.data(), static_cast<int>(unsent_.size()));
      if (sent > 0) unsent_.clear();
    }
    char bytes[4096];
    const int got = SSL_read(ssl_, bytes, sizeof bytes);
    if (got > 0) received_.append(bytes, static_cast<std::size_t>(got));
    const int why = SSL_get_error(ssl_, got);
    if (why == SSL_ERROR_ZERO_RETURN) ended_ = true;
    if (why == SSL_ERROR_SSL || why == SSL_ERROR_SYSCALL) failed_ = true;
    return received_;
  }
  bool ended() const { return ended_; }
  bool failed() const { return failed_; }

 private:
  Peer peer_;
  SSL* ssl_ = nullptr;
  std::string unsent_;
  std::string received_;
  bool ended_ = false;
  bool failed_ = false;
};

struct Contexts {
  TlsPtr<ssl_ctx_st> client{SSL_CTX_new(TLS_client_method())};
  TlsPtr<ssl_ctx_st> server{SSL_CTX_new(TLS_server_method())};
};

// An upstream that speaks TLS by a scratch CA of its own, and a proxy that trusts it.
struct TlsRig : SocketRig {
  test::TempFolder folder;
  std::unique_ptr<ScratchAuthority> upstream_authority;
  Contexts contexts;

  explicit TlsRig(const std::string& upstream_ca = "upstream.pem") {
    auto made = ScratchAuthority::create(folder / "upstream.pem");
    EXPECT_TRUE(made);
    upstream_authority = std::move(made).value();
    auto own = ScratchAuthority::create(folder / "proxy.pem");
    EXPECT_TRUE(own);
    server.runtime.authority = std::move(own).value();
    SSL_CTX_use_certificate(contexts.server.get(), upstream_authority->issue("feed.test"));
    SSL_CTX_use_PrivateKey(contexts.server.get(), upstream_authority->key());
    SSL_CTX_load_verify_file(contexts.client.get(), (folder / "proxy.pem").c_str());
    SSL_CTX_set_verify(contexts.client.get(), SSL_VERIFY_PEER, nullptr);
    const std::string tls =
        R"({"tls":{"mode":"terminate","server_name":"feed.test","upstream_ca":")" +
        (folder / upstream_ca) + R"("}})";
    call("POST", "/proxies/p", tls);
  }
};

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

TEST(Tls, ReadsTheServerNameOfAClientHello) {
  TlsPtr<ssl_ctx_st> context(SSL_CTX_new(TLS_client_method()));
  TlsPtr<ssl_st> ssl(SSL_new(context.get()));
  SSL_set_tlsext_host_name(ssl.get(), "api.mexc.com");
  BIO* const out = BIO_new(BIO_s_mem());
  BIO* const in = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), in, out);
  SSL_connect(ssl.get());
  char* bytes = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(out, &bytes));
  const std::string hello(bytes, size);
  EXPECT_EQ(read_client_hello(hello).server_name, "api.mexc.com");
  for (std::size_t cut = 0; cut < hello.size(); ++cut) {
    EXPECT_FALSE(read_client_hello(std::string_view(hello).substr(0, cut)).whole) << cut;
  }
  EXPECT_TRUE(read_client_hello("GET / HTTP/1.1").whole);
}

}  // namespace
}  // namespace levi::proxy
