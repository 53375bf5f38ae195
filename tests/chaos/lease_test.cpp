// When the guard takes everything back by itself, in virtual time.
#include "chaos/guard/lease.h"

#include <gtest/gtest.h>

namespace levi::chaos {
namespace {

constexpr Nanos kSilence = 10s;

class LeaseTest : public testing::Test {
 protected:
  // Ticks that come `late` each, until there is a reason or `duration` is over.
  std::string silent_for(Nanos duration, Nanos late = 0s) {
    const MonoTime end = now_ + duration;
    std::string why;
    while (why.empty() && now_ < end) {
      now_ += lease_.tick_period() + late;
      why = lease_.tick(now_, [this] {
        ++looks_;
        return state_;
      });
    }
    return why;
  }

  Lease lease_{kSilence};
  MonoTime now_{1'000'000'000};
  char state_ = 'S';
  int looks_ = 0;
};

TEST_F(LeaseTest, WithNothingStandingSilenceIsNobodysBusiness) {
  EXPECT_EQ(silent_for(3600s), "");
  lease_.stands(1, kNever);
  lease_.ended(1);
  EXPECT_EQ(silent_for(3600s), "");
  // And what was silent before does not count against the next fault.
  lease_.stands(2, kNever);
  EXPECT_EQ(silent_for(kSilence - 1s), "");
  EXPECT_EQ(looks_, 0);
}

TEST_F(LeaseTest, AFaultIsTakenBackAfterTenSilentSeconds) {
  lease_.stands(1, kNever);
  EXPECT_EQ(silent_for(kSilence - lease_.tick_period()), "");
  EXPECT_EQ(silent_for(2 * lease_.tick_period()), "levictl gave no sign of life");
  EXPECT_EQ(looks_, 1);
}

TEST_F(LeaseTest, AnyWordBeginsTheTenSecondsAnew) {
  lease_.stands(1, kNever);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(silent_for(kSilence - 1s), "");
    lease_.heard();
  }
  EXPECT_NE(silent_for(kSilence * 2), "");
}

// A machine that stalls for seconds at a time says nothing about levictl.
TEST_F(LeaseTest, ATickThatComesLateDoesNotCount) {
  lease_.stands(1, kNever);
  EXPECT_EQ(silent_for(3600s, Lease::kLateMax), "");
  EXPECT_NE(silent_for(kSilence * 10, Lease::kLateMax - 1ms), "");
}

TEST_F(LeaseTest, ALevictlThatWorksGetsThreeMoreTimes) {
  for (const char state : {'R', 'D'}) {
    SCOPED_TRACE(state);
    state_ = state;
    looks_ = 0;
    lease_.stands(1, kNever);
    lease_.heard();
    EXPECT_EQ(silent_for(kSilence * 4 - 1s), "");
    EXPECT_NE(silent_for(2s), "");
    EXPECT_EQ(looks_, 1 + Lease::kExtensionsMax);
  }
}

TEST_F(LeaseTest, OneThatWasStoppedOrIsGoneGetsNone) {
  for (const char state : {'T', 't', 'Z', '\0'}) {
    SCOPED_TRACE(state);
    state_ = state;
    lease_.stands(1, kNever);
    lease_.heard();
    EXPECT_NE(silent_for(kSilence + 1s), "");
  }
}

TEST_F(LeaseTest, NoFaultOutlivesItsOrderWhateverIsHeard) {
  lease_.stands(1, now_ + 60s);
  lease_.stands(2, now_ + 25s);
  std::string why;
  const MonoTime began = now_;
  while (why.empty() && now_ < began + 120s) {
    lease_.heard();
    why = silent_for(lease_.tick_period());
  }
  EXPECT_EQ(why, "a fault stood for longer than its trial may take");
  EXPECT_EQ((now_ - began) / 1s, 25);
}

// The guard itself may have been away over the end.
TEST_F(LeaseTest, TheEndOfAnOrderIsSeenByALateTickToo) {
  lease_.stands(1, now_ + 25s);
  EXPECT_NE(silent_for(3600s, 3600s), "");
}

}  // namespace
}  // namespace levi::chaos
