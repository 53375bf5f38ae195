// The proxy over real sockets: what a client and its server see.
#include "core/os/file.h"
#include "tests/proxy/socket_rig.h"
#include "tests/support/temp_folder.h"

namespace levi::proxy {
namespace {

TEST(Connection, BytesGoBothWays) {
  SocketRig rig;
  Peer client = rig.connect();
  Peer upstream = rig.accept();
  client.send(rig.loop, "ping");
  EXPECT_TRUE(rig.gets(upstream, "ping"));
  upstream.send(rig.loop, "pong");
  EXPECT_TRUE(rig.gets(client, "pong"));
}

TEST(Connection, AHalfCloseIsForwardedInEitherDirection) {
  SocketRig rig;
  for (const bool client_first : {true, false}) {
    Peer client;
    Peer upstream;
    rig.join(client, upstream);
    Peer& first = client_first ? client : upstream;
    Peer& second = client_first ? upstream : client;
    first.send(rig.loop, "last words");
    first.end_sending();
    EXPECT_TRUE(rig.ends(second));
    EXPECT_EQ(second.received(), "last words");
    EXPECT_FALSE(second.was_reset());
    // The other direction is open still.
    second.send(rig.loop, "an answer behind the end");
    second.end_sending();
    EXPECT_TRUE(rig.ends(first));
    EXPECT_EQ(first.received(), "an answer behind the end");
    EXPECT_TRUE(rig.until([&] { return rig.proxy().connection_count() == 0; }));
  }
}

TEST(Connection, AResetIsForwardedAsAReset) {
  SocketRig rig;
  for (const bool by_client : {true, false}) {
    Peer client;
    Peer upstream;
    rig.join(client, upstream);
    (by_client ? client : upstream).reset();
    Peer& other = by_client ? upstream : client;
    EXPECT_TRUE(rig.ends(other));
    EXPECT_TRUE(other.was_reset());
    EXPECT_TRUE(rig.until([&] { return rig.proxy().connection_count() == 0; }));
  }
}

TEST(Connection, WhatWasSentBeforeAResetStillArrives) {
  SocketRig rig;
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  upstream.send(rig.loop, "the end");
  upstream.reset();
  EXPECT_TRUE(rig.ends(client));
  EXPECT_EQ(client.received(), "the end");
}

TEST(Connection, ARefusedUpstreamIsAResetAndInCompatAnEnd) {
  for (const bool compat : {false, true}) {
    SocketRig rig(1, compat);
    rig.stop_upstream();
    Peer client = rig.connect();
    EXPECT_TRUE(rig.ends(client));
    EXPECT_EQ(client.was_reset(), !compat);
  }
}

TEST(Connection, ASlowUpstreamHoldsUpNobody) {
  SocketRig rig;
  // 192.0.2.0/24 is never answered (RFC 5737); where it can't even be routed it is refused, and
  // then this shows less.
  rig.call("POST", "/proxies",
           R"({"name":"slow","listen":"localhost:0","upstream":"192.0.2.1:9"})");
  const auto slow = os::parse_endpoint(rig.server.proxies.find("slow").value()->listen());
  Peer stuck(std::move(os::connect_blocking(slow.value(), os::kDeadline)).value());
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  upstream.send(rig.loop, "here");
  EXPECT_TRUE(rig.gets(client, "here"));
}

TEST(Connection, DisablingClosesWithAnEndAndRefusesNewConnects) {
  SocketRig rig;
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  const auto address = os::parse_endpoint(rig.proxy().listen());
  rig.call("POST", "/proxies/p", R"({"enabled":false})");
  EXPECT_TRUE(rig.ends(client) && rig.ends(upstream));
  EXPECT_FALSE(client.was_reset() || upstream.was_reset());
  EXPECT_FALSE(os::connect_blocking(address.value(), os::kDeadline));
}

TEST(Connection, ResetPeerSendsResetOnNewAndOnLiveConnections) {
  SocketRig rig;
  Peer old_client;
  Peer old_upstream;
  rig.join(old_client, old_upstream);
  rig.add(R"({"type":"reset_peer"})");
  EXPECT_TRUE(rig.ends(old_client) && rig.ends(old_upstream));
  EXPECT_TRUE(old_client.was_reset() && old_upstream.was_reset());

  Peer client = rig.connect();
  Peer upstream = rig.accept();
  upstream.send(rig.loop, "x");
  EXPECT_TRUE(rig.ends(client));
  EXPECT_TRUE(client.was_reset());
}

TEST(Connection, ToxicityThatSparesAConnectionLeavesItUntouched) {
  SocketRig rig;
  rig.add(R"({"type":"reset_peer","toxicity":0})");
  rig.add(R"({"type":"timeout","toxicity":0})");
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  upstream.send(rig.loop, "whole");
  EXPECT_TRUE(rig.gets(client, "whole"));
  rig.remove("timeout_downstream");  // closes those that it afflicts, and this one it does not
  upstream.send(rig.loop, " and well");
  upstream.end_sending();
  EXPECT_TRUE(rig.ends(client));
  EXPECT_EQ(client.received(), "whole and well");
  EXPECT_FALSE(client.was_reset());
}

TEST(Connection, TheSameSeedAfflictsTheSameConnections) {
  const auto fates = [](std::uint64_t seed) {
    SocketRig rig(seed);
    rig.add(R"({"type":"limit_data","toxicity":0.5})");
    std::string text;
    for (int i = 0; i < 24; ++i) {
      Peer client;
      Peer upstream;
      rig.join(client, upstream);
      upstream.send(rig.loop, "x");
      EXPECT_TRUE(rig.until([&] { return client.ended() || client.received() == "x"; }));
      text += client.received() == "x" ? '.' : '!';
    }
    return text;
  };
  const std::string first = fates(5);
  EXPECT_EQ(first, fates(5));
  EXPECT_NE(first, fates(6));
  EXPECT_NE(first.find('.'), std::string::npos);
  EXPECT_NE(first.find('!'), std::string::npos);
}

TEST(Connection, RemovingADelayReleasesWhatItHeld) {
  SocketRig rig;
  rig.add(R"({"type":"latency","attributes":{"latency":3600000}})");
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  upstream.send(rig.loop, "held");
  upstream.end_sending();
  os::settle(rig.loop);
  EXPECT_EQ(client.received(), "");
  rig.remove("latency_downstream");
  EXPECT_TRUE(rig.ends(client));
  EXPECT_EQ(client.received(), "held");
}

TEST(Connection, ADelayHoldsAtMostAMebibyte) {
  SocketRig rig;
  rig.add(R"({"type":"latency","attributes":{"latency":3600000}})");
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  const std::string block(64 * 1024, 'x');
  for (int quiet = 0; quiet < 20;) {
    const os::Moved moved = os::send_some(upstream.fd(), block.data(), block.size());
    quiet = moved.bytes > 0 ? 0 : quiet + 1;
    rig.loop.run_once(1ms);
  }
  const std::uint64_t held = rig.proxy().counters().received[1];
  EXPECT_GE(held, 900u * 1024);
  EXPECT_LE(held, 1024u * 1024);
}

TEST(Connection, AClientThatNeverReadsStopsTheReadingOfItsUpstream) {
  SocketRig rig;
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  const std::string block(64 * 1024, 'x');
  for (int quiet = 0; quiet < 20;) {
    const os::Moved moved = os::send_some(upstream.fd(), block.data(), block.size());
    quiet = moved.bytes > 0 ? 0 : quiet + 1;
    rig.loop.run_once(1ms);
  }
  const ByteCounters& counters = rig.proxy().counters();
  EXPECT_LE(counters.received[1] - counters.sent[1], Runtime::kBufferBytes);
  Peer other;
  Peer other_upstream;
  rig.join(other, other_upstream);  // other connections notice nothing
}

TEST(Connection, CountersMoveWhileAConnectionIsOpen) {
  SocketRig rig;
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  EXPECT_EQ(rig.proxy().counters().received[0], 1u);
  EXPECT_EQ(rig.proxy().counters().sent[0], 1u);
}

TEST(Connection, ALeaseIsRenewedByAnUpdateAndByNothingElse) {
  SocketRig rig;
  rig.add(R"({"type":"noop","for":30})");
  const MonoTime begin = os::mono_now();
  rig.update("noop_downstream", R"({"for":60})");
  rig.update("noop_downstream", R"({"toxicity":1})");
  EXPECT_TRUE(rig.until([&] { return rig.proxy().toxics().empty(); }));
  EXPECT_GE(os::mono_now() - begin, 60ms);
  rig.add(R"({"type":"noop","for":1})");
  rig.update("noop_downstream", R"({"for":0})");  // no lease any more
  os::settle(rig.loop);
  EXPECT_EQ(rig.proxy().toxics().size(), 1u);
}

// A fate is drawn once, and again only where toxicity itself is updated.
TEST(Connection, FatesStayUntilToxicityIsUpdated) {
  SocketRig rig;
  std::vector<Peer> clients(32);
  std::vector<Peer> upstreams(32);
  for (std::size_t i = 0; i < clients.size(); ++i) rig.join(clients[i], upstreams[i]);
  rig.add(R"({"type":"bandwidth","toxicity":0.5})");  // the afflicted hold what comes
  const auto fates = [&] {
    std::string text;
    for (std::size_t i = 0; i < clients.size(); ++i) upstreams[i].send(rig.loop, "x");
    os::settle(rig.loop);
    for (Peer& client : clients) {
      text += client.received().empty() ? '!' : '.';
      client.forget();
    }
    return text;
  };
  const std::string first = fates();
  EXPECT_NE(first.find('!'), std::string::npos);
  EXPECT_NE(first.find('.'), std::string::npos);
  rig.add(R"({"type":"noop"})");
  rig.update("bandwidth_downstream", R"({"attributes":{"rate":0},"toxicity":0.5})");
  rig.remove("noop_downstream");
  EXPECT_EQ(fates(), first);
  rig.update("bandwidth_downstream", R"({"toxicity":0.51})");
  for (Peer& client : clients) client.forget();
  EXPECT_NE(fates(), first);
}

TEST(Connection, ALeaseBeginsAndEndsByItself) {
  SocketRig rig;
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  rig.add(R"({"type":"bandwidth","after":20,"for":40})");
  upstream.send(rig.loop, "a");
  EXPECT_TRUE(rig.gets(client, "a"));  // not begun
  EXPECT_TRUE(rig.until([&] {
    const auto toxics = rig.proxy().toxics();
    return toxics.empty() || toxics[0]->begun;
  }));
  upstream.send(rig.loop, "b");  // held until the lease ends
  EXPECT_TRUE(rig.gets(client, "ab"));
  EXPECT_TRUE(rig.until([&] { return rig.proxy().toxics().empty(); }));
}

// "localhost" is either loopback: many servers listen on one of them alone.
TEST(Connection, AnUpstreamOnLocalhostIsFoundOnEitherLoopback) {
  for (const char* loopback : {"127.0.0.1:0", "[::1]:0"}) {
    SocketRig rig(1, false, loopback);
    const std::string port = rig.upstream_address().substr(rig.upstream_address().rfind(':'));
    rig.call("POST", "/proxies/p", R"({"upstream":"localhost)" + port + "\"}");
    Peer client;
    Peer upstream;
    rig.join(client, upstream);
  }
}

TEST(Connection, AFloodOfConnectsIsServedAndLeavesNothing) {
  SocketRig rig;
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  const std::size_t descriptors = os::list_folder("/proc/self/fd").value().size();
  for (int round = 0; round < 10; ++round) {
    std::vector<Peer> flood;
    for (int i = 0; i < 200; ++i) flood.push_back(rig.connect());
    EXPECT_TRUE(rig.until([&] { return rig.proxy().connection_count() == 201; }));
    for (Peer& peer : flood) peer.reset();
    for (int i = 0; i < 200; ++i) rig.accept();
    EXPECT_TRUE(rig.until([&] { return rig.proxy().connection_count() == 1; }));
  }
  os::settle(rig.loop);
  EXPECT_LE(os::list_folder("/proc/self/fd").value().size(), descriptors);
  upstream.send(rig.loop, "still here");  // the one that was there before
  EXPECT_TRUE(rig.gets(client, "still here"));
}

TEST(Connection, NoDescriptorIsTakenBeyondTheTwoSockets) {
  SocketRig rig;
  const auto descriptors = [] { return os::list_folder("/proc/self/fd").value().size(); };
  const std::size_t before = descriptors();
  std::vector<Peer> ends(40);
  for (std::size_t i = 0; i < ends.size(); i += 2) rig.join(ends[i], ends[i + 1]);
  rig.add(R"({"type":"latency","attributes":{"latency":1}})");
  rig.add(R"({"type":"ws_drop"})");
  // Twenty connections: a client's, an upstream's and the proxy's two sockets.
  EXPECT_EQ(descriptors(), before + 20 * 4);
}

TEST(Connection, UnixSocketsAndIPv6OnEitherSide) {
  test::TempFolder folder;
  const std::string paths[] = {"unix:" + (folder / "up"), "unix:" + (folder / "down")};
  for (const bool unix_upstream : {true, false}) {
    SocketRig rig(1, false, unix_upstream ? paths[0] : "[::1]:0",
                  unix_upstream ? "[::1]:0" : paths[1]);
    Peer client;
    Peer upstream;
    rig.join(client, upstream);
    upstream.send(rig.loop, "answer");
    upstream.end_sending();
    EXPECT_TRUE(rig.ends(client));
    EXPECT_EQ(client.received(), "answer");
  }
}

TEST(Connection, AStaleUnixSocketIsReplaced) {
  test::TempFolder folder;
  const std::string path = folder / "stale";
  {
    const auto left = os::listen_on(os::parse_endpoint("unix:" + path).value());
    ASSERT_TRUE(left);
  }
  SocketRig rig(1, false, "127.0.0.1:0", "unix:" + path);
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
}

}  // namespace
}  // namespace levi::proxy
