#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(HttpDelay, DelaysByPathInEitherDirection) {
  for (const bool upstream : {true, false}) {
    ChainRig rig(upstream ? Direction::kUpstream : Direction::kDownstream);
    rig.add(R"({"type":"http_delay","attributes":{"delay":30,"path":"/slow"}})");
    const auto unit = upstream ? Unit::kRequest : Unit::kAnswer;
    rig.send(http_unit(unit, "/fast"));
    rig.send(http_unit(unit, "/slow/x"));
    rig.go_to(at_ms(100));
    EXPECT_EQ(rig.log(), upstream ? "0:?/fast 30:?/slow/x" : "0:!/fast 30:!/slow/x");
  }
}

}  // namespace
}  // namespace levi::proxy
