#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(WsDrop, LosesMessagesAndPassesControlFramesAndBytes) {
  ChainRig rig;
  rig.add(R"({"type":"ws_drop"})");
  rig.send("raw ");
  rig.send(ws_message("a"));
  rig.send(ws_ping());
  rig.send(ws_message("b"));
  EXPECT_EQ(rig.bytes().substr(0, 4), "raw ");
  EXPECT_EQ(ws_read(rig.bytes().substr(4)), "[ping]");
}

TEST(WsDrop, AProbabilityLosesThatShare) {
  ChainRig rig;
  rig.add(R"({"type":"ws_drop","attributes":{"probability":0.25}})");
  for (int i = 0; i < 1000; ++i) rig.send(ws_message("a"));
  EXPECT_NEAR(static_cast<double>(rig.sizes().size()), 750, 60);
}

TEST(WsDrop, ThePartsOfALongMessageShareOneFate) {
  ChainRig rig;
  rig.add(R"({"type":"ws_drop"})");
  rig.send({.bytes = "part 1", .unit = Unit::kWsMessage, .begins = true, .ends = false});
  rig.send(ws_ping());
  rig.send({.bytes = "part 2", .unit = Unit::kWsMessage, .begins = false, .ends = true});
  rig.remove(0);
  rig.send(ws_message("next"));
  EXPECT_EQ(ws_read(rig.bytes()), "[ping] next");
}

TEST(WsDrop, TheRestOfAMessageThatHadBegunPasses) {
  ChainRig rig;
  rig.add(R"({"type":"ws_drop"})");
  rig.send({.bytes = "rest", .unit = Unit::kWsMessage, .begins = false, .ends = true});
  EXPECT_EQ(rig.bytes(), "rest");
}

}  // namespace
}  // namespace levi::proxy
