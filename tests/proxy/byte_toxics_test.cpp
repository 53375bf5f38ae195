// Every byte toxic once over real sockets. What it decides, and when, its own test says without any
// (toxics/); here it is seen from the two ends. Times are lower bounds: late is never wrong.
#include "tests/proxy/socket_rig.h"

namespace levi::proxy {
namespace {

struct Joined : SocketRig {
  Peer client;
  Peer upstream;
  MonoTime begin;

  explicit Joined(const std::string& json = {}) {
    if (!json.empty()) add(json);
    join(client, upstream);
    begin = os::mono_now();
  }
  Nanos spent() const { return os::mono_now() - begin; }
};

TEST(ByteToxics, NoopPassesBytesAndEnds) {
  Joined rig(R"({"type":"noop"})");
  rig.upstream.send(rig.loop, "as it came");
  rig.upstream.end_sending();
  EXPECT_TRUE(rig.ends(rig.client));
  EXPECT_EQ(rig.client.received(), "as it came");
  EXPECT_FALSE(rig.client.was_reset());
}

TEST(ByteToxics, LatencyHoldsBytesAndTheEndBehindThem) {
  Joined rig(R"({"type":"latency","attributes":{"latency":30}})");
  rig.upstream.send(rig.loop, "late");
  rig.upstream.end_sending();
  EXPECT_TRUE(rig.ends(rig.client));
  EXPECT_EQ(rig.client.received(), "late");
  EXPECT_GE(rig.spent(), 30ms);
}

TEST(ByteToxics, BandwidthLetsNoMoreThroughThanItsRate) {
  Joined rig(R"({"type":"bandwidth","attributes":{"rate":50}})");
  const std::string block(5000, 'b');
  rig.upstream.send(rig.loop, block);
  EXPECT_TRUE(rig.gets(rig.client, block));
  EXPECT_GE(rig.spent(), 100ms);
}

TEST(ByteToxics, BandwidthOfZeroLetsNothingThroughAndTheConnectionStaysOpen) {
  Joined rig(R"({"type":"bandwidth"})");
  rig.upstream.send(rig.loop, "held");
  rig.client.send(rig.loop, "the other way is free");
  EXPECT_TRUE(rig.gets(rig.upstream, "the other way is free"));
  os::settle(rig.loop);
  EXPECT_EQ(rig.client.received(), "");
  EXPECT_FALSE(rig.client.ended());
}

TEST(ByteToxics, SlowCloseDelaysTheEndAlone) {
  Joined rig(R"({"type":"slow_close","attributes":{"delay":40}})");
  rig.upstream.send(rig.loop, "in time");
  rig.upstream.end_sending();
  EXPECT_TRUE(rig.gets(rig.client, "in time"));
  EXPECT_TRUE(rig.ends(rig.client));
  EXPECT_GE(rig.spent(), 40ms);
}

TEST(ByteToxics, TimeoutSwallowsEverythingAndThenClosesBothSides) {
  Joined rig;
  rig.add(R"({"type":"timeout","attributes":{"timeout":30}})");
  rig.upstream.send(rig.loop, "gone");
  EXPECT_TRUE(rig.ends(rig.client) && rig.ends(rig.upstream));
  EXPECT_EQ(rig.client.received(), "");
  EXPECT_FALSE(rig.client.was_reset() || rig.upstream.was_reset());
  EXPECT_GE(rig.spent(), 30ms);
}

TEST(ByteToxics, ATimeoutThatIsRemovedCloses) {
  Joined rig(R"({"type":"timeout"})");
  rig.upstream.send(rig.loop, "gone");
  os::settle(rig.loop);
  EXPECT_FALSE(rig.client.ended());
  rig.remove("timeout_downstream");
  EXPECT_TRUE(rig.ends(rig.client) && rig.ends(rig.upstream));
  EXPECT_EQ(rig.client.received(), "");
  EXPECT_FALSE(rig.client.was_reset());
}

TEST(ByteToxics, ResetPeerWaitsItsTimeAndResetsBothSides) {
  Joined rig(R"({"type":"reset_peer","attributes":{"timeout":25}})");
  rig.upstream.send(rig.loop, "x");
  EXPECT_TRUE(rig.ends(rig.client) && rig.ends(rig.upstream));
  EXPECT_TRUE(rig.client.was_reset() && rig.upstream.was_reset());
  EXPECT_GE(rig.spent(), 25ms);
}

TEST(ByteToxics, RemovingAResetPeerThatStillWaitsIsAtOnceAndSparesTheConnection) {
  Joined rig;
  rig.add(R"({"type":"reset_peer","attributes":{"timeout":3600000}})");
  rig.remove("reset_peer_downstream");
  rig.upstream.send(rig.loop, "spared");
  EXPECT_TRUE(rig.gets(rig.client, "spared"));
}

TEST(ByteToxics, SlicerSendsPiecesApart) {
  Joined rig(
      R"({"type":"slicer","attributes":{"average_size":100,"size_variation":0,"delay":5000}})");
  std::string block;
  for (int i = 0; i < 800; ++i) block += static_cast<char>('a' + i % 26);
  rig.upstream.send(rig.loop, block);
  std::size_t arrivals = 0;
  EXPECT_TRUE(rig.until([&] {
    const std::size_t before = rig.client.size();
    arrivals += rig.client.received().size() > before ? 1u : 0u;
    return rig.client.size() == block.size();
  }));
  EXPECT_EQ(rig.client.received(), block);
  EXPECT_GE(rig.spent(), 35ms);  // eight pieces of a hundred: seven pauses
  EXPECT_GT(arrivals, 1u);
}

TEST(ByteToxics, LimitDataPassesItsBytesAndCloses) {
  Joined rig(R"({"type":"limit_data","attributes":{"bytes":7}})");
  rig.upstream.send(rig.loop, "0123456789");
  EXPECT_TRUE(rig.ends(rig.client) && rig.ends(rig.upstream));
  EXPECT_EQ(rig.client.received(), "0123456");
  EXPECT_FALSE(rig.client.was_reset());
}

TEST(ByteToxics, PacketLossDropsChunksAndPassesTheEnd) {
  Joined rig(R"({"type":"packet_loss","attributes":{"loss_rate":1}})");
  rig.upstream.send(rig.loop, "lost");
  EXPECT_TRUE(rig.until([&] { return rig.proxy().counters().received[1] == 4; }));
  rig.update("packet_loss_downstream", R"({"attributes":{"loss_rate":0}})");
  rig.upstream.send(rig.loop, "kept");
  rig.upstream.end_sending();
  EXPECT_TRUE(rig.ends(rig.client));
  EXPECT_EQ(rig.client.received(), "kept");
}

// Upstream toxics, too: the same chain, the other way.
TEST(ByteToxics, ActOnWhatTheClientSendsWhereTheStreamIsUpstream) {
  Joined rig;
  rig.add(R"({"type":"limit_data","stream":"upstream","attributes":{"bytes":3}})");
  rig.upstream.send(rig.loop, "untouched");
  EXPECT_TRUE(rig.gets(rig.client, "untouched"));
  rig.client.send(rig.loop, "abcdef");
  EXPECT_TRUE(rig.ends(rig.upstream));
  EXPECT_EQ(rig.upstream.received(), "abc");
}

}  // namespace
}  // namespace levi::proxy
