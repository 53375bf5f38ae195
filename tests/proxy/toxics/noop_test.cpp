#include "tests/proxy/chain_rig.h"

namespace levi::proxy {
namespace {

TEST(Noop, PassesEverythingAtOnce) {
  ChainRig rig;
  rig.add(R"({"type":"noop"})");
  rig.send("ab");
  rig.end();
  EXPECT_EQ(rig.log(), "0:ab 0:EOF");
}

}  // namespace
}  // namespace levi::proxy
