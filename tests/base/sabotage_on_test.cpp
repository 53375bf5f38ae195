#include <gtest/gtest.h>

#include <cstdlib>

#include "core/base/sabotage.h"

namespace levi {
namespace {

// The switches are read once in a process: each case dies in a process of its own, and says what it
// saw.
[[noreturn]] void answer(const char* switches, Defence defence) {
  setenv("LEVI_SABOTAGE", switches, 1);
  std::_Exit(sabotaged(defence) ? 10 : 11);
}

TEST(SabotageOnDeathTest, NamedDefencesAreOff) {
  EXPECT_EXIT(answer("reconnect", Defence::kReconnect), testing::ExitedWithCode(10), "");
  EXPECT_EXIT(answer("takeover,audit", Defence::kAudit), testing::ExitedWithCode(10), "");
  EXPECT_EXIT(answer("takeover,audit", Defence::kTakeover), testing::ExitedWithCode(10), "");
  EXPECT_EXIT(answer("book-fills", Defence::kBookFills), testing::ExitedWithCode(10), "");
}

TEST(SabotageOnDeathTest, OthersStayOn) {
  EXPECT_EXIT(answer("takeover,audit", Defence::kWatchdog), testing::ExitedWithCode(11), "");
  EXPECT_EXIT(answer("", Defence::kTakeover), testing::ExitedWithCode(11), "");
}

TEST(SabotageOnDeathTest, AMisspeltNameIsRefused) {
  EXPECT_EXIT(answer("takover", Defence::kTakeover), testing::ExitedWithCode(2), "takover");
}

}  // namespace
}  // namespace levi
