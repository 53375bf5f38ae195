#include "core/market/book_side.h"

#include <algorithm>

namespace levi::market {
namespace {

constexpr std::size_t kSlack =
    64;  // levels above the maximum before the worst are dropped in one move

}  // namespace

void BookSide::assign(std::span<const Level> levels, bool complete) {
  levels_.clear();
  levels_.reserve(levels_max_ + kSlack + 1);
  horizon_.reset();
  std::vector<Level> sorted(levels.begin(), levels.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [this](const Level& a, const Level& b) { return better(b.price, a.price); });
  const std::size_t skipped = sorted.size() > levels_max_ ? sorted.size() - levels_max_ : 0;
  for (std::size_t i = skipped; i < sorted.size(); ++i) {
    if (!levels_.empty() && levels_.back().price == sorted[i].price)
      levels_.pop_back();  // the last one said
    if (sorted[i].quantity.value > 0) levels_.push_back(sorted[i]);
  }
  if ((!complete || skipped > 0) && !sorted.empty()) horizon_ = sorted[skipped].price;
}

void BookSide::set(Level level) {
  if (horizon_ && better(*horizon_, level.price)) return;
  const auto at =
      std::lower_bound(levels_.begin(), levels_.end(), level.price,
                       [this](const Level& a, Price price) { return better(price, a.price); });
  const bool found = at != levels_.end() && at->price == level.price;
  if (level.quantity.value == 0) {
    if (found) levels_.erase(at);
  } else if (found) {
    at->quantity = level.quantity;
  } else {
    levels_.insert(at, level);
    if (levels_.size() > levels_max_ + kSlack) trim(levels_max_);
  }
}

void BookSide::trim(std::size_t size_max) {
  levels_.erase(levels_.begin(), levels_.end() - static_cast<std::ptrdiff_t>(size_max));
  horizon_ = levels_.front().price;
}

void BookSide::clear() {
  levels_.clear();
  horizon_.reset();
}

}  // namespace levi::market
