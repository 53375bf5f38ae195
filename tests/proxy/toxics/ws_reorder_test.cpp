#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(WsReorder, SwapsEachMessageWithTheNext) {
  ChainRig rig;
  rig.add(R"({"type":"ws_reorder"})");
  for (const char* text : {"a", "b", "c", "d"}) rig.send(ws_message(text));
  EXPECT_EQ(ws_read(rig.bytes()), "b a d c");
}

TEST(WsReorder, AMessageThatNoneFollowsGoesAlone) {
  ChainRig rig;
  rig.add(R"({"type":"ws_reorder","attributes":{"timeout":30}})");
  rig.send(ws_message("a"));
  rig.send(ws_ping());
  rig.go_to(at_ms(29));
  EXPECT_EQ(ws_read(rig.bytes()), "[ping]");
  rig.go_to(at_ms(30));
  EXPECT_EQ(ws_read(rig.bytes()), "[ping] a");
  EXPECT_EQ(rig.chain().held_bytes(), 0u);
}

TEST(WsReorder, LosesNothingWhenItGoesOrTheStreamEnds) {
  ChainRig rig;
  rig.add(R"({"type":"ws_reorder"})");
  rig.send(ws_message("a"));
  rig.remove(0);
  rig.add(R"({"type":"ws_reorder"})");
  rig.send(ws_message("b"));
  rig.end();
  EXPECT_EQ(ws_read(rig.bytes()), "a b");
  EXPECT_TRUE(rig.log().ends_with("EOF"));
}

}  // namespace
}  // namespace levi::proxy
