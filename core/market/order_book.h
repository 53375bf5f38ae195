// An order book from a snapshot plus deltas, by MEXC's version rule. Pure; owned by the feed's
// thread.
//
// A delta covers the versions `from`..`to`. Before the first snapshot, and after a gap, the book is
// not valid: deltas are buffered (bounded) until a snapshot joins up with them. Deltas that are
// wholly old are dropped, and overlapping ones applied (their quantities are absolute): two sockets
// may deliver the same stream while one replaces the other. A delta that begins beyond version + 1
// is a gap: the book is poisoned, and not traded on until a new snapshot is merged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/decimal.h"
#include "core/market/book_side.h"

namespace levi::market {

inline constexpr std::size_t kLevelsMax = 1000;  // per side: 34 KB a symbol for both
inline constexpr std::size_t kBufferedLevelsMax =
    4096;  // 64 KB, released when the snapshot is merged

struct BookLimits {
  std::size_t levels_max = kLevelsMax;
  std::size_t buffered_levels_max = kBufferedLevelsMax;
};

struct Top {  // an empty side has price and quantity 0
  Price bid_price;
  Quantity bid_quantity;
  Price ask_price;
  Quantity ask_quantity;
  friend bool operator==(const Top&, const Top&) = default;
};

enum class DeltaResult : std::uint8_t {
  kApplied = 1,
  kBuffered,  // waits for a snapshot
  kDropped,   // holds nothing new
  kGap,       // versions are missing, or the levels are nonsense: poisoned, a snapshot is needed
  kExhausted  // every level that we know is gone: poisoned, a snapshot is needed
};
enum class SnapshotResult : std::uint8_t {
  kMerged = 1,
  kTooOld,  // does not reach up to the buffered deltas, or too few levels outlive them: fetch again
  kBad      // levels are nonsense
};

class OrderBook {
 public:
  explicit OrderBook(BookLimits limits = {});

  DeltaResult on_delta(std::uint64_t from, std::uint64_t to, std::span<const Level> bids,
                       std::span<const Level> asks);
  // `complete`: the venue sent fewer levels than were asked for, so there are no others.
  SnapshotResult on_snapshot(std::uint64_t version, std::span<const Level> bids,
                             std::span<const Level> asks, bool complete);
  // The connection is gone: what comes next may not join up. Buffered deltas are forgotten.
  void reset();

  bool valid() const { return valid_; }
  std::uint64_t version() const { return version_; }
  Top top() const;  // of the last valid book: ask valid() first
  const BookSide& bids() const { return bids_; }
  const BookSide& asks() const { return asks_; }

 private:
  struct Buffered {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::size_t bids = 0;  // levels of it in buffered_levels_, then so many asks
    std::size_t asks = 0;
  };
  DeltaResult apply(std::uint64_t to, std::span<const Level> bids, std::span<const Level> asks);
  void buffer(std::uint64_t from, std::uint64_t to, std::span<const Level> bids,
              std::span<const Level> asks);
  void forget_older_half();
  SnapshotResult merge_buffered();

  BookLimits limits_;
  BookSide bids_;
  BookSide asks_;
  bool valid_ = false;
  std::uint64_t version_ = 0;
  std::uint64_t lost_to_ =
      0;  // versions up to here were seen and not kept: a snapshot must be at least as new
  std::vector<Buffered> buffered_;  // without gaps, ascending
  std::vector<Level> buffered_levels_;
};

}  // namespace levi::market
