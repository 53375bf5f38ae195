#include "tests/proxy/chain_rig.h"

namespace levi::proxy {
namespace {

TEST(LimitData, PassesExactlyTheLimitThenCloses) {
  ChainRig rig;
  rig.add(R"({"type":"limit_data","attributes":{"bytes":5}})");
  rig.send("abc");
  rig.send("defg");
  rig.send("h");
  EXPECT_EQ(rig.log(), "0:abc 0:de 0:FIN");
}

TEST(LimitData, CountsAcrossUpdates) {
  ChainRig rig;
  rig.add(R"({"type":"limit_data","attributes":{"bytes":100}})");
  rig.send("abcd");
  rig.update(0, R"({"type":"limit_data","attributes":{"bytes":6}})");
  rig.send("efgh");
  EXPECT_EQ(rig.log(), "0:abcd 0:ef 0:FIN");
}

TEST(LimitData, ALimitBelowWhatHasPassedClosesAtTheNextChunk) {
  ChainRig rig;
  rig.add(R"({"type":"limit_data","attributes":{"bytes":100}})");
  rig.send("abcd");
  rig.update(0, R"({"type":"limit_data","attributes":{"bytes":2}})");
  rig.send("e");
  EXPECT_EQ(rig.log(), "0:abcd 0:FIN");
}

}  // namespace
}  // namespace levi::proxy
