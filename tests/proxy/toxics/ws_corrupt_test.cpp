#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(WsCorrupt, ChangesOneBitAndKeepsTheFrameAndTheTextValid) {
  for (const bool masked : {false, true}) {
    ChainRig rig(masked ? Direction::kUpstream : Direction::kDownstream);
    rig.add(R"({"type":"ws_corrupt","stream":"upstream"})");
    const std::string text = R"({"price":"93387.28"} \xC3\xA9)";
    rig.send(ws_message(text, masked));
    const std::string got = ws_read(rig.bytes(), masked);
    ASSERT_EQ(got.size(), text.size());
    int different = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const int bits = got[i] ^ text[i];
      EXPECT_TRUE(bits == 0 || bits == 1);
      different += bits;
    }
    EXPECT_EQ(different, 1);
  }
}

}  // namespace
}  // namespace levi::proxy
