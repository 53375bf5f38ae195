#include "core/market/order_book.h"

#include <gtest/gtest.h>

namespace levi::market {
namespace {

using Levels = std::vector<Level>;

Level level(std::int64_t price, std::int64_t quantity) { return {{price}, {quantity}}; }

class OrderBookTest : public testing::Test {
 protected:
  DeltaResult delta(std::uint64_t from, std::uint64_t to, const Levels& bids = {},
                    const Levels& asks = {}) {
    return book_.on_delta(from, to, bids, asks);
  }
  SnapshotResult snapshot(std::uint64_t version, const Levels& bids = {level(99, 1), level(98, 2)},
                          const Levels& asks = {level(101, 3), level(102, 4)},
                          bool complete = true) {
    return book_.on_snapshot(version, bids, asks, complete);
  }

  OrderBook book_;
};

TEST_F(OrderBookTest, IsNotValidBeforeItsFirstSnapshot) {
  EXPECT_FALSE(book_.valid());
  EXPECT_EQ(delta(1, 1, {level(99, 1)}), DeltaResult::kBuffered);
  EXPECT_FALSE(book_.valid());
}

TEST_F(OrderBookTest, TakesASnapshotAndTheDeltasThatFollowIt) {
  EXPECT_EQ(snapshot(10), SnapshotResult::kMerged);
  EXPECT_EQ(book_.top(), (Top{{99}, {1}, {101}, {3}}));
  EXPECT_EQ(delta(11, 12, {level(100, 5)}, {level(101, 0)}), DeltaResult::kApplied);
  EXPECT_EQ(book_.top(), (Top{{100}, {5}, {102}, {4}}));
  EXPECT_EQ(book_.version(), 12u);
}

TEST_F(OrderBookTest, MergesBufferedDeltasIntoTheSnapshot) {
  delta(8, 10, {level(98, 7)});   // wholly in the snapshot
  delta(11, 12, {level(99, 8)});  // overlaps its end
  delta(13, 13, {}, {level(101, 9)});
  EXPECT_EQ(snapshot(11), SnapshotResult::kMerged);
  EXPECT_EQ(book_.version(), 13u);
  EXPECT_EQ(book_.top(), (Top{{99}, {8}, {101}, {9}}));
  EXPECT_EQ(book_.bids().level(1), level(98, 2)) << "the snapshot is newer than the first delta";
}

TEST_F(OrderBookTest, RefusesASnapshotOlderThanTheFirstBufferedDelta) {
  delta(20, 21);
  EXPECT_EQ(snapshot(18), SnapshotResult::kTooOld);
  EXPECT_FALSE(book_.valid());
  EXPECT_EQ(snapshot(19), SnapshotResult::kMerged) << "19 and 20 join up";
  EXPECT_EQ(book_.version(), 21u);
}

TEST_F(OrderBookTest, AGapPoisonsTheBookUntilASnapshotJoinsUp) {
  snapshot(10);
  EXPECT_EQ(delta(12, 12), DeltaResult::kGap);
  EXPECT_FALSE(book_.valid());
  EXPECT_EQ(delta(13, 14, {level(100, 5)}), DeltaResult::kBuffered);
  EXPECT_EQ(snapshot(10), SnapshotResult::kTooOld) << "11 is still missing";
  EXPECT_EQ(snapshot(11), SnapshotResult::kMerged);
  EXPECT_EQ(book_.version(), 14u);
  EXPECT_EQ(book_.top().bid_price, Price{100});
}

TEST_F(OrderBookTest, AGapAmongBufferedDeltasMakesTheEarlierOnesWorthless) {
  delta(11, 12);
  delta(15, 16);
  EXPECT_EQ(snapshot(12), SnapshotResult::kTooOld);
  EXPECT_EQ(snapshot(14), SnapshotResult::kMerged);
  EXPECT_EQ(book_.version(), 16u);
}

TEST_F(OrderBookTest, TwoSocketsMayDeliverTheSameStream) {
  snapshot(10);
  EXPECT_EQ(delta(11, 12, {level(99, 5)}), DeltaResult::kApplied);
  EXPECT_EQ(delta(11, 12, {level(99, 5)}), DeltaResult::kDropped);
  EXPECT_EQ(delta(12, 14, {level(99, 6)}), DeltaResult::kApplied)
      << "cut differently by the other socket";
  EXPECT_EQ(delta(14, 14, {level(99, 7)}), DeltaResult::kDropped);
  EXPECT_EQ(book_.top().bid_quantity, Quantity{6});
}

TEST_F(OrderBookTest, NonsenseIsAGap) {
  const struct {
    const char* what;
    std::uint64_t from, to;
    Levels bids;
  } cases[] = {
      {"ends before it begins", 12, 11, {}},
      {"negative quantity", 11, 11, {level(99, -1)}},
      {"price zero", 11, 11, {level(0, 1)}},
  };
  for (const auto& one : cases) {
    snapshot(10);
    ASSERT_TRUE(book_.valid());
    EXPECT_EQ(delta(one.from, one.to, one.bids), DeltaResult::kGap) << one.what;
    EXPECT_FALSE(book_.valid()) << one.what;
  }
  EXPECT_EQ(snapshot(10, {level(-5, 1)}), SnapshotResult::kBad);
  EXPECT_FALSE(book_.valid());
}

TEST_F(OrderBookTest, AResetForgetsWhatWasBuffered) {
  delta(20, 21);
  book_.reset();
  EXPECT_EQ(snapshot(10), SnapshotResult::kMerged);
  EXPECT_EQ(book_.version(), 10u);
}

TEST_F(OrderBookTest, AnOlderSnapshotDoesNotDisturbAValidBook) {
  snapshot(10);
  delta(11, 11, {level(100, 1)});
  EXPECT_EQ(snapshot(10), SnapshotResult::kTooOld);
  EXPECT_TRUE(book_.valid());
  EXPECT_EQ(book_.top().bid_price, Price{100});
}

TEST_F(OrderBookTest, ASideEatenUpToWhatALimitedSnapshotShowedIsNotBelieved) {
  // Below 98 the venue may have bids that the snapshot did not show: "the best bid is 90" would be
  // a guess.
  EXPECT_EQ(snapshot(10, {level(99, 1), level(98, 2)}, {level(101, 1)}, false),
            SnapshotResult::kMerged);
  EXPECT_EQ(delta(11, 11, {level(90, 5)}), DeltaResult::kApplied);
  EXPECT_EQ(book_.bids().size(), 2u) << "a level beyond the horizon is not kept";
  EXPECT_EQ(delta(12, 12, {level(99, 0)}), DeltaResult::kApplied);
  EXPECT_EQ(delta(13, 13, {level(98, 0)}), DeltaResult::kExhausted);
  EXPECT_FALSE(book_.valid());
  EXPECT_EQ(snapshot(12), SnapshotResult::kTooOld);
  EXPECT_EQ(snapshot(13, {level(90, 5)}), SnapshotResult::kMerged);
}

TEST_F(OrderBookTest, AnEmptySideOfACompleteBookIsEmpty) {
  snapshot(10, {level(99, 1)}, {});
  EXPECT_EQ(delta(11, 11, {level(99, 0)}), DeltaResult::kApplied);
  EXPECT_TRUE(book_.valid());
  EXPECT_EQ(book_.top(), Top{});
}

TEST(OrderBookLimits, TheBufferIsBoundedAndForgetsTheOldestFirst) {
  OrderBook book({.levels_max = 10, .buffered_levels_max = 8});
  const Levels one{level(99, 1)};
  for (std::uint64_t version = 1; version <= 100; ++version)
    book.on_delta(version, version, one, {});
  EXPECT_EQ(book.on_snapshot(50, one, {}, true), SnapshotResult::kTooOld);
  EXPECT_EQ(book.on_snapshot(99, one, {}, true), SnapshotResult::kMerged);
  EXPECT_EQ(book.version(), 100u);
  const Levels nine(9, level(98, 1));
  book.reset();
  EXPECT_EQ(book.on_delta(101, 101, nine, {}), DeltaResult::kBuffered);
  EXPECT_EQ(book.on_snapshot(100, one, {}, true), SnapshotResult::kTooOld)
      << "101 was seen and could not be kept";
  EXPECT_EQ(book.on_snapshot(101, one, {}, true), SnapshotResult::kMerged);
}

TEST(OrderBookLimits, AHundredDeepBooksFitIntoFourMebibytes) {
  // levid has 64 MiB for everything. 1064 levels of 16 bytes on two sides, a hundred times.
  EXPECT_LE(100 * 2 * (kLevelsMax + 64 + 1) * sizeof(Level), std::size_t{4} << 20);
}

}  // namespace
}  // namespace levi::market
