// One side of an order book: price levels, the best first. A value; owned by its OrderBook.
//
// Only what is certainly complete is kept. Beyond the worst level of a limited snapshot, and beyond
// the levels that were dropped to stay within `levels_max`, the venue may have levels that we don't
// know: the side ends there (its horizon), and a side that has been eaten up to its horizon no
// longer knows its best price.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/base/decimal.h"
#include "core/base/ids.h"

namespace levi::market {

struct Level {
  Price price;
  Quantity quantity;
  friend bool operator==(const Level&, const Level&) = default;
};

class BookSide {
 public:
  BookSide(Side side, std::size_t levels_max) : side_(side), levels_max_(levels_max) {}

  // `complete`: the venue has no level beyond these.
  void assign(std::span<const Level> levels, bool complete);
  void set(Level level);  // absolute quantity; 0 deletes
  void clear();

  bool empty() const { return levels_.empty(); }
  // Every known level is gone, and there may be others: the best price is not known.
  bool exhausted() const { return levels_.empty() && horizon_.has_value(); }
  std::size_t size() const { return levels_.size(); }
  const Level& level(std::size_t i) const {
    return levels_[levels_.size() - 1 - i];
  }  // 0 is the best
  std::optional<Price> horizon() const { return horizon_; }

 private:
  bool better(Price a, Price b) const { return side_ == Side::kBuy ? a > b : a < b; }
  void trim(std::size_t size_max);

  Side side_;
  std::size_t levels_max_;
  std::vector<Level> levels_;  // the best at the back, where nearly every change happens
  std::optional<Price> horizon_;
};

}  // namespace levi::market
