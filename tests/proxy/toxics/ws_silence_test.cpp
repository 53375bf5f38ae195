#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(WsSilence, PassesControlFramesAndNoMessage) {
  ChainRig rig;
  rig.add(R"({"type":"ws_silence"})");
  rig.send(ws_message("a"));
  rig.send(ws_ping());
  EXPECT_EQ(ws_read(rig.bytes()), "[ping]");
}

}  // namespace
}  // namespace levi::proxy
