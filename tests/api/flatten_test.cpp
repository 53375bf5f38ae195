// POST /live/flatten: closes what is meant, and nothing by mistake.
#include <gtest/gtest.h>

#include "tests/api/rig.h"

namespace levi::api {
namespace {

using test::ApiRig;
using test::json;

struct FlattenRig : ApiRig {
  FlattenRig() {
    core.start();
    core.fill(core.open_order(), 1000, "T1");
    epoch = post("/live/kill")["epoch"].get<std::uint64_t>();
  }
  // {"symbol":...} with the epoch and a reason.
  std::string body(const std::string& members) const {
    return R"({"epoch":)" + std::to_string(epoch) + R"(,"reason":"risk")" + members + "}";
  }
  std::uint64_t epoch = 0;
};

TEST(Flatten, NeedsTheEpochOfTheSealAndTellsWhatWasGranted) {
  ApiRig open;
  open.core.start();
  open.post("/live/flatten", R"({"epoch":1,"reason":"x"})", 409);
  FlattenRig rig;
  const std::string at = std::to_string(rig.epoch);
  rig.post("/live/flatten", R"({"reason":"x"})", 400);
  rig.post("/live/flatten", R"({"epoch":)" + at + "}", 400);
  rig.post("/live/flatten", R"({"reason":"x","epoch":)" + std::to_string(rig.epoch + 1) + "}", 409);
  rig.post("/live/flatten", rig.body(R"(,"symbol":"NOPE")"), 404);
  const json granted = rig.post("/live/flatten", rig.body(R"(,"symbol":null,"actor":"ann")"));
  EXPECT_EQ(granted["ok"], true);
  EXPECT_GT(granted["granted"], 0);
  const auto commands = rig.core.commands();
  ASSERT_EQ(commands.size(), 1u);
  EXPECT_TRUE(commands[0].all_symbols);
  EXPECT_EQ(commands[0].epoch, rig.epoch);
}

TEST(Flatten, ASymbolClosesThatOneAlone) {
  FlattenRig rig;
  rig.post("/live/flatten", rig.body(R"(,"symbol":"BTCUSDT")"));
  rig.post("/live/flatten?symbol=ETHUSDT", rig.body(""), 404);  // it has no position
  const auto commands = rig.core.commands();
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_FALSE(commands[0].all_symbols);
  EXPECT_EQ(commands[0].symbol, test::kBtc);
  EXPECT_FALSE(commands[1].all_symbols);
  EXPECT_EQ(commands[1].symbol, test::kEth);
}

TEST(Flatten, ASymbolThatIsNotUnderstoodClosesNothing) {
  FlattenRig rig;
  const std::string form = "symbol=BTCUSDT&reason=x&epoch=" + std::to_string(rig.epoch);
  for (const std::string& body :
       {form, rig.body(R"(,"symbols":"BTCUSDT")"), rig.body(R"(,"symbol":["BTCUSDT"])"),
        rig.body(R"(,"symbol":"")"), rig.body(R"(,"symbol":7)"),
        rig.body(R"(,"symbol":"BTCUSDT","x":)" + std::string(20, '[') + std::string(20, ']'))}) {
    const json refused = rig.post("/live/flatten", body, 400);
    EXPECT_NE(refused["detail"], "") << body;
  }
  EXPECT_TRUE(rig.core.commands().empty());
  rig.wait_audited(7);  // the kill, and each refusal
}

}  // namespace
}  // namespace levi::api
