// What a new order comes to before it is taken: its quantity, what it locks, or why it is refused.
#include <algorithm>

#include "exchange/matching/engine.h"

namespace levi::exchange {
namespace {

// Price × quantity and the fee it may cost. An error where that cannot be counted.
Result<Money> cost_with_fee(const SymbolSpec& spec, Price price, Quantity quantity, FeeRate rate) {
  LEVI_TRY(amount, notional(price, quantity, spec.price_exponent, spec.quantity_exponent));
  Money total;
  if (__builtin_add_overflow(amount.value, fee_of(amount, rate).value, &total.value)) {
    return error(ErrorCode::kInvalid, "the order's amount is too large");
  }
  return total;
}

// As much as `money` can pay for at this price, rounded down to whole steps.
Quantity affordable(const SymbolSpec& spec, Price price, Money money) {
  const auto step = notional(price, Quantity{1}, spec.price_exponent, spec.quantity_exponent);
  if (!step || step.value().value <= 0) return {};
  return Quantity{money.value / step.value().value};
}

// False where the sum passes what one order may come to: that also keeps it from overflowing.
bool add_cost(const SymbolSpec& spec, Price price, Quantity quantity, Money& sum) {
  const auto cost = notional(price, quantity, spec.price_exponent, spec.quantity_exponent);
  if (!cost || cost.value() > spec.amount_max) return false;
  sum += cost.value();
  return sum <= spec.amount_max;
}

}  // namespace

Reject MatchingEngine::check(const NewOrder& request) const { return terms(request).reject; }

MatchingEngine::Terms MatchingEngine::terms(const NewOrder& request) const {
  const Account& account = accounts_.at(request.account.value);
  if (!request.client_id.empty() && account.find(request.client_id) != kNoSlot) {
    return {Reject::kDuplicate, {}, {}};
  }
  if (account.open_count() >= open_orders_max_) return {Reject::kOpenOrders, {}, {}};
  Terms result = request.type == OrderType::kMarket ? market_terms(request) : limit_terms(request);
  if (result.reject != Reject::kNone) return result;
  const bool buy = request.side == Side::kBuy;
  const Market& market = markets_.at(request.symbol.value);
  const Balance& balance = account.balance(buy ? market.quote : market.base);
  if (result.lock > balance.free)
    result.reject = buy ? Reject::kQuoteBalance : Reject::kBaseBalance;
  return result;
}

MatchingEngine::Terms MatchingEngine::limit_terms(const NewOrder& request) const {
  const SymbolSpec& spec = symbol(request.symbol);
  if (request.quantity.value <= 0) return {Reject::kQuantity, {}, {}};
  if (request.price.value <= 0) return {Reject::kPrice, {}, {}};
  const auto amount =
      notional(request.price, request.quantity, spec.price_exponent, spec.quantity_exponent);
  if (!amount) return {Reject::kAmountTooLarge, {}, {}};
  const Reject reject = check_amount(spec, amount.value());
  if (reject != Reject::kNone) return {reject, {}, {}};
  const FeeRate rate = request.type == OrderType::kLimitMaker ? spec.maker_fee : spec.taker_fee;
  const auto lock = request.side == Side::kBuy
                        ? cost_with_fee(spec, request.price, request.quantity, rate)
                        : base_amount(spec, request.quantity);
  if (!lock) return {Reject::kQuantity, {}, {}};
  return {Reject::kNone, request.quantity, lock.value()};
}

MatchingEngine::Terms MatchingEngine::market_terms(const NewOrder& request) const {
  const SymbolSpec& spec = symbol(request.symbol);
  if (request.quantity.value <= 0 && request.quote_quantity.value <= 0) {
    return {Reject::kQuantity, {}, {}};
  }
  const Sweep found = sweep(request);
  if (!found.exact) return {Reject::kAmountTooLarge, {}, {}};
  if (found.quantity.value == 0) {
    const bool empty = book(request.symbol).levels(opposite(request.side)).empty();
    return {empty ? Reject::kNoLiquidity : Reject::kAmountTooSmall, {}, {}};
  }
  const Reject reject = check_amount(spec, found.cost);
  if (reject != Reject::kNone) return {reject, {}, {}};
  // What the book can't give of a quantity asked for is cancelled after the match.
  const Quantity quantity = request.quantity.value > 0 ? request.quantity : found.quantity;
  if (request.side == Side::kBuy) {
    return {Reject::kNone, quantity, found.cost + fee_of(found.cost, spec.taker_fee)};
  }
  const auto lock = base_amount(spec, quantity);
  if (!lock) return {Reject::kQuantity, {}, {}};
  return {Reject::kNone, quantity, lock.value()};
}

MatchingEngine::Sweep MatchingEngine::sweep(const NewOrder& request) const {
  const SymbolSpec& spec = symbol(request.symbol);
  const bool market = request.type == OrderType::kMarket;
  const bool by_quote = market && request.quantity.value <= 0;
  Sweep result;
  const Side side = opposite(request.side);
  for (const auto& [rank, level] : book(request.symbol).levels(side)) {
    const Price price = Book::price_of(side, rank);
    if (!market && rank > Book::rank(side, request.price)) break;
    const Quantity wanted = by_quote ? affordable(spec, price, request.quote_quantity - result.cost)
                                     : request.quantity - result.quantity;
    const Quantity taken = std::min(wanted, level.total);
    result.quantity += taken;
    if (market && !add_cost(spec, price, taken, result.cost)) {
      result.exact = false;
      break;
    }
    if (taken == wanted) break;
  }
  return result;
}

Reject MatchingEngine::check_amount(const SymbolSpec& spec, Money amount) const {
  if (amount < spec.amount_min) return Reject::kAmountTooSmall;
  return amount > spec.amount_max ? Reject::kAmountTooLarge : Reject::kNone;
}

}  // namespace levi::exchange
