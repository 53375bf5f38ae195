// Ledger: the exchange as witness. What arrived, on which connection, in which order, and what came
// of it.
//
// Every entry has the next arrival number, from 1, without gaps: order (accepted, rejected or
// duplicate), cancel, fill, the opening and the end of a connection, fault. A connection's `end` is
// written when every byte that it still held was read and handled. Only clients' orders are here:
// the market flow's can be had again from its seed. One thread. Kept in memory up to `entries_max`;
// beyond it the oldest go, and `truncated_before` says so. The file is a copy for reading later: a
// SIGKILL may cost its last kFlushPeriod.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/os/fd.h"
#include "exchange/matching/types.h"

namespace levi::exchange {

using ConnectionOrdinal =
    Id<struct ConnectionTag, std::uint64_t>;  // from 1; 0 is the exchange itself
using Arrival = Id<struct ArrivalTag, std::uint64_t>;

inline constexpr AccountId kNoAccount{UINT16_MAX};
inline constexpr SymbolId kNoSymbol{UINT16_MAX};

enum class EntryKind : std::uint8_t { kOrder, kCancel, kFill, kOpen, kEnd, kFault };
inline constexpr std::size_t kEntryKindCount = 6;
enum class EntryStatus : std::uint8_t {
  kNone,
  kAccepted,
  kRejected,
  kDuplicate,
  kCanceled,
  kPartiallyCanceled,
};
inline constexpr std::size_t kEntryStatusCount = 6;
enum class FaultKind : std::uint8_t {
  kReset,
  kHalfOpen,
  kRefuse,
  kSilence,
  kSkipVersions,
  kLoseAnswer,
  kClockOffset,
  kLatency,
  kReverted,
};

const char* to_string(EntryKind kind);      // "order"
const char* to_string(EntryStatus status);  // "accepted"; "" for kNone
const char* to_string(FaultKind kind);      // "half_open"

// Where and when something arrived.
struct Origin {
  ConnectionOrdinal connection;
  MonoTime mono;
  Instant wall;
};

// Fields that do not apply stay as they are here, and are absent in JSON.
struct LedgerEntry {
  Arrival arrival;
  EntryKind kind = EntryKind::kOrder;
  EntryStatus status = EntryStatus::kNone;
  FaultKind fault = FaultKind::kReset;
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  bool maker = false;
  AccountId account = kNoAccount;
  SymbolId symbol = kNoSymbol;
  std::int32_t code = 0;
  Origin origin;
  OrderId order;
  TradeNumber trade;
  Price price;
  Quantity quantity;
  Price fill_price;
  Quantity fill_quantity;
  Quantity remaining;
  ClientOrderId client_id;  // of a fault: its tag, cut to 32 characters
};

class Ledger {
 public:
  static constexpr std::size_t kEntriesMaxDefault = 2'000'000;
  static constexpr Nanos kFlushPeriod{10'000'000};

  explicit Ledger(std::size_t entries_max = kEntriesMaxDefault) : entries_max_(entries_max) {}

  Arrival append(LedgerEntry entry);
  const std::deque<LedgerEntry>& entries() const { return entries_; }  // consecutive arrivals
  Arrival last() const { return Arrival{next_ - 1}; }
  Arrival truncated_before() const {
    return Arrival{next_ - entries_.size()};
  }  // the first that is still here
  // Index into entries() of the first with a higher arrival.
  std::size_t index_after(Arrival after) const;
  // Orders that arrived in (until - window, until].
  std::uint64_t orders_between(MonoTime from, MonoTime until) const;

 private:
  std::size_t entries_max_;
  std::deque<LedgerEntry> entries_;
  std::uint64_t next_ = 1;
};

// Appends lines to a file: buffered, written by `flush`. Past `bytes_max` the file becomes FILE.1,
// in the place of an older one, and a new one begins: a stage that trades for days fills no disk. A
// failing write is returned once; the memory remains the witness.
class LedgerFile {
 public:
  static constexpr std::uint64_t kBytesMaxDefault = 256ull * 1024 * 1024;

  static Result<LedgerFile> open(const std::string& path,
                                 std::uint64_t bytes_max = kBytesMaxDefault);
  void add(std::string_view line);
  Status flush();

 private:
  LedgerFile(os::Fd fd, std::string path, std::uint64_t bytes, std::uint64_t bytes_max)
      : fd_(std::move(fd)), path_(std::move(path)), bytes_(bytes), bytes_max_(bytes_max) {}
  Status rotate();

  os::Fd fd_;
  std::string path_;
  std::string buffer_;
  std::uint64_t bytes_;
  std::uint64_t bytes_max_;
};

}  // namespace levi::exchange
