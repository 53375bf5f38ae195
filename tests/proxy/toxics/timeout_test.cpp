#include "tests/proxy/chain_rig.h"

namespace levi::proxy {
namespace {

TEST(Timeout, DropsEverythingAndClosesAfterSilence) {
  ChainRig rig;
  rig.add(R"({"type":"timeout","attributes":{"timeout":100}})");
  rig.send("a");
  rig.go_to(at_ms(60));
  rig.send("b");  // The time begins anew.
  rig.go_to(at_ms(1000));
  EXPECT_EQ(rig.log(), "160:FIN");
  EXPECT_EQ(rig.dropped(), 2u);
}

TEST(Timeout, ZeroIsABlackHoleUntilItGoesAndThenCloses) {
  ChainRig rig;
  rig.add(R"({"type":"timeout","attributes":{"timeout":0}})");
  rig.send("a");
  rig.end();
  rig.go_to(at_ms(100'000));
  EXPECT_EQ(rig.log(), "");
  rig.remove(0);
  EXPECT_EQ(rig.log(), "100000:FIN");
}

TEST(Timeout, AnUpdateSetsTheTimeAnew) {
  ChainRig rig;
  rig.add(R"({"type":"timeout","attributes":{"timeout":100}})");
  rig.go_to(at_ms(50));
  rig.update(0, R"({"type":"timeout","attributes":{"timeout":0}})");
  rig.go_to(at_ms(1000));
  EXPECT_EQ(rig.log(), "");
  rig.update(0, R"({"type":"timeout","attributes":{"timeout":5}})");
  rig.go_to(at_ms(2000));
  EXPECT_EQ(rig.log(), "1005:FIN");
}

}  // namespace
}  // namespace levi::proxy
