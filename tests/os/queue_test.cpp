#include "core/os/queue.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>

#include "core/os/thread.h"

namespace levi::os {
namespace {

TEST(SpscQueue, IsFullAtItsCapacityAndEmptyAtTheEnd) {
  SpscQueue<int> queue(4);
  EXPECT_FALSE(queue.pop());
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.push(i));
  EXPECT_FALSE(queue.push(4));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(queue.pop(), i);
  EXPECT_FALSE(queue.pop());
}

TEST(SpscQueue, GivesUpWhatItHandsOut) {
  SpscQueue<std::shared_ptr<int>> queue(2);
  auto value = std::make_shared<int>(1);
  queue.push(value);
  EXPECT_EQ(value.use_count(), 2);
  queue.pop();
  EXPECT_EQ(value.use_count(), 1);
}

TEST(SpscQueueDeathTest, CapacityIsAPowerOfTwo) {
  EXPECT_DEATH(SpscQueue<int>(3), "check failed");
  EXPECT_DEATH(SpscQueue<int>(1), "check failed");
}

TEST(SpscQueue, CarriesEverythingInOrderBetweenTwoThreads) {
  constexpr std::uint64_t kCount = 200'000;
  SpscQueue<std::uint64_t> queue(64);
  Thread writer = start_thread("writer", [&] {
    for (std::uint64_t i = 0; i < kCount;) i += queue.push(i) ? 1 : 0;
  });
  for (std::uint64_t expected = 0; expected < kCount;) {
    if (const auto value = queue.pop()) {
      ASSERT_EQ(*value, expected);
      ++expected;
    }
  }
  writer.join();
}

}  // namespace
}  // namespace levi::os
