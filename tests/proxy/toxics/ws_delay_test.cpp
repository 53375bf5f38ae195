#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(WsDelay, DelaysMessagesAndKeepsControlFramesInTheirPlace) {
  ChainRig rig;
  rig.add(R"({"type":"ws_delay","attributes":{"delay":40}})");
  rig.go_to(at_ms(100));  // from its arrival, not from the toxic's
  rig.send(ws_message("a"));
  rig.send(ws_ping());
  rig.go_to(at_ms(139));
  EXPECT_EQ(rig.bytes(), "");
  rig.go_to(at_ms(140));
  EXPECT_EQ(ws_read(rig.bytes()), "a [ping]");
}

}  // namespace
}  // namespace levi::proxy
