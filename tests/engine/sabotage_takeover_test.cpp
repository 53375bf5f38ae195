// levid-sabotage with the defence `takeover` off: a dead engine stays dead, until an operator stops
// and starts it.
#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/engine/hub_stage.h"

namespace levi::engine::test {
namespace {

TEST(SabotagedTakeover, LeavesADeadEngineDead) {
  setenv("LEVI_SABOTAGE", "takeover", 1);
  HubStage stage;
  ASSERT_TRUE(stage.start_quoting());
  stage.signal(SIGKILL);
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineDown>() == 1; }));
  EXPECT_EQ(stage.incarnation, 2u) << "the machine asked for a restart";
  ASSERT_TRUE(stage.until([&] { return stage.hub->standbys_warm() == 1; }));
  EXPECT_FALSE(stage.hub->status(kEngine).alive);
  stage.hub->stop_engine(kEngine);
  stage.start();
  EXPECT_TRUE(stage.until([&] { return stage.count<EngineUp>() == 2; }));
}

}  // namespace
}  // namespace levi::engine::test
