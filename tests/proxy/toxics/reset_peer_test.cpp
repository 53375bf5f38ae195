#include "tests/proxy/chain_rig.h"

namespace levi::proxy {
namespace {

TEST(ResetPeer, ResetsANewConnectionAtItsFirstChunk) {
  ChainRig rig;
  rig.add(R"({"type":"reset_peer","attributes":{"timeout":20}})");
  rig.go_to(at_ms(100));
  rig.send("a");
  rig.go_to(at_ms(110));
  rig.send("b");
  rig.go_to(at_ms(500));
  EXPECT_EQ(rig.log(), "120:RST");
}

TEST(ResetPeer, ResetsAtTheEndOfTheStreamToo) {
  ChainRig rig;
  rig.add(R"({"type":"reset_peer"})");
  rig.end();
  EXPECT_EQ(rig.log(), "0:RST");
}

TEST(ResetPeer, ResetsALiveConnectionWithoutWaitingForAChunk) {
  ChainRig rig;
  rig.add(R"({"type":"reset_peer","attributes":{"timeout":20}})", true);
  rig.go_to(at_ms(500));
  EXPECT_EQ(rig.log(), "20:RST");
}

}  // namespace
}  // namespace levi::proxy
