// A hundred megabytes through a proxy whose toxics come, change and go all the while: byte for
// byte.
#include "core/base/crc32c.h"
#include "tests/proxy/socket_rig.h"
#include "tests/support/temp_folder.h"

namespace levi::proxy {
namespace {

constexpr std::size_t kTotal = 100 * 1000 * 1000;

struct Flow {
  std::size_t sent = 0;
  std::size_t received = 0;
  std::uint32_t crc_sent = 0;
  std::uint32_t crc_received = 0;
};

// Other bytes at every place: a lost or doubled block shows.
void fill(std::string& block, Random& random) {
  for (std::size_t i = 0; i + 8 <= block.size(); i += 8) {
    const std::uint64_t word = random.next();
    block.replace(i, 8, reinterpret_cast<const char*>(&word), 8);
  }
}

void move_bytes(Flow& flow, Peer& source, Peer& sink, std::string& block, std::size_t& at,
                Random& random) {
  for (int i = 0; i < 8 && flow.sent < kTotal; ++i) {
    if (at == block.size()) {
      fill(block, random);
      at = 0;
    }
    const std::size_t size = std::min(block.size() - at, kTotal - flow.sent);
    const os::Moved moved = os::send_some(source.fd(), block.data() + at, size);
    if (moved.bytes == 0) break;
    flow.crc_sent = crc32c(block.data() + at, moved.bytes, flow.crc_sent);
    flow.sent += moved.bytes;
    at += moved.bytes;
  }
  if (flow.sent == kTotal) source.end_sending();
  const std::string& got = sink.received();
  flow.crc_received = crc32c(got.data(), got.size(), flow.crc_received);
  flow.received += got.size();
  sink.forget();
}

void change_toxics(SocketRig& rig, Random& random) {
  static const std::vector<std::string> kKinds = {
      R"({"type":"latency","name":"t0","attributes":{"latency":1,"jitter":1}})",
      R"({"type":"bandwidth","name":"t1","attributes":{"rate":400000}})",
      R"({"type":"slicer","name":"t2","attributes":{"average_size":9000,"size_variation":4000,"delay":1}})",
      R"({"type":"slow_close","name":"t3","attributes":{"delay":5}})",
      R"({"type":"noop","name":"t4"})"};
  const std::size_t kind = random.below(kKinds.size());
  const std::string name = "t" + std::to_string(kind);
  if (rig.proxy().find_toxic(name) == nullptr) {
    rig.add(kKinds[kind]);
  } else if (random.below(2) == 0) {
    rig.update(name, kKinds[kind]);
  } else {
    rig.remove(name);
  }
}

TEST(Bulk, NoByteIsLostWhileToxicsComeAndGo) {
  SocketRig rig;
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  Random random(4711);
  Flow flow;
  std::string block(64 * 1024, ' ');
  std::size_t at = block.size();
  std::uint64_t rounds = 0;
  EXPECT_TRUE(rig.until([&] {
    move_bytes(flow, upstream, client, block, at, random);
    if (++rounds % 2 == 0) change_toxics(rig, random);
    return client.ended();
  }));
  EXPECT_EQ(flow.received, kTotal);
  EXPECT_EQ(flow.crc_received, flow.crc_sent);
  EXPECT_FALSE(client.was_reset());
}

// Nothing looks at these bytes: the kernel moves them. A sink that reads in fits leaves some behind
// each time, and a toxic that comes for a moment gets them as bytes again.
TEST(Bulk, WhatIsMovedWithoutToxicsIsMovedWhole) {
  SocketRig rig;
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  Random random(4712);
  Flow flow;
  std::string block(64 * 1024, ' ');
  std::size_t at = block.size();
  std::uint64_t rounds = 0;
  EXPECT_TRUE(rig.until([&] {
    ++rounds;
    if (rounds % 1000 == 0) rig.add(R"({"type":"latency","name":"t","attributes":{"latency":1}})");
    if (rounds % 1000 == 20) rig.server.api.answer({"DELETE", "/proxies/p/toxics/t", {}, {}});
    if (rounds % 256 < 200 && flow.sent < kTotal) {  // it fills up
      Peer nobody;
      move_bytes(flow, upstream, nobody, block, at, random);
      return false;
    }
    move_bytes(flow, upstream, client, block, at, random);
    return client.ended();
  }));
  EXPECT_EQ(flow.received, kTotal);
  EXPECT_EQ(flow.crc_received, flow.crc_sent);
  EXPECT_FALSE(client.was_reset());
  EXPECT_EQ(rig.proxy().counters().received[1], kTotal);
  EXPECT_EQ(rig.proxy().counters().sent[1], kTotal);
}

TEST(Bulk, UnixSocketsMoveItAsWell) {
  test::TempFolder folder;
  SocketRig rig(1, false, "unix:" + (folder / "up"), "unix:" + (folder / "down"));
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  Random random(4713);
  Flow flow;
  std::string block(64 * 1024, ' ');
  std::size_t at = block.size();
  EXPECT_TRUE(rig.until([&] {
    move_bytes(flow, upstream, client, block, at, random);
    return client.ended();
  }));
  EXPECT_EQ(flow.received, kTotal);
  EXPECT_EQ(flow.crc_received, flow.crc_sent);
}

TEST(Bulk, AResetInTheMiddleEndsBothSidesAndNobodyElse) {
  SocketRig rig;
  for (const bool by_sink : {true, false}) {
    Peer client;
    Peer upstream;
    rig.join(client, upstream);
    const std::string block(256 * 1024, 'x');
    for (int i = 0; i < 50; ++i) {
      (void)os::send_some(upstream.fd(), block.data(), block.size());
      rig.loop.run_once(0ns);
      client.received();
    }
    (by_sink ? client : upstream).reset();
    Peer& other = by_sink ? upstream : client;
    EXPECT_TRUE(rig.until([&] {
      if (by_sink) (void)os::send_some(upstream.fd(), block.data(), block.size());
      return other.ended();
    }));
    EXPECT_TRUE(rig.until([&] { return rig.proxy().connection_count() == 0; }));
  }
  Peer client;
  Peer upstream;
  rig.join(client, upstream);  // and the pipe is empty again
  upstream.send(rig.loop, "clean");
  EXPECT_TRUE(rig.gets(client, "clean"));
}

}  // namespace
}  // namespace levi::proxy
