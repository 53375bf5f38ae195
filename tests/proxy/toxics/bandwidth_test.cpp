#include "tests/proxy/chain_rig.h"

namespace levi::proxy {
namespace {

TEST(Bandwidth, CutsAChunkIntoTenthsOfASecondAtTheRate) {
  ChainRig rig;
  rig.add(R"({"type":"bandwidth","attributes":{"rate":1}})");  // 1 KB/s: 100 bytes in 100 ms
  rig.send(std::string(250, 'x'));
  rig.go_to(at_ms(1000));
  EXPECT_EQ(rig.log(), "100:100 200:100 250:50");
}

TEST(Bandwidth, DoesNotSaveUpUnusedTime) {
  ChainRig rig;
  rig.add(R"({"type":"bandwidth","attributes":{"rate":1}})");
  rig.go_to(at_ms(5000));
  rig.send(std::string(50, 'x'));
  rig.go_to(at_ms(6000));
  EXPECT_EQ(rig.log(), "5050:50");
}

TEST(Bandwidth, RateZeroHoldsEverythingUntilItIsChanged) {
  ChainRig rig;
  rig.add(R"({"type":"bandwidth","attributes":{"rate":0}})");
  rig.send("abc");
  rig.end();
  rig.go_to(at_ms(60'000));
  EXPECT_EQ(rig.log(), "");
  rig.update(0, R"({"type":"bandwidth","attributes":{"rate":3}})");
  rig.go_to(at_ms(60'001));
  EXPECT_EQ(rig.log(), "60001:abc 60001:EOF");
}

TEST(Bandwidth, RemovalFlushes) {
  ChainRig rig;
  rig.add(R"({"type":"bandwidth","attributes":{"rate":1}})");
  rig.send(std::string(250, 'x'));
  rig.go_to(at_ms(150));
  rig.remove(0);
  EXPECT_EQ(rig.log(), "100:100 150:150");
}

}  // namespace
}  // namespace levi::proxy
