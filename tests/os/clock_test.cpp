#include "core/os/clock.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <set>

namespace levi::os {
namespace {

TEST(Clock, MonotonicTimeNeverRunsBackwards) {
  MonoTime last = mono_now();
  for (int i = 0; i < 1000; ++i) {
    const MonoTime next = mono_now();
    EXPECT_GE(next, last);
    last = next;
  }
}

TEST(JournalClock, NeverStartsBeforeWhatWasRecorded) {
  const Instant future = wall_now() + 24h;
  const JournalClock clock(future);
  EXPECT_GE(clock.now(), future);
  EXPECT_LT(clock.now(), future + 1h) << "and goes on from there";
}

TEST(JournalClock, TellsItsInstantsAsMonotonicTimeExactly) {
  const JournalClock clock(Instant{0});
  const MonoTime before = mono_now();
  const Instant instant = clock.now();
  const MonoTime after = mono_now();
  EXPECT_LE(before, clock.mono_of(instant));
  EXPECT_GE(after, clock.mono_of(instant));
  EXPECT_EQ(clock.mono_of(instant + 5ms) - clock.mono_of(instant), 5ms);
}

TEST(JournalClock, FollowsTheWallWhereThatIsAhead) {
  const Instant before = wall_now();
  const JournalClock clock(Instant{0});
  EXPECT_GE(clock.now(), before);
}

TEST(Clock, BootIdIsTheSameTwice) {
  EXPECT_EQ(boot_id().size(), 32u);
  EXPECT_EQ(boot_id(), boot_id());
  EXPECT_EQ(boot_id().find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Clock, BootIdNeedsNoDescriptorOnceItIsKnown) {
  ASSERT_EQ(boot_id().size(), 32u);
  EXPECT_EXIT(
      {
        rlimit none{};
        ::setrlimit(RLIMIT_NOFILE, &none);
        std::_Exit(boot_id().size() == 32 ? 7 : 8);
      },
      testing::ExitedWithCode(7), "");
}

TEST(Random, TextsAreOfTheAlphabetAndDiffer) {
  std::set<std::string> texts;
  for (int i = 0; i < 100; ++i) {
    const std::string text = random_text(12);
    EXPECT_EQ(text.size(), 12u);
    EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos);
    texts.insert(text);
  }
  EXPECT_EQ(texts.size(), 100u);
  EXPECT_EQ(random_text(0), "");
  EXPECT_EQ(random_text(1000).size(), 1000u);
  EXPECT_NE(random_seed(), random_seed());
}

TEST(FormatUtc, WritesMicroseconds) {
  EXPECT_EQ(format_utc(Instant{0}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_utc(Instant{1'795'305'454'123'456'789}), "2026-11-21T23:57:34.123456Z");
  EXPECT_EQ(format_utc(Instant{951'782'400'000'000'000}), "2000-02-29T00:00:00.000000Z");
  EXPECT_EQ(format_utc(Instant{-1}), "1969-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace levi::os
