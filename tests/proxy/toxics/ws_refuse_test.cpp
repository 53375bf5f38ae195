#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(WsRefuse, AnswersTheHandshakeAndPassesOtherRequests) {
  ChainRig rig(Direction::kUpstream);
  rig.add(R"({"type":"ws_refuse","attributes":{"status":429}})");
  rig.send(request("/plain"));
  rig.send(request("/ws", true));
  EXPECT_EQ(rig.bytes(), "?/plain");
  EXPECT_EQ(rig.answers(),
            "HTTP/1.1 429 Refused by levi-proxy\r\nContent-Length: 0\r\nConnection: "
            "close\r\n\r\n|close");
}

}  // namespace
}  // namespace levi::proxy
