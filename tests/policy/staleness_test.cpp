#include "core/policy/staleness.h"

#include <gtest/gtest.h>

namespace levi::policy {
namespace {

constexpr MonoTime kLookAt{5'000'000'000};

class StalenessWatchTest : public testing::Test {
 protected:
  void look_every_50ms_until(MonoTime end) {
    while (now_ < end) {
      now_ += 50ms;
      watch_.look(now_);
    }
  }

  MonoTime now_ = kLookAt;
  StalenessWatch watch_{{.silence_max = 1s, .pause_max = 100ms}, kLookAt};
};

TEST_F(StalenessWatchTest, NoticesTheSubjectThatFellSilentAndNoOther) {
  const auto depth = watch_.add(now_);
  const auto deals = watch_.add(now_);
  look_every_50ms_until(kLookAt + 500ms);
  watch_.heard(deals, now_);
  look_every_50ms_until(kLookAt + 950ms);
  EXPECT_FALSE(watch_.stale(depth));
  look_every_50ms_until(kLookAt + 1s);
  EXPECT_TRUE(watch_.stale(depth));
  EXPECT_FALSE(watch_.stale(deals));
  EXPECT_EQ(watch_.silence(deals), 500ms);
}

TEST_F(StalenessWatchTest, AFrameEndsTheSilence) {
  const auto depth = watch_.add(now_);
  look_every_50ms_until(kLookAt + 2s);
  EXPECT_TRUE(watch_.stale(depth));
  watch_.heard(depth, now_);
  EXPECT_FALSE(watch_.stale(depth));
  look_every_50ms_until(now_ + 950ms);
  EXPECT_FALSE(watch_.stale(depth));
}

TEST_F(StalenessWatchTest, SilenceIsCountedFromTheFrameNotFromTheLook) {
  const auto depth = watch_.add(now_);
  watch_.look(kLookAt + 50ms);
  watch_.heard(depth, kLookAt + 80ms);
  watch_.look(kLookAt + 100ms);
  EXPECT_EQ(watch_.silence(depth), 20ms);
}

TEST_F(StalenessWatchTest, AWatcherThatSleptDoesNotBlameItsSubjects) {
  const auto depth = watch_.add(now_);
  look_every_50ms_until(kLookAt + 200ms);
  watch_.look(now_ + 10s);  // stopped by SIGSTOP, or starved
  EXPECT_FALSE(watch_.stale(depth));
  EXPECT_EQ(watch_.silence(depth), 300ms);
}

TEST_F(StalenessWatchTest, ADeadSubjectIsFoundEvenByASlowWatcher) {
  const auto depth = watch_.add(now_);
  for (int i = 0; i < 10; ++i) watch_.look(now_ += 1s);  // each look counts pause_max
  EXPECT_TRUE(watch_.stale(depth));
}

}  // namespace
}  // namespace levi::policy
