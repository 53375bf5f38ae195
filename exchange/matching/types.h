// The words of the matching engine: what is traded, by whom, and how an order can end.
//
// Every balance is counted in 1e-8 of its asset (levi::Money, whatever the asset), so that one type
// serves base and quote. A symbol's exponents sum to at most 8: price × quantity is then exact, and
// money is conserved to the last unit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/decimal.h"
#include "core/base/fixed_string.h"
#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/base/result.h"

namespace levi::exchange {

using AssetName = FixedString<11>;
using AssetId = Id<struct AssetTag, std::uint16_t>;
using AccountId = Id<struct AccountTag, std::uint16_t>;
using OrderId = Id<struct OrderTag, std::uint64_t>;
using TradeNumber = Id<struct TradeNumberTag, std::uint64_t>;
using BookVersion =
    Id<struct BookVersionTag, std::uint64_t>;         // + 1 for each change of one level's total
using FeeRate = Id<struct FeeRateTag, std::int64_t>;  // millionths: 500 is 0.05 %

struct SymbolSpec {
  SymbolName name;
  AssetName base;
  AssetName quote;
  int price_exponent = 2;
  int quantity_exponent = 6;
  FeeRate maker_fee{0};
  FeeRate taker_fee{500};
  Money amount_min{100'000'000};  // quote, per order
  Money amount_max{2'000'000 * 100'000'000LL};
  Price price_start;  // where the market flow begins

  friend bool operator==(const SymbolSpec&, const SymbolSpec&) = default;
};

// The terms of a well-known pair, or plausible ones for any other name that ends in a known quote
// asset.
Result<SymbolSpec> make_symbol(std::string_view name);

enum class OrderType : std::uint8_t {
  kLimit,
  kMarket,
  kLimitMaker,
  kImmediateOrCancel,
  kFillOrKill
};
enum class OrderStatus : std::uint8_t {
  kNew,
  kPartiallyFilled,
  kFilled,
  kCanceled,
  kPartiallyCanceled
};

constexpr std::int64_t to_ms(Instant time) { return time.ns / 1'000'000; }  // as venues write it

const char* side_word(Side side);           // "BUY": the venue says it in capitals
const char* to_string(OrderType type);      // "LIMIT_MAKER"
const char* to_string(OrderStatus status);  // "PARTIALLY_FILLED"
constexpr bool is_open(OrderStatus status) {
  return status == OrderStatus::kNew || status == OrderStatus::kPartiallyFilled;
}

// Why an order or a cancel was not taken.
enum class Reject : std::uint8_t {
  kNone,
  kDuplicate,  // the account has used this client order id before
  kQuantity,   // missing, not positive, or too large to be counted
  kPrice,      // missing or not positive
  kAmountTooSmall,
  kAmountTooLarge,
  kBaseBalance,   // a sale of more than is free
  kQuoteBalance,  // a purchase of more than is free, fee included
  kNoLiquidity,   // a market order against an empty side
  kOpenOrders,    // the account's limit of open orders
  kUnknownOrder,  // a cancel of what is not open
};

struct Balance {
  Money free;
  Money locked;
  friend bool operator==(const Balance&, const Balance&) = default;
};

struct Order {
  OrderId id;
  AccountId account;
  SymbolId symbol;
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  OrderStatus status = OrderStatus::kNew;
  Price price;        // zero for a market order
  Quantity quantity;  // of a market order by quote: what that quote could buy
  Quantity executed;
  Money quote_quantity;  // as asked, for a market order by quote
  Money executed_quote;
  Money locked;  // quote for a buy, base for a sale
  Instant created;
  Instant updated;
  std::uint32_t trades = 0;
  ClientOrderId client_id;  // may be empty

  Quantity remaining() const { return quantity - executed; }
};

// One side's view of a trade; each trade gives two.
struct Fill {
  TradeNumber trade;
  OrderId order;
  AccountId account;
  SymbolId symbol;
  Side side = Side::kBuy;
  bool maker = false;
  bool self_trade = false;
  Price price;
  Quantity quantity;
  Money amount;  // quote
  Money fee;     // quote
  Instant time;
  ClientOrderId client_id;
};

struct NewOrder {
  AccountId account;
  SymbolId symbol;
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  Price price;
  Quantity quantity;
  Money quote_quantity;  // market orders only: spend or earn this much instead
  ClientOrderId client_id;
};

// The quantity in 1e-8 of the base asset; kInvalid on overflow.
Result<Money> base_amount(const SymbolSpec& spec, Quantity quantity);
// Rounded down: the fees of the parts never exceed the fee of the whole.
Money fee_of(Money amount, FeeRate rate);

}  // namespace levi::exchange
