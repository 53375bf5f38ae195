#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(WsDuplicate, SendsMessagesTwiceAndControlFramesOnce) {
  ChainRig rig;
  rig.add(R"({"type":"ws_duplicate"})");
  rig.send(ws_message("a"));
  rig.send(ws_ping());
  rig.send(ws_message("b"));
  EXPECT_EQ(ws_read(rig.bytes()), "a a [ping] b b");
}

}  // namespace
}  // namespace levi::proxy
