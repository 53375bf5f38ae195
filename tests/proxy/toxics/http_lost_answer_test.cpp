#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(HttpLostAnswer, LosesTheAnswerAndAllThatFollowsIt) {
  ChainRig rig;
  rig.add(R"({"type":"http_lost_answer","attributes":{"path":"/order"}})");
  rig.send(answer("/time"));
  rig.send(answer("/order"));
  rig.send(answer("/time"));
  EXPECT_EQ(rig.bytes(), "!/time");
  rig.remove(0);
  EXPECT_TRUE(rig.log().ends_with("FIN"));  // what was lost can't be made good
}

TEST(HttpLostAnswer, ResetsAfterTheTimeout) {
  ChainRig rig;
  rig.add(R"({"type":"http_lost_answer","attributes":{"timeout":25}})");
  rig.send(answer("/order"));
  rig.go_to(at_ms(1000));
  EXPECT_EQ(rig.log(), "25:RST");
}

}  // namespace
}  // namespace levi::proxy
