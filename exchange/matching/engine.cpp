#include "exchange/matching/engine.h"

#include <algorithm>

#include "core/base/check.h"

namespace levi::exchange {

MatchingEngine::MatchingEngine(std::vector<SymbolSpec> symbols, EngineOptions options,
                               MatchListener& listener)
    : symbols_(std::move(symbols)),
      listener_(listener),
      next_order_(options.first_order_id),
      next_trade_(options.first_trade),
      open_orders_max_(options.open_orders_max) {
  LEVI_CHECK(symbols_.size() < UINT16_MAX);
  for (const SymbolSpec& spec : symbols_) {
    LEVI_CHECK(spec.price_exponent + spec.quantity_exponent <= kMoneyExponent);
    markets_.push_back({Book(pool_), intern_asset(spec.base), intern_asset(spec.quote), {}, {}});
  }
  fees_.resize(assets_.size());
}

AssetId MatchingEngine::intern_asset(const AssetName& name) {
  const auto found = std::find(assets_.begin(), assets_.end(), name);
  const auto index = static_cast<std::uint16_t>(found - assets_.begin());
  if (found == assets_.end()) assets_.push_back(name);
  return AssetId{index};
}

AccountId MatchingEngine::open_account(std::string name, std::size_t orders_max) {
  LEVI_CHECK(accounts_.size() < UINT16_MAX);
  const AccountId id{static_cast<std::uint16_t>(accounts_.size())};
  accounts_.emplace_back(id, std::move(name), assets_.size(), orders_max);
  return id;
}

void MatchingEngine::deposit(AccountId account, AssetId asset, Money amount) {
  LEVI_CHECK(amount.value >= 0);
  Money& free = accounts_.at(account.value).balance(asset).free;
  LEVI_CHECK(!__builtin_add_overflow(free.value, amount.value, &free.value));
}

const Order* MatchingEngine::find(AccountId account, OrderId id) const {
  const auto found = by_id_.find(id.value);
  if (found == by_id_.end()) return nullptr;
  const Order& order = pool_.order(found->second);
  return order.account == account ? &order : nullptr;
}

const Order* MatchingEngine::find(AccountId account, const ClientOrderId& client_id) const {
  const Slot slot = accounts_.at(account.value).find(client_id);
  return slot == kNoSlot ? nullptr : &pool_.order(slot);
}

std::vector<Order> MatchingEngine::open_orders(AccountId account) const {
  std::vector<Order> orders;
  orders.reserve(accounts_.at(account.value).open_count());
  for (Slot slot = accounts_.at(account.value).first_open(); slot != kNoSlot;
       slot = pool_.at(slot).open.next) {
    orders.push_back(pool_.order(slot));
  }
  return orders;
}

MatchingEngine::Placed MatchingEngine::place(const NewOrder& request, Instant now) {
  const Terms accepted = terms(request);
  if (accepted.reject != Reject::kNone) return {accepted.reject, {}};
  const Slot slot = accept(request, accepted, now);
  if (may_match(pool_.order(slot))) match(slot, now);
  finish(slot, now);
  Placed placed{Reject::kNone, pool_.order(slot)};
  if (!is_open(placed.order.status)) forget(accounts_[request.account.value], slot);
  return placed;
}

MatchingEngine::Placed MatchingEngine::cancel(AccountId account, OrderId id, Instant now) {
  const auto found = by_id_.find(id.value);
  if (found == by_id_.end()) return {Reject::kUnknownOrder, {}};
  const Slot slot = found->second;
  const Order& order = pool_.order(slot);
  if (order.account != account) return {Reject::kUnknownOrder, {}};
  if (!is_open(order.status)) return {Reject::kUnknownOrder, order};
  markets_[order.symbol.value].book.remove(slot);
  close(slot, now);
  level_changed(order.symbol, order.side, order.price);
  listener_.on_changed(order);
  Placed canceled{Reject::kNone, order};
  forget(accounts_[account.value], slot);
  return canceled;
}

Slot MatchingEngine::accept(const NewOrder& request, const Terms& terms, Instant now) {
  const Slot slot = pool_.take();
  Order& order = pool_.order(slot);
  order.id = OrderId{next_order_++};
  order.account = request.account;
  order.symbol = request.symbol;
  order.side = request.side;
  order.type = request.type;
  order.price = request.type == OrderType::kMarket ? Price{} : request.price;
  order.quantity = terms.quantity;
  order.quote_quantity = request.quote_quantity;
  order.locked = terms.lock;
  order.created = order.updated = now;
  order.client_id = request.client_id;
  by_id_.emplace(order.id.value, slot);
  Account& account = accounts_[request.account.value];
  account.add_order(pool_, slot);
  Balance& balance = account.balance(locked_asset(order));
  balance.free -= order.locked;
  balance.locked += order.locked;
  markets_[order.symbol.value].last_order = now;
  listener_.on_accepted(order);
  listener_.on_balance(order.account, locked_asset(order), {-order.locked, order.locked},
                       BalanceCause::kPlaced);
  return slot;
}

// A post-only order that would trade, and a fill-or-kill order that can't be filled whole, end
// without a trade.
bool MatchingEngine::may_match(const Order& order) const {
  if (order.type == OrderType::kLimitMaker) return false;
  if (order.type != OrderType::kFillOrKill) return true;
  NewOrder request;
  request.symbol = order.symbol;
  request.side = order.side;
  request.type = order.type;
  request.price = order.price;
  request.quantity = order.quantity;
  return sweep(request).quantity == order.quantity;
}

void MatchingEngine::match(Slot taker, Instant now) {
  const Order& order = pool_.order(taker);
  Book& book = markets_[order.symbol.value].book;
  const Side side = opposite(order.side);
  while (order.remaining().value > 0) {
    const auto best = book.best_price(side);
    if (!best) break;
    const bool crosses = order.type == OrderType::kMarket ||
                         Book::rank(side, *best) <= Book::rank(side, order.price);
    if (!crosses) break;
    trade(book.best(side), taker, now);
  }
}

void MatchingEngine::trade(Slot maker_slot, Slot taker_slot, Instant now) {
  Order& maker = pool_.order(maker_slot);
  Order& taker = pool_.order(taker_slot);
  const SymbolSpec& spec = symbols_[maker.symbol.value];
  Fill fill;
  fill.trade = TradeNumber{next_trade_++};
  fill.symbol = maker.symbol;
  fill.self_trade = maker.account == taker.account;
  fill.price = maker.price;
  fill.quantity = std::min(maker.remaining(), taker.remaining());
  const auto amount =
      notional(fill.price, fill.quantity, spec.price_exponent, spec.quantity_exponent);
  LEVI_CHECK(amount.has_value());  // Smaller than what the orders' own checks counted.
  fill.amount = amount.value();
  fill.time = now;

  Book& book = markets_[maker.symbol.value].book;
  const bool maker_done = fill.quantity == maker.remaining();
  if (maker_done) {
    book.remove(maker_slot);
  } else {
    book.reduce(maker, fill.quantity);
  }
  fill.maker = true;
  settle(fill, maker);
  fill.maker = false;
  settle(fill, taker);
  if (maker_done) close(maker_slot, now);
  level_changed(maker.symbol, maker.side, maker.price);
  listener_.on_changed(maker);
  if (maker_done) forget(accounts_[maker.account.value], maker_slot);
}

void MatchingEngine::settle(const Fill& both, Order& order) {
  const SymbolSpec& spec = symbols_[order.symbol.value];
  Fill fill = both;
  fill.order = order.id;
  fill.account = order.account;
  fill.side = order.side;
  fill.client_id = order.client_id;
  fill.fee = fee_of(fill.amount, fill.maker ? spec.maker_fee : spec.taker_fee);
  order.executed += fill.quantity;
  order.executed_quote += fill.amount;
  order.updated = fill.time;
  ++order.trades;
  order.status =
      order.remaining().value == 0 ? OrderStatus::kFilled : OrderStatus::kPartiallyFilled;
  if (order.side == Side::kBuy) {
    settle_buy(fill, order);
  } else {
    settle_sale(fill, order);
  }
  fees_[markets_[order.symbol.value].quote.value] += fill.fee;
  accounts_[order.account.value].add_fill(fill);
  listener_.on_fill(fill, order);
}

void MatchingEngine::settle_buy(const Fill& fill, Order& order) {
  const Market& market = markets_[order.symbol.value];
  Account& account = accounts_[order.account.value];
  const Money bought = base_amount(symbols_[order.symbol.value], fill.quantity).value();
  const Money paid = fill.amount + fill.fee;
  LEVI_CHECK(order.locked >= paid);
  order.locked -= paid;
  account.balance(market.quote).locked -= paid;
  account.balance(market.base).free += bought;
  listener_.on_balance(order.account, market.quote, {{}, -paid}, BalanceCause::kTraded);
  listener_.on_balance(order.account, market.base, {bought, {}}, BalanceCause::kTraded);
}

void MatchingEngine::settle_sale(const Fill& fill, Order& order) {
  const Market& market = markets_[order.symbol.value];
  Account& account = accounts_[order.account.value];
  const Money sold = base_amount(symbols_[order.symbol.value], fill.quantity).value();
  const Money earned = fill.amount - fill.fee;
  LEVI_CHECK(order.locked >= sold);
  order.locked -= sold;
  account.balance(market.base).locked -= sold;
  account.balance(market.quote).free += earned;
  listener_.on_balance(order.account, market.base, {{}, -sold}, BalanceCause::kTraded);
  listener_.on_balance(order.account, market.quote, {earned, {}}, BalanceCause::kTraded);
}

// What is left of a new order rests, or ends.
void MatchingEngine::finish(Slot slot, Instant now) {
  Order& order = pool_.order(slot);
  const SymbolSpec& spec = symbols_[order.symbol.value];
  Book& book = markets_[order.symbol.value].book;
  bool rests = order.type == OrderType::kLimit || order.type == OrderType::kLimitMaker;
  if (order.type == OrderType::kLimitMaker) {
    const Side side = opposite(order.side);
    const auto best = book.best_price(side);
    rests = !best || Book::rank(side, *best) > Book::rank(side, order.price);
  }
  if (order.remaining().value == 0 || !rests) {
    close(slot, now);
  } else {
    const Money amount =
        notional(order.price, order.remaining(), spec.price_exponent, spec.quantity_exponent)
            .value();
    if (order.side == Side::kBuy) {
      unlock(order, amount + fee_of(amount, spec.maker_fee), BalanceCause::kTraded);
    }
    book.append(slot);
    level_changed(order.symbol, order.side, order.price);
  }
  listener_.on_changed(order);
}

void MatchingEngine::close(Slot slot, Instant now) {
  Order& order = pool_.order(slot);
  if (order.remaining().value > 0) {
    order.status =
        order.executed.value > 0 ? OrderStatus::kPartiallyCanceled : OrderStatus::kCanceled;
    order.updated = now;
  }
  unlock(order, Money{}, BalanceCause::kCanceled);
  accounts_[order.account.value].close_order(pool_, slot);
}

void MatchingEngine::unlock(Order& order, Money keep, BalanceCause cause) {
  const Money surplus = order.locked - keep;
  LEVI_CHECK(surplus.value >= 0);
  if (surplus.value == 0) return;
  order.locked = keep;
  const AssetId asset = locked_asset(order);
  Balance& balance = accounts_[order.account.value].balance(asset);
  balance.locked -= surplus;
  balance.free += surplus;
  LEVI_CHECK(balance.locked.value >= 0);
  listener_.on_balance(order.account, asset, {surplus, -surplus}, cause);
}

void MatchingEngine::level_changed(SymbolId symbol, Side side, Price price) {
  Market& market = markets_[symbol.value];
  ++market.version.value;
  listener_.on_level(symbol, side, price, market.version);
}

void MatchingEngine::forget(Account& account, Slot closed) {
  const Slot slot = account.forget(pool_, closed);
  if (slot == kNoSlot) return;
  by_id_.erase(pool_.order(slot).id.value);
  pool_.give_back(slot);
}

AssetId MatchingEngine::locked_asset(const Order& order) const {
  const Market& market = markets_[order.symbol.value];
  return order.side == Side::kBuy ? market.quote : market.base;
}

}  // namespace levi::exchange
