// Reading the projection, for the API: a read-only connection with a short timeout.
//
// One thread per object. Every call fails with kBusy rather than wait longer than kReadTimeout, and
// with kNotFound where there is no database yet. Newest rows first.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/decimal.h"
#include "core/base/instant.h"
#include "core/base/result.h"

namespace levi::store {

inline constexpr Nanos kReadTimeout = 50ms;
inline constexpr std::uint32_t kReadRowsMax = 1000;  // larger limits are cut to it

struct SignalRow {
  std::uint64_t record = 0;  // its sequence in the journal
  Instant instant;
  std::string engine;
  std::string symbol;
  std::string kind;   // "place", "signal"
  std::string side;   // "buy", "sell"
  std::string price;  // decimal text; "" where it was market or not known
  std::string quantity;
  std::string outcome;  // "accepted", or the refusal's name
  std::optional<std::uint64_t> order;
};

struct TradeRow {
  std::uint64_t record = 0;
  Instant instant;
  std::string symbol;
  std::string trade;
  std::uint64_t order = 0;
  std::string client_id;  // "" where the order is not in the database
  std::string engine;     // "" for a flatten order, or one adopted from the venue
  std::string side;
  std::string price;
  std::string quantity;
  Money notional;
  Money fee;
  Money realised;  // what this fill added, its fee included
  bool maker = false;
};

struct ProjectionRow {
  std::string instance;
  std::uint64_t last_sequence = 0;
  Instant last_instant;
  std::uint64_t gaps = 0;
};

class StoreReader {
 public:
  explicit StoreReader(std::string path);
  StoreReader(StoreReader&&) noexcept;
  StoreReader& operator=(StoreReader&&) noexcept;
  ~StoreReader();

  Result<std::vector<SignalRow>> recent_signals(std::uint32_t limit);
  Result<std::vector<TradeRow>> trades(std::uint32_t limit);
  Result<ProjectionRow> projection();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace levi::store
