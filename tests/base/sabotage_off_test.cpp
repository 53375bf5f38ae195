#include <gtest/gtest.h>

#include <cstdlib>

#include "core/base/sabotage.h"

namespace levi {
namespace {

TEST(SabotageOff, NoSwitchExistsWhateverTheEnvironmentSays) {
  ASSERT_EQ(setenv("LEVI_SABOTAGE", "takeover,latch-check", 1), 0);
  for (const Defence defence : {Defence::kTakeover, Defence::kLatchCheck, Defence::kAudit}) {
    EXPECT_FALSE(sabotaged(defence)) << to_string(defence);
  }
}

}  // namespace
}  // namespace levi
