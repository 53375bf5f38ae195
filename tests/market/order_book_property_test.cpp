// The book against a naive model that keeps every level the venue ever had.
#include <gtest/gtest.h>

#include <map>

#include "core/base/random.h"
#include "core/market/order_book.h"
#include "tests/support/property.h"

namespace levi::market {
namespace {

using Levels = std::vector<Level>;

// The venue: complete, and versioned one change at a time.
class NaiveVenue {
 public:
  NaiveVenue(Random& random, std::uint64_t spread) : random_(random), spread_(spread) {}

  struct Push {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    Levels bids;
    Levels asks;
  };
  Push change() {
    Push push;
    push.from = version_ + 1;
    const auto changes = 1 + random_.below(4);
    for (std::uint64_t i = 0; i < changes; ++i) {
      ++version_;
      const bool bid = random_.below(2) == 0;
      middle_ += static_cast<std::int64_t>(random_.below(3)) - 1;
      const std::int64_t distance = 1 + static_cast<std::int64_t>(random_.below(spread_));
      const Price price{bid ? middle_ - distance : middle_ + distance};
      const Quantity quantity{static_cast<std::int64_t>(random_.below(3))};
      auto& side = bid ? bids_ : asks_;
      if (quantity.value == 0)
        side.erase(price);
      else
        side[price] = quantity;
      (bid ? push.bids : push.asks).push_back({price, quantity});
    }
    push.to = version_;
    return push;
  }
  Levels bids(std::size_t limit) const {
    Levels levels;
    for (auto it = bids_.rbegin(); it != bids_.rend() && levels.size() < limit; ++it) {
      levels.push_back({it->first, it->second});
    }
    return levels;
  }
  Levels asks(std::size_t limit) const {
    Levels levels;
    for (auto it = asks_.begin(); it != asks_.end() && levels.size() < limit; ++it) {
      levels.push_back({it->first, it->second});
    }
    return levels;
  }
  std::uint64_t version() const { return version_; }

 private:
  Random& random_;
  std::uint64_t
      spread_;  // how far from the middle levels lie: wide books are cut, narrow ones eaten up
  std::int64_t middle_ = 1000;
  std::uint64_t version_ = 100;
  std::map<Price, Quantity> bids_;
  std::map<Price, Quantity> asks_;
};

// Every level that the book claims is the venue's, in order and without holes.
void expect_agreement(const BookSide& side, const Levels& truth) {
  RC_ASSERT(side.size() <= truth.size());
  for (std::size_t i = 0; i < side.size(); ++i) RC_ASSERT(side.level(i) == truth[i]);
  if (!side.horizon()) RC_ASSERT(side.size() == truth.size());
}

struct Snapshot {
  std::uint64_t version = 0;
  Levels bids;
  Levels asks;
  bool complete = false;
};

Snapshot fetch(const NaiveVenue& venue, std::size_t limit) {
  Snapshot snapshot{venue.version(), venue.bids(limit), venue.asks(limit), false};
  snapshot.complete = snapshot.bids.size() < limit && snapshot.asks.size() < limit;
  return snapshot;
}

TEST(OrderBookProperty, AValidBookIsTheVenuesBookUpToItsVersion) {
  EXPECT_TRUE(test::holds("a valid book is the venue's book", [](std::uint64_t seed) {
    Random random(seed);
    NaiveVenue venue(random, random.below(2) == 0 ? 20 : 400);
    OrderBook book(
        {.levels_max = 1 + random.below(30), .buffered_levels_max = 1 + random.below(64)});
    Snapshot late;  // a REST answer on its way
    std::uint64_t valid_steps = 0;
    for (int step = 0; step < 200; ++step) {
      const auto push = venue.change();
      const bool lost = random.below(40) == 0;
      if (!lost) {
        const bool was_valid = book.valid();
        const auto result = book.on_delta(push.from, push.to, push.bids, push.asks);
        if (was_valid) RC_ASSERT(result == DeltaResult::kApplied || !book.valid());
        if (random.below(10) == 0)
          book.on_delta(push.from, push.to, push.bids, push.asks);  // the other socket
      }
      if (random.below(8) == 0) late = fetch(venue, 5 + random.below(40));
      if (!book.valid() && late.version != 0 && random.below(3) == 0) {
        book.on_snapshot(late.version, late.bids, late.asks, late.complete);
      }
      if (book.valid() && book.version() == venue.version()) {
        ++valid_steps;
        expect_agreement(book.bids(), venue.bids(1000));
        expect_agreement(book.asks(), venue.asks(1000));
        if (book.bids().size() > 0) RC_ASSERT(book.top().bid_price == venue.bids(1)[0].price);
      }
    }
    RC_CLASSIFY(valid_steps > 50, "valid for more than a quarter of its steps");
  }));
}

TEST(OrderBookProperty, AnyBytesLeaveItStanding) {
  EXPECT_TRUE(
      test::holds("random versions and levels never crash the book", [](std::uint64_t seed) {
        Random random(seed);
        OrderBook book({.levels_max = 4, .buffered_levels_max = 16});
        const auto levels = [&] {
          Levels some(random.below(20));
          for (Level& one : some) {
            one = {{static_cast<std::int64_t>(random.next() >> random.below(64))},
                   {static_cast<std::int64_t>(random.next() >> random.below(64))}};
          }
          return some;
        };
        for (int step = 0; step < 200; ++step) {
          const std::uint64_t from = random.next() >> random.below(64);
          if (random.below(3) == 0) {
            book.on_snapshot(from, levels(), levels(), random.below(2) == 0);
          } else {
            book.on_delta(from, from + random.below(3), levels(), levels());
          }
          (void)book.top();
          RC_ASSERT(book.bids().size() <= 4 + 64);
        }
      }));
}

}  // namespace
}  // namespace levi::market
