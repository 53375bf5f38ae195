// TradePages: the account's trades of one symbol in a stretch of time, whatever their number.
//
// Owned by the trading thread. The venue gives at most 100 trades an answer and does not say which:
// a full page is therefore split in two halves of its time, until none is full (DESIGN §4 "full
// pages split"). Each trade is handed on once per answer that holds it; the receiver removes
// repeats.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/os/loop.h"
#include "core/venue/mexc/instruments.h"
#include "core/venue/mexc/records.h"
#include "core/venue/mexc/rest.h"

namespace levi::mexc {

inline constexpr std::size_t kTradesPerPage = 100;
// So far back the venue is asked; it keeps trades for a month.
inline constexpr std::int64_t kTradesKept_ms = std::int64_t{29} * 24 * 3600 * 1000;

struct TradeWindow {
  std::int64_t from_ms = 0;  // both ends included
  std::int64_t to_ms = 0;
};

class TradePages {
 public:
  using OnTrade = std::function<void(const TradeRecord&)>;
  // kCorrupt: some line made no sense, or one millisecond held a whole page: trades are missing.
  using Done = std::function<void(Status)>;
  // Asked before a line is read any further: what others did is no gap of ours.
  using IsOurs = std::function<bool(const std::string& client_id, const std::string& venue_order)>;
  struct Request {
    SymbolId symbol;
    std::string venue_order;  // only this order's; empty: all
    TradeWindow window;
    // Per page; 0: until the venue answers. One that refuses again and again ends it either way.
    unsigned attempts_max = 0;
    IsOurs is_ours = {};  // none: all are
  };

  TradePages(os::Loop& loop, Rest& rest, const Instruments& instruments);
  ~TradePages();
  // The symbol must be known.
  void fetch(Request request, OnTrade on_trade, Done done);

 private:
  struct Fetch;
  void ask(const std::shared_ptr<Fetch>& fetch);
  void on_page(const std::shared_ptr<Fetch>& fetch, const Answer& answer);
  void on_failure(const std::shared_ptr<Fetch>& fetch, const Answer& answer);
  void next(const std::shared_ptr<Fetch>& fetch);

  os::Loop& loop_;
  Rest& rest_;
  const Instruments& instruments_;
  std::shared_ptr<TradePages*>
      alive_;  // a retry's timer that outlives this object finds it expired
};

}  // namespace levi::mexc
