#include "exchange/matching/types.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/base/check.h"

namespace levi::exchange {
namespace {

struct KnownPair {
  std::string_view base;
  int price_exponent;
  int quantity_exponent;
  std::int64_t price_start;  // in steps
};

// Terms as the venue lists them, prices as of early 2025: only the order of magnitude matters.
constexpr std::array<KnownPair, 6> kKnownPairs{{
    {"BTC", 2, 6, 9'338'728},
    {"ETH", 2, 5, 331'054},
    {"SOL", 2, 4, 19'321},
    {"BNB", 2, 4, 69'840},
    {"XRP", 4, 2, 23'115},
    {"DOGE", 5, 1, 34'180},
}};
constexpr KnownPair kOtherPair{"", 4, 2, 1'000'000};
constexpr std::array<std::string_view, 4> kQuotes{"USDT", "USDC", "EUR", "BTC"};

__extension__ typedef __int128 Wide;

}  // namespace

Result<SymbolSpec> make_symbol(std::string_view name) {
  for (const std::string_view quote : kQuotes) {
    if (name.size() <= quote.size() || !name.ends_with(quote)) continue;
    const std::string_view base = name.substr(0, name.size() - quote.size());
    const bool plain = std::all_of(base.begin(), base.end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
    if (!plain || !AssetName::fits(base) || !SymbolName::fits(name)) break;
    const auto known = std::find_if(kKnownPairs.begin(), kKnownPairs.end(),
                                    [&](const KnownPair& pair) { return pair.base == base; });
    const KnownPair& terms = known == kKnownPairs.end() ? kOtherPair : *known;
    SymbolSpec spec;
    spec.name = name;
    spec.base = base;
    spec.quote = quote;
    spec.price_exponent = terms.price_exponent;
    spec.quantity_exponent = terms.quantity_exponent;
    spec.price_start = Price{terms.price_start};
    return spec;
  }
  return error(ErrorCode::kInvalid, "'" + std::string(name) + "' is not a symbol",
               "use upper case and one of the quotes USDT, USDC, EUR, BTC, as in BTCUSDT");
}

const char* side_word(Side side) { return side == Side::kBuy ? "BUY" : "SELL"; }

const char* to_string(OrderType type) {
  switch (type) {
    case OrderType::kLimit:
      return "LIMIT";
    case OrderType::kMarket:
      return "MARKET";
    case OrderType::kLimitMaker:
      return "LIMIT_MAKER";
    case OrderType::kImmediateOrCancel:
      return "IMMEDIATE_OR_CANCEL";
    case OrderType::kFillOrKill:
      return "FILL_OR_KILL";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(OrderStatus status) {
  switch (status) {
    case OrderStatus::kNew:
      return "NEW";
    case OrderStatus::kPartiallyFilled:
      return "PARTIALLY_FILLED";
    case OrderStatus::kFilled:
      return "FILLED";
    case OrderStatus::kCanceled:
      return "CANCELED";
    case OrderStatus::kPartiallyCanceled:
      return "PARTIALLY_CANCELED";
  }
  LEVI_UNREACHABLE();
}

Result<Money> base_amount(const SymbolSpec& spec, Quantity quantity) {
  return notional(Price{1}, quantity, 0, spec.quantity_exponent);
}

Money fee_of(Money amount, FeeRate rate) {
  const Wide fee = static_cast<Wide>(amount.value) * rate.value / 1'000'000;
  LEVI_CHECK(fee <= std::numeric_limits<std::int64_t>::max());
  return Money{static_cast<std::int64_t>(fee)};
}

}  // namespace levi::exchange
