// MatchingEngine: books, accounts and the rules by which orders meet. Deterministic: the same calls
// give the same trades. It reads no clock (time is passed in), draws no randomness and does no I/O.
//
// One thread. What happens is told to the listener from inside the call; a listener must not call
// back. Price-time priority; a trade is at the resting order's price. Fees are in the quote asset
// and go to the house. A buy locks price × quantity and the fee it may cost; what a better price
// leaves over is given back at once.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "exchange/matching/account.h"
#include "exchange/matching/book.h"
#include "exchange/matching/types.h"

namespace levi::exchange {

enum class BalanceCause : std::uint8_t { kPlaced, kTraded, kCanceled };

class MatchListener {
 public:
  virtual ~MatchListener() = default;
  virtual void on_accepted(const Order& order) = 0;  // before anything is matched
  virtual void on_fill(const Fill& fill,
                       const Order& after) = 0;  // the maker's side, then the taker's
  // An order rests, has lost a part or is closed. An order that closes at once is told once.
  virtual void on_changed(const Order& order) = 0;
  virtual void on_level(SymbolId symbol, Side side, Price price, BookVersion version) = 0;
  virtual void on_balance(AccountId account, AssetId asset, const Balance& change,
                          BalanceCause cause) = 0;
};

struct EngineOptions {
  std::uint64_t first_order_id = 1;
  std::uint64_t first_trade = 1;
  std::size_t open_orders_max = 100'000;  // per account
};

class MatchingEngine {
 public:
  MatchingEngine(std::vector<SymbolSpec> symbols, EngineOptions options, MatchListener& listener);
  MatchingEngine(const MatchingEngine&) = delete;
  MatchingEngine& operator=(const MatchingEngine&) = delete;

  AccountId open_account(std::string name, std::size_t orders_max);
  void deposit(AccountId account, AssetId asset, Money amount);

  struct Placed {
    Reject reject = Reject::kNone;
    Order order;  // as it stands after matching
  };
  Reject check(const NewOrder& request) const;
  Placed place(const NewOrder& request, Instant now);
  // Cancels an open order of this account; kUnknownOrder otherwise (`order` is then as it stands,
  // if it exists).
  Placed cancel(AccountId account, OrderId id, Instant now);

  // Null where there is none, or it is another account's, or it was forgotten. Valid until the next
  // place or cancel.
  const Order* find(AccountId account, OrderId id) const;
  const Order* find(AccountId account, const ClientOrderId& client_id) const;
  std::vector<Order> open_orders(AccountId account) const;  // in the order of placement

  const std::vector<SymbolSpec>& symbols() const { return symbols_; }
  const SymbolSpec& symbol(SymbolId id) const { return symbols_.at(id.value); }
  const std::vector<AssetName>& assets() const { return assets_; }
  AssetId base_of(SymbolId id) const { return markets_.at(id.value).base; }
  AssetId quote_of(SymbolId id) const { return markets_.at(id.value).quote; }
  const Book& book(SymbolId id) const { return markets_.at(id.value).book; }
  BookVersion version(SymbolId id) const { return markets_.at(id.value).version; }
  Instant last_order_time(SymbolId id) const { return markets_.at(id.value).last_order; }
  const std::vector<Account>& accounts() const { return accounts_; }
  const Account& account(AccountId id) const { return accounts_.at(id.value); }
  const OrderPool& pool() const { return pool_; }
  Money house_fees(AssetId asset) const { return fees_.at(asset.value); }

 private:
  struct Market {
    Book book;
    AssetId base;
    AssetId quote;
    BookVersion version{0};
    Instant last_order{};
  };
  struct Sweep {  // what the book would give now
    Quantity quantity;
    Money cost;
    bool exact = true;  // false when the cost can't be counted
  };
  struct Terms {  // what a request comes to
    Reject reject = Reject::kNone;
    Quantity quantity;
    Money lock;
  };

  AssetId intern_asset(const AssetName& name);
  Sweep sweep(const NewOrder& request) const;
  Terms terms(const NewOrder& request) const;
  Terms limit_terms(const NewOrder& request) const;
  Terms market_terms(const NewOrder& request) const;
  Reject check_amount(const SymbolSpec& spec, Money amount) const;

  Slot accept(const NewOrder& request, const Terms& terms, Instant now);
  bool may_match(const Order& order) const;
  void match(Slot taker, Instant now);
  void trade(Slot maker, Slot taker, Instant now);
  void settle(const Fill& fill, Order& order);
  void settle_buy(const Fill& fill, Order& order);
  void settle_sale(const Fill& fill, Order& order);
  void finish(Slot taker, Instant now);
  void close(Slot slot, Instant now);
  void unlock(Order& order, Money keep, BalanceCause cause);
  void level_changed(SymbolId symbol, Side side, Price price);
  void forget(Account& account, Slot closed);
  AssetId locked_asset(const Order& order) const;

  std::vector<SymbolSpec> symbols_;
  std::vector<AssetName> assets_;
  MatchListener& listener_;
  OrderPool pool_;
  std::vector<Market> markets_;
  std::vector<Account> accounts_;
  std::vector<Money> fees_;
  std::unordered_map<std::uint64_t, Slot> by_id_;
  std::uint64_t next_order_;
  std::uint64_t next_trade_;
  std::size_t open_orders_max_;
};

}  // namespace levi::exchange
