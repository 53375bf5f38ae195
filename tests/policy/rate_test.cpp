#include "core/policy/rate.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/base/random.h"

namespace levi::policy {
namespace {

constexpr MonoTime kStart{1'000'000'000};
constexpr RateLimit kTenASecond{.weight_max = 10, .window = 1s};

TEST(RateWindow, TakesUpToTheLimitAndNoMore) {
  RateWindow window(kTenASecond);
  EXPECT_TRUE(window.take(6, kStart));
  EXPECT_FALSE(window.take(5, kStart));
  EXPECT_TRUE(window.take(4, kStart));
  EXPECT_EQ(window.used(kStart), 10u);
  EXPECT_FALSE(window.take(1, kStart + 999ms));
  EXPECT_TRUE(window.take(10, kStart + 1s));
}

TEST(RateWindow, SaysWhenItWillBeReady) {
  RateWindow window(kTenASecond);
  EXPECT_TRUE(window.take(3, kStart));
  EXPECT_TRUE(window.take(7, kStart + 400ms));
  EXPECT_EQ(window.ready_at(3, kStart + 500ms), kStart + 1s);
  EXPECT_EQ(window.ready_at(4, kStart + 500ms), kStart + 1400ms);
  EXPECT_EQ(window.ready_at(1, kStart + 2s), kStart + 2s);
  EXPECT_EQ(window.ready_at(11, kStart), kNever);
}

TEST(RateWindow, WaitsOutARetryAfter) {
  RateWindow window(kTenASecond);
  window.punish(kStart + 5s);
  EXPECT_FALSE(window.take(1, kStart + 4999ms));
  EXPECT_EQ(window.ready_at(1, kStart), kStart + 5s);
  window.punish(kStart + 2s);  // a shorter one does not shorten it
  EXPECT_FALSE(window.take(1, kStart + 3s));
  EXPECT_TRUE(window.take(1, kStart + 5s));
}

TEST(RateWindow, NoWindowOfTheVenueEverHoldsMoreThanTheLimit) {
  struct Sent {
    MonoTime at;
    std::uint32_t weight;
  };
  Random random(11);
  RateWindow window(kTenASecond);
  std::vector<Sent> sent;
  MonoTime now = kStart;
  for (int i = 0; i < 20'000; ++i) {
    now += Nanos{static_cast<std::int64_t>(random.below(60'000'000))};
    const auto weight = static_cast<std::uint32_t>(1 + random.below(4));
    const MonoTime ready = window.ready_at(weight, now);
    const bool taken = window.take(weight, now);
    EXPECT_EQ(taken, ready == now);
    if (taken) sent.push_back({now, weight});
  }
  std::uint32_t in_window = 0;
  std::size_t first = 0;
  for (const Sent& one : sent) {
    in_window += one.weight;
    while (one.at - sent[first].at >= kTenASecond.window) in_window -= sent[first++].weight;
    ASSERT_LE(in_window, kTenASecond.weight_max);
  }
  std::uint64_t total = 0;
  for (const Sent& one : sent) total += one.weight;
  const auto seconds = static_cast<std::uint64_t>((now - kStart) / 1s);
  EXPECT_GT(total, seconds * 9) << "and the allowance is used";
}

}  // namespace
}  // namespace levi::policy
