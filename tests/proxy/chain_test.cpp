// Several toxics in a row.
#include "tests/proxy/chain_rig.h"

namespace levi::proxy {
namespace {

TEST(Chain, DelaysAddUp) {
  ChainRig rig;
  rig.add(R"({"type":"latency","name":"a","attributes":{"latency":100}})");
  rig.add(R"({"type":"latency","name":"b","attributes":{"latency":50}})");
  rig.send("x");
  rig.go_to(at_ms(1000));
  EXPECT_EQ(rig.log(), "150:x");
}

TEST(Chain, ALateTimerDelaysWhatItIsLateForOnly) {
  ChainRig rig;
  rig.add(R"({"type":"latency","name":"a","attributes":{"latency":100}})");
  rig.add(R"({"type":"latency","name":"b","attributes":{"latency":50}})");
  rig.send("x");
  rig.chain().advance(at_ms(130));  // 30 ms late for the first: not late for the second
  EXPECT_EQ(rig.chain().next_deadline(), at_ms(150));
}

TEST(Chain, WhatARemovedToxicHeldGoesThroughTheRestOfTheChain) {
  ChainRig rig;
  rig.add(R"({"type":"bandwidth","name":"a","attributes":{"rate":0}})");
  rig.add(R"({"type":"latency","name":"b","attributes":{"latency":50}})");
  rig.send("x");
  rig.send("y");
  rig.end();
  rig.go_to(at_ms(10));
  rig.remove(0);
  rig.go_to(at_ms(1000));
  EXPECT_EQ(rig.log(), "60:x 60:y 60:EOF");
}

TEST(Chain, AnEndingWaitsForWhatIsAheadOfIt) {
  ChainRig rig;
  rig.add(R"({"type":"limit_data","attributes":{"bytes":3}})");
  rig.add(R"({"type":"latency","attributes":{"latency":50}})");
  rig.send("abcdef");
  rig.go_to(at_ms(1000));
  EXPECT_EQ(rig.log(), "50:abc 50:FIN");
}

TEST(Chain, AResetDoesNotWait) {
  ChainRig rig;
  rig.add(R"({"type":"latency","attributes":{"latency":500}})");
  rig.send("abcdef");
  rig.add(R"({"type":"reset_peer"})", true);
  EXPECT_EQ(rig.log(), "0:RST");
}

TEST(Chain, CountsWhatItHolds) {
  ChainRig rig;
  rig.add(R"({"type":"latency","attributes":{"latency":500}})");
  rig.send(std::string(1000, 'x'));
  EXPECT_GE(rig.chain().held_bytes(), 1000u);
  EXPECT_EQ(rig.chain().held_bytes_max(), 1024u * 1024);
  rig.go_to(at_ms(500));
  EXPECT_EQ(rig.chain().held_bytes(), 0u);
}

Item part_of_message(const std::string& bytes, bool begins, bool ends) {
  return {.bytes = bytes, .unit = Unit::kWsMessage, .begins = begins, .ends = ends};
}

TEST(Chain, AToxicThatGoesInTheMiddleOfADroppedMessageTakesItsRestAlong) {
  ChainRig rig;
  rig.add(R"({"type":"ws_drop","name":"a"})");
  rig.add(R"({"type":"latency","name":"b"})");
  rig.send(part_of_message("1", true, false));
  rig.remove(0);
  EXPECT_TRUE(rig.chain().wants_messages());
  rig.send({.bytes = "[ping]", .unit = Unit::kWsControl});  // between two parts
  rig.add(R"({"type":"ws_delay","name":"c"})");
  rig.remove(1);  // what stands behind it goes meanwhile, too
  rig.send(part_of_message("2", false, false));
  rig.remove(2);
  rig.send(part_of_message("3", false, true));
  EXPECT_FALSE(rig.chain().wants_messages());
  rig.send(part_of_message("4", true, true));
  EXPECT_EQ(rig.bytes(), "[ping]4");
}

TEST(Chain, TheRestIsDroppedThoughWhatStoodBeforeGoesToo) {
  ChainRig rig;
  rig.add(R"({"type":"ws_delay","name":"a"})");
  rig.add(R"({"type":"ws_drop","name":"b"})");
  rig.send(part_of_message("1", true, false));
  rig.remove(1);
  rig.remove(0);
  rig.send(part_of_message("2", false, true));
  rig.send(part_of_message("3", true, true));
  EXPECT_EQ(rig.bytes(), "3");
}

TEST(Chain, AToxicThatGoesBetweenTwoMessagesTakesNothingAlong) {
  ChainRig rig;
  rig.add(R"({"type":"ws_drop"})");
  rig.send(part_of_message("1", true, false));
  rig.send(part_of_message("2", false, true));
  rig.remove(0);
  EXPECT_FALSE(rig.chain().wants_messages());
  rig.send(part_of_message("3", true, false));
  rig.send(part_of_message("4", false, true));
  EXPECT_EQ(rig.bytes(), "34");
}

// Whatever comes and goes: byte for byte what went in comes out, as none of these drops any.
TEST(Chain, AnyChangesOfLosslessToxicsLoseNoByte) {
  const std::vector<std::string> kinds = {
      R"({"type":"latency","attributes":{"latency":7,"jitter":5}})",
      R"({"type":"bandwidth","attributes":{"rate":40}})",
      R"({"type":"slicer","attributes":{"average_size":9,"size_variation":4,"delay":300}})",
      R"({"type":"slow_close","attributes":{"delay":20}})", R"({"type":"noop"})"};
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ChainRig rig;
    std::vector<std::size_t> live;
    std::string sent;
    for (std::size_t step = 0, added = 0; step < 200; ++step) {
      const std::uint64_t choice = random.below(10);
      if (choice < 2) {
        rig.add(kinds[random.below(kinds.size())], true, seed);
        live.push_back(added++);
      } else if (choice < 4 && !live.empty()) {
        const std::size_t victim = random.below(live.size());
        rig.remove(live[victim]);
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(victim));
      } else if (choice < 6) {
        rig.go_to(rig.now() + Nanos{static_cast<std::int64_t>(random.below(5'000'000))});
      } else {
        std::string chunk(1 + random.below(60), ' ');
        for (char& c : chunk) c = static_cast<char>('a' + random.below(26));
        sent += chunk;
        rig.send(chunk);
      }
    }
    rig.end();
    rig.go_to(rig.now() + 600s);
    EXPECT_EQ(rig.bytes(), sent);
    EXPECT_TRUE(rig.log().ends_with("EOF")) << rig.log().substr(rig.log().size() - 40);
  }
}

}  // namespace
}  // namespace levi::proxy
