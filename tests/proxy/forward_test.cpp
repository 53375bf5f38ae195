// CONNECT over real sockets.
#include "chaos/proxy/forward.h"

#include "tests/proxy/tls_rig.h"

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

std::string client_hello(const char* server_name) {
  TlsPtr<ssl_ctx_st> context(SSL_CTX_new(TLS_client_method()));
  TlsPtr<ssl_st> ssl(SSL_new(context.get()));
  SSL_set_tlsext_host_name(ssl.get(), server_name);
  BIO* const out = BIO_new(BIO_s_mem());
  BIO* const in = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), in, out);
  SSL_connect(ssl.get());
  char* bytes = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(out, &bytes));
  return {bytes, size};
}

// A client that resolves names itself: CONNECT names an address, the ClientHello the host.
TEST(Forward, AnAddressIsMatchedByTheServerNameHoweverItsHelloIsCut) {
  const std::string hello = client_hello("LOCALHOST");
  for (const std::size_t step : {hello.size(), std::size_t{1}, hello.size() / 2 + 1}) {
    ForwardRig rig;
    const std::string port = rig.upstream_address().substr(rig.upstream_address().rfind(':'));
    rig.call("POST", "/proxies/p", R"({"upstream":"localhost)" + port + "\"}");
    Peer client = rig.tunnel("CONNECT 127.0.0.99" + port + " HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(rig.gets(client, "HTTP/1.1 200 Connection established\r\n\r\n"));
    for (std::size_t at = 0; at < hello.size(); at += step) {
      client.send(rig.loop, std::string_view(hello).substr(at, step));
      rig.loop.run_once(0ns);
    }
    Peer upstream = rig.accept();  // of the proxy: nobody listens on 127.0.0.99
    EXPECT_TRUE(rig.gets(upstream, hello));
    EXPECT_EQ(rig.proxy().connection_count(), 1u);
    upstream.send(rig.loop, "x");  // and one byte is enough again
    EXPECT_TRUE(rig.until([&] { return client.received().ends_with("x"); }));
  }
}

TEST(Forward, AServerThatSpeaksFirstIsReachedByItsAddress) {
  ForwardRig rig;
  const std::string target = rig.upstream_address();
  rig.call("DELETE", "/proxies/p");
  Peer client = rig.tunnel("CONNECT " + target + " HTTP/1.1\r\n\r\n");
  Peer upstream = rig.accept();  // once the client has said nothing for a while
  upstream.send(rig.loop, "220 ready\r\n");
  EXPECT_TRUE(rig.until([&] { return client.received().ends_with("220 ready\r\n"); }));
  EXPECT_EQ(rig.server.forward.connection_count(), 1u);
}

TEST(Forward, NamesMatchInAnyCase) {
  ForwardRig rig;
  const std::string port = rig.upstream_address().substr(rig.upstream_address().rfind(':'));
  rig.call("POST", "/proxies/p", R"({"upstream":"localhost)" + port + "\"}");
  Peer client = rig.tunnel("CONNECT LocalHost" + port + " HTTP/1.1\r\n\r\nhi");
  Peer upstream = rig.accept();
  EXPECT_TRUE(rig.gets(upstream, "hi"));
  EXPECT_EQ(rig.proxy().connection_count(), 1u);
}

TEST(Forward, ReadsTheServerNameOfAClientHello) {
  const std::string hello = client_hello("api.mexc.com");
  EXPECT_EQ(read_client_hello(hello).server_name, "api.mexc.com");
  for (std::size_t cut = 0; cut < hello.size(); ++cut) {
    EXPECT_FALSE(read_client_hello(std::string_view(hello).substr(0, cut)).whole) << cut;
  }
  EXPECT_TRUE(read_client_hello("GET / HTTP/1.1").whole);
}

}  // namespace
}  // namespace levi::proxy
