#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(WsClose, ClosesAnOpenWebSocketAtOnceWithCodeAndReason) {
  ChainRig rig;
  rig.websocket = true;
  rig.add(R"({"type":"ws_close","attributes":{"code":4001,"reason":"gone"}})", true);
  EXPECT_EQ(ws_read(rig.bytes()), "[close 4001 gone]");
  EXPECT_TRUE(rig.log().ends_with("FIN"));
}

TEST(WsClose, ClosesInsteadOfTheFirstMessageOfANewOne) {
  ChainRig rig(Direction::kUpstream);
  rig.add(R"({"type":"ws_close"})");
  rig.send(request("/ws", true));
  rig.send(ws_message("a", true));
  rig.send(ws_message("b", true));
  EXPECT_EQ(ws_read(rig.bytes().substr(4), true), "[close 1011 ]");
}

TEST(WsClose, RefusesCodesThatAreNone) {
  const auto json = read_json(R"({"type":"ws_close","attributes":{"code":7}})");
  const auto entry = read_toxic(json.value(), [](const std::string&) { return false; });
  ASSERT_FALSE(entry);
  EXPECT_EQ(entry.error().message,
            "bad request body: code is a WebSocket close code, from 1000 to 4999");
}

}  // namespace
}  // namespace levi::proxy
