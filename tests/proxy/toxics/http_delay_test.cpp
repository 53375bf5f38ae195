#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(HttpDelay, DelaysByPathInEitherDirection) {
  for (const bool upstream : {true, false}) {
    ChainRig rig(upstream ? Direction::kUpstream : Direction::kDownstream);
    rig.add(R"({"type":"http_delay","attributes":{"delay":30,"path":"/slow"}})");
    const auto unit = upstream ? Unit::kRequest : Unit::kAnswer;
    rig.go_to(at_ms(100));
    rig.send(http_unit(unit, "/fast"));
    rig.send(http_unit(unit, "/slow/x"));
    rig.go_to(at_ms(200));
    EXPECT_EQ(rig.log(), upstream ? "100:?/fast 130:?/slow/x" : "100:!/fast 130:!/slow/x");
  }
}

}  // namespace
}  // namespace levi::proxy
