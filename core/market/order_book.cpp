#include "core/market/order_book.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace levi::market {
namespace {

constexpr std::size_t kBufferedDeltasMax = 1024;

bool sane(std::span<const Level> levels) {
  return std::all_of(levels.begin(), levels.end(), [](const Level& level) {
    return level.price.value > 0 && level.quantity.value >= 0;
  });
}

}  // namespace

OrderBook::OrderBook(BookLimits limits)
    : limits_(limits), bids_(Side::kBuy, limits.levels_max), asks_(Side::kSell, limits.levels_max) {
  LEVI_CHECK(limits.levels_max > 0 && limits.buffered_levels_max > 0);
}

DeltaResult OrderBook::on_delta(std::uint64_t from, std::uint64_t to, std::span<const Level> bids,
                                std::span<const Level> asks) {
  if (from > to || !sane(bids) || !sane(asks)) {
    reset();  // Its versions are not believed either: the next delta will show what is missing.
    return DeltaResult::kGap;
  }
  if (!valid_) {
    buffer(from, to, bids, asks);
    return DeltaResult::kBuffered;
  }
  if (to <= version_) return DeltaResult::kDropped;
  if (from > version_ && from - version_ > 1) {
    reset();
    buffer(from, to, bids, asks);
    return DeltaResult::kGap;
  }
  return apply(to, bids, asks);
}

DeltaResult OrderBook::apply(std::uint64_t to, std::span<const Level> bids,
                             std::span<const Level> asks) {
  for (const Level& level : bids) bids_.set(level);
  for (const Level& level : asks) asks_.set(level);
  version_ = to;
  if (!bids_.exhausted() && !asks_.exhausted()) return DeltaResult::kApplied;
  reset();
  lost_to_ = to;
  return DeltaResult::kExhausted;
}

void OrderBook::buffer(std::uint64_t from, std::uint64_t to, std::span<const Level> bids,
                       std::span<const Level> asks) {
  if (!buffered_.empty()) {
    const std::uint64_t last = buffered_.back().to;
    if (to <= last) return;
    if (from > last && from - last > 1) {  // what came before can't be joined to this any more
      buffered_.clear();
      buffered_levels_.clear();
    }
  }
  while (!buffered_.empty() &&
         (buffered_.size() >= kBufferedDeltasMax ||
          buffered_levels_.size() + bids.size() + asks.size() > limits_.buffered_levels_max)) {
    forget_older_half();
  }
  if (bids.size() + asks.size() > limits_.buffered_levels_max) {
    lost_to_ = std::max(lost_to_, to);
    return;
  }
  buffered_.push_back({from, to, bids.size(), asks.size()});
  buffered_levels_.insert(buffered_levels_.end(), bids.begin(), bids.end());
  buffered_levels_.insert(buffered_levels_.end(), asks.begin(), asks.end());
}

void OrderBook::forget_older_half() {
  const std::size_t count = (buffered_.size() + 1) / 2;
  std::size_t levels = 0;
  for (std::size_t i = 0; i < count; ++i) levels += buffered_[i].bids + buffered_[i].asks;
  buffered_.erase(buffered_.begin(), buffered_.begin() + static_cast<std::ptrdiff_t>(count));
  buffered_levels_.erase(buffered_levels_.begin(),
                         buffered_levels_.begin() + static_cast<std::ptrdiff_t>(levels));
}

SnapshotResult OrderBook::on_snapshot(std::uint64_t version, std::span<const Level> bids,
                                      std::span<const Level> asks, bool complete) {
  if (!sane(bids) || !sane(asks)) return SnapshotResult::kBad;
  if (valid_ && version < version_) return SnapshotResult::kTooOld;
  const bool joins = buffered_.empty() || buffered_.front().from <= version ||
                     buffered_.front().from - version == 1;
  if (version < lost_to_ || !joins) return SnapshotResult::kTooOld;
  bids_.assign(bids, complete);
  asks_.assign(asks, complete);
  version_ = version;
  valid_ = true;
  lost_to_ = 0;
  return merge_buffered();
}

SnapshotResult OrderBook::merge_buffered() {
  const std::vector<Buffered> deltas =
      std::exchange(buffered_, {});  // frees both: a symbol keeps no idle buffer
  const std::vector<Level> levels = std::exchange(buffered_levels_, {});
  std::span<const Level> rest(levels);
  for (const Buffered& delta : deltas) {
    const auto bids = rest.first(delta.bids);
    const auto asks = rest.subspan(delta.bids, delta.asks);
    rest = rest.subspan(delta.bids + delta.asks);
    if (delta.to <= version_) continue;
    if (apply(delta.to, bids, asks) == DeltaResult::kApplied) continue;
    lost_to_ = deltas.back().to;
    return SnapshotResult::kTooOld;
  }
  return SnapshotResult::kMerged;
}

void OrderBook::reset() {
  valid_ = false;
  lost_to_ = 0;
  buffered_.clear();
  buffered_levels_.clear();
}

Top OrderBook::top() const {
  Top top;
  if (!bids_.empty())
    top.bid_price = bids_.level(0).price, top.bid_quantity = bids_.level(0).quantity;
  if (!asks_.empty())
    top.ask_price = asks_.level(0).price, top.ask_quantity = asks_.level(0).quantity;
  return top;
}

}  // namespace levi::market
