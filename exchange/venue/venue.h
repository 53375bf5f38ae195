// Venue: the exchange without its wires. Books, accounts, market flow, published data and the
// witness ledger, behind calls that say where and when they came from.
//
// One thread. It reads no clock: `arrive` sets the origin of what follows. The observer (the push
// hub) is told everything after the venue's own records are written, and must not call back.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "exchange/flow/market_flow.h"
#include "exchange/ledger/ledger.h"
#include "exchange/market/market_data.h"
#include "exchange/matching/engine.h"

namespace levi::exchange {

struct VenueOptions {
  std::vector<SymbolSpec> symbols;
  std::uint64_t seed = 1;
  EngineOptions engine;
  std::size_t ledger_entries_max = Ledger::kEntriesMaxDefault;
  std::size_t orders_max = 1'000'000;  // remembered, per client account
};

class Venue : private MatchListener {
 public:
  explicit Venue(VenueOptions options);
  Venue(const Venue&) = delete;
  Venue& operator=(const Venue&) = delete;

  void observe(MatchListener* observer) { observer_ = observer; }
  void on_recorded(std::function<void(const LedgerEntry&)> handler) {
    recorded_ = std::move(handler);
  }

  void arrive(const Origin& origin) { origin_ = origin; }
  const Origin& origin() const { return origin_; }
  Instant now() const { return origin_.wall + clock_offset_; }  // the venue's own idea of the time
  void set_clock_offset(Nanos offset) { clock_offset_ = offset; }
  Nanos clock_offset() const { return clock_offset_; }

  AccountId open_account(std::string name);
  void deposit(AccountId account, const AssetName& asset,
               Money amount);  // an asset of no symbol is ignored

  MatchingEngine::Placed place(const NewOrder& request);  // a refusal is the caller's to record
  MatchingEngine::Placed cancel(AccountId account, OrderId order);
  // Writes down an order that was not taken. `request` holds what is known of it.
  void record_refused(const NewOrder& request, EntryStatus status, int code);
  void record_refused_cancel(AccountId account, const ClientOrderId& client_id, OrderId order,
                             int code);
  void record(LedgerEntry entry);  // at the current origin
  void warm_up() { flow_.warm_up(now()); }
  void step_flow(SymbolId symbol) { flow_.step(symbol, now()); }

  const MatchingEngine& engine() const { return engine_; }
  const Ledger& ledger() const { return ledger_; }
  const MarketFlow& flow() const { return flow_; }
  const SymbolMarket& market(SymbolId symbol) const { return markets_.at(symbol.value); }
  bool is_client(AccountId account) const { return account != flow_.account(); }
  // kNoSymbol where there is none.
  SymbolId find_symbol(std::string_view name) const;

 private:
  void on_accepted(const Order& order) override;
  void on_fill(const Fill& fill, const Order& after) override;
  void on_changed(const Order& order) override;
  void on_level(SymbolId symbol, Side side, Price price, BookVersion version) override;
  void on_balance(AccountId account, AssetId asset, const Balance& change,
                  BalanceCause cause) override;
  void record_canceled(const Order& order);

  Origin origin_;
  Nanos clock_offset_{0};
  std::size_t orders_max_;
  MatchListener* observer_ = nullptr;
  std::function<void(const LedgerEntry&)> recorded_;
  Ledger ledger_;
  std::vector<SymbolMarket> markets_;
  MatchingEngine engine_;
  MarketFlow flow_;  // opens its account first
};

}  // namespace levi::exchange
