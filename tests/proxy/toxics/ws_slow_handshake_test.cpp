#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(WsSlowHandshake, DelaysOnlyTheAnswerThatOpensAWebSocket) {
  ChainRig rig;
  rig.add(R"({"type":"ws_slow_handshake","attributes":{"delay":80}})");
  rig.go_to(at_ms(100));
  rig.send(answer("/plain"));
  rig.send(answer("/ws", 101, true));
  rig.send(ws_message("a"));
  rig.go_to(at_ms(179));
  EXPECT_EQ(rig.bytes(), "!/plain");
  rig.go_to(at_ms(180));
  EXPECT_EQ(rig.bytes(), "!/plain!/ws" + ws_message("a").bytes);
}

}  // namespace
}  // namespace levi::proxy
