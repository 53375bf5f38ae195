#include "tests/proxy/chain_rig.h"

namespace levi::proxy {
namespace {

TEST(Slicer, CutsIntoPiecesAboutAsLargeAsAskedAndLosesNothing) {
  ChainRig rig;
  rig.add(R"({"type":"slicer","attributes":{"average_size":100,"size_variation":30}})");
  std::string sent;
  for (int i = 0; i < 5000; ++i) sent += static_cast<char>('a' + i % 26);
  rig.send(sent);
  EXPECT_EQ(rig.bytes(), sent);
  EXPECT_GT(rig.sizes().size(), 5000u / 131);
  for (const std::size_t size : rig.sizes()) EXPECT_LE(size, 130u);
}

TEST(Slicer, WaitsBetweenThePieces) {
  ChainRig rig;
  rig.add(R"({"type":"slicer","attributes":{"average_size":2,"delay":10000}})");
  rig.send("abcdefgh");
  rig.go_to(at_ms(1000));
  EXPECT_EQ(rig.log(), "0:ab 10:cd 20:ef 30:gh");
}

TEST(Slicer, AnAverageOfZeroIsOne) {
  ChainRig rig;
  rig.add(R"({"type":"slicer"})");
  rig.send("abc");
  EXPECT_EQ(rig.log(), "0:a 0:b 0:c");
}

TEST(Slicer, AnUpdateInTheMiddleOfAChunkLosesNothing) {
  ChainRig rig;
  rig.add(R"({"type":"slicer","attributes":{"average_size":2,"delay":10000}})");
  rig.send("abcdefgh");
  rig.go_to(at_ms(15));
  rig.update(0, R"({"type":"slicer","attributes":{"average_size":3,"delay":0}})");
  rig.go_to(at_ms(1000));
  EXPECT_EQ(rig.bytes(), "abcdefgh");
}

}  // namespace
}  // namespace levi::proxy
