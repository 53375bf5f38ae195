#include "tests/proxy/chain_rig.h"

namespace levi::proxy {
namespace {

TEST(SlowClose, DelaysOnlyTheEnd) {
  ChainRig rig;
  rig.add(R"({"type":"slow_close","attributes":{"delay":70}})");
  rig.send("a");
  rig.go_to(at_ms(10));
  rig.end();
  rig.go_to(at_ms(500));
  EXPECT_EQ(rig.log(), "0:a 80:EOF");
}

}  // namespace
}  // namespace levi::proxy
