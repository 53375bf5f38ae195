#include "tests/proxy/chain_rig.h"

namespace levi::proxy {
namespace {

TEST(Latency, DelaysEachChunkFromItsArrivalAndKeepsTheEndBehindIt) {
  ChainRig rig;
  rig.add(R"({"type":"latency","attributes":{"latency":100}})");
  rig.send("a");
  rig.go_to(at_ms(30));
  rig.send("b");
  rig.end();
  rig.go_to(at_ms(500));
  EXPECT_EQ(rig.log(), "100:a 130:b 130:EOF");
  EXPECT_EQ(rig.asked(), (std::vector<Nanos>{100ms, 100ms}));
}

TEST(Latency, JitterStaysInItsRangeAndNeverReorders) {
  ChainRig rig;
  rig.add(R"({"type":"latency","attributes":{"latency":50,"jitter":50}})");
  std::string sent;
  for (char c = 'a'; c <= 'z'; ++c) {
    rig.send(std::string(1, c));
    sent += c;
  }
  rig.go_to(at_ms(99));
  EXPECT_EQ(rig.bytes(), sent);
}

TEST(Latency, TheSameSeedJittersTheSameWay) {
  std::string logs[2];
  for (std::string& log : logs) {
    ChainRig rig;
    rig.add(R"({"type":"latency","attributes":{"latency":50,"jitter":50}})", false, 99);
    for (int i = 0; i < 20; ++i) rig.send("x");
    rig.go_to(at_ms(200));
    log = rig.log();
  }
  EXPECT_EQ(logs[0], logs[1]);
}

TEST(Latency, AnUpdateAppliesToWhatStillWaits) {
  ChainRig rig;
  rig.add(R"({"type":"latency","attributes":{"latency":1000}})");
  rig.send("a");
  rig.go_to(at_ms(10));
  rig.update(0, R"({"type":"latency","attributes":{"latency":50}})");
  rig.go_to(at_ms(2000));
  EXPECT_EQ(rig.log(), "50:a");
}

TEST(Latency, RemovalLetsEverythingGoAtOnceAndInOrder) {
  ChainRig rig;
  rig.add(R"({"type":"latency","attributes":{"latency":1000}})");
  rig.send("a");
  rig.send("b");
  rig.end();
  rig.go_to(at_ms(10));
  rig.remove(0);
  EXPECT_EQ(rig.log(), "10:a 10:b 10:EOF");
  EXPECT_EQ(rig.chain().held_bytes(), 0u);
}

}  // namespace
}  // namespace levi::proxy
