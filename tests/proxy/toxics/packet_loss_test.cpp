#include "tests/proxy/chain_rig.h"

namespace levi::proxy {
namespace {

int passed_of_1000(const std::string& attributes) {
  ChainRig rig;
  rig.add(R"({"type":"packet_loss","attributes":)" + attributes + '}');
  for (int i = 0; i < 1000; ++i) rig.send("x");
  return static_cast<int>(rig.bytes().size());
}

TEST(PacketLoss, LosesNothingAtZeroAndAllAtOne) {
  EXPECT_EQ(passed_of_1000("{}"), 1000);
  EXPECT_EQ(passed_of_1000(R"({"loss_rate":1})"), 0);
  EXPECT_EQ(passed_of_1000(R"({"loss_rate":7.5})"), 0);
  EXPECT_EQ(passed_of_1000(R"({"loss_rate":-1,"correlation":9})"), 1000);
}

TEST(PacketLoss, LosesAboutTheRateAndMoreInBurstsWithCorrelation) {
  EXPECT_NEAR(passed_of_1000(R"({"loss_rate":0.3})"), 700, 60);
  // 0.3 after a chunk that passed, 0.8 after a lost one: 60 % are lost in the long run.
  EXPECT_NEAR(passed_of_1000(R"({"loss_rate":0.3,"correlation":0.5})"), 400, 80);
}

}  // namespace
}  // namespace levi::proxy
