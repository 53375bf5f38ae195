// Reconciler: makes our book of orders agree with the venue's, at start and after a loss of pushes
// (contract: Venue::reconcile).
//
// Owned by the venue, on the trading thread. Per symbol, active ones first: what is open there, the
// trades since `since`, then each live order of ours that was not among the open ones by the
// not-found rule. Fills are emitted before states, so that the machine rarely finds a sum short.
// Every question is repeated until the venue answers; answers about ours that make no sense, or
// that are refusals again and again, are counted as unsettled, and the machine then takes the
// latch.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/machine/event.h"
#include "core/machine/order_ids.h"
#include "core/machine/state.h"
#include "core/os/loop.h"
#include "core/venue/mexc/instruments.h"
#include "core/venue/mexc/order_queries.h"
#include "core/venue/mexc/rest.h"
#include "core/venue/mexc/trade_pages.h"

namespace levi::mexc {

class Reconciler {
 public:
  using Emit = std::function<void(const machine::Event&)>;
  struct Parts {
    os::Loop& loop;
    Rest& rest;
    VenueClock& clock;
    const Instruments& instruments;
    OrderQueries& queries;
    TradePages& trades;
    // An order whose answer is still awaited on its connection needs no question.
    std::function<bool(OrderSequence)> is_outstanding;
    std::function<void(const TradeRecord&)> on_trade = {};  // each of ours
  };
  Reconciler(Parts parts, machine::OrderIds ids, Emit emit);
  ~Reconciler();

  // `state` must outlive the reconciliation: it is read again at each symbol's turn.
  void start(const machine::State& state, Instant since);
  bool running() const { return running_; }
  // For people, until the end of this process; empty: none.
  const std::string& trouble() const { return trouble_; }

 private:
  void begin();
  void look_at_window();
  void next_symbol();
  void ask_open(SymbolId symbol);
  void on_open(SymbolId symbol, const Answer& answer);
  void take_unreadable(SymbolId symbol, const nlohmann::json& line);
  bool is_ours(const std::string& client_id, const std::string& venue_order) const;
  std::optional<ClientOrderIdParts> owner_of(const TradeRecord& trade) const;
  void ask_trades(SymbolId symbol);
  void on_trade(const TradeRecord& trade);
  void report(SymbolId symbol);
  void ask_missing(SymbolId symbol);
  void finish_if_done();
  void again(std::function<void()> step, Nanos least);

  const Parts parts_;
  const machine::OrderIds ids_;
  const Emit emit_;
  const machine::State* state_ = nullptr;
  Instant since_;
  bool running_ = false;
  std::uint64_t generation_ = 0;   // raised by each start: answers to an earlier one are dropped
  std::vector<SymbolId> symbols_;  // still to do; the last is next
  // Of the symbol at hand:
  std::vector<machine::VenueOrderState> open_;
  std::vector<machine::ForeignOrder> foreign_;
  std::set<std::uint64_t> listed_;
  unsigned refusals_ = 0;

  std::size_t questions_open_ = 0;
  std::uint32_t orders_checked_ = 0;
  std::uint32_t fills_added_ = 0;
  std::uint32_t unsettled_ = 0;
  std::string trouble_;
  Nanos delay_{0};
  os::Loop::TimerId timer_ = 0;
};

}  // namespace levi::mexc
