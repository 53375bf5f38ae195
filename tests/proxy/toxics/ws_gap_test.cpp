#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(WsGap, LosesTheNextMessagesOnly) {
  ChainRig rig;
  rig.add(R"({"type":"ws_gap","attributes":{"count":2}})");
  rig.send(ws_message("a"));
  rig.send(ws_ping());
  for (const char* text : {"b", "c"}) rig.send(ws_message(text));
  EXPECT_EQ(ws_read(rig.bytes()), "[ping] c");
  rig.update(0, R"({"type":"ws_gap","attributes":{"count":1}})");
  for (const char* text : {"d", "e"}) rig.send(ws_message(text));
  EXPECT_EQ(ws_read(rig.bytes()), "[ping] c e");
}

}  // namespace
}  // namespace levi::proxy
