#include "exchange/rest/error.h"

#include "core/base/check.h"

namespace levi::exchange {
namespace {

std::string amount(Money money, const SymbolSpec& spec) {
  return format_decimal(money.value / 100'000'000, 0) + spec.quote.str();
}

}  // namespace

VenueError error_of(Reject reject, const SymbolSpec& spec) {
  switch (reject) {
    case Reject::kNone:
      break;
    case Reject::kDuplicate:
      return {kCodeDuplicate, "Duplicate order sent.", 400};
    case Reject::kQuantity:
      return {10102, "amount cannot be zero or negative", 400};
    case Reject::kPrice:
      return {30010, "no valid trade price", 400};
    case Reject::kAmountTooSmall:
      return {30002,
              "The minimum transaction volume cannot be less than:" + amount(spec.amount_min, spec),
              400};
    case Reject::kAmountTooLarge:
      return {
          30003,
          "The maximum transaction volume cannot be greater than:" + amount(spec.amount_max, spec),
          400};
    case Reject::kBaseBalance:
      return {30005, "Oversold", 400};
    case Reject::kQuoteBalance:
      return {30004, "Insufficient position", 400};
    case Reject::kNoLiquidity:
      return {30025, "no exist opponent order", 400};
    case Reject::kOpenOrders:
      return {30029, "Cannot exceed the maximum order limit", 400};
    case Reject::kUnknownOrder:
      return {kCodeUnknownCancel, "Unknown order sent.", 400};
  }
  LEVI_UNREACHABLE();
}

VenueError missing_parameter(std::string_view name) {
  return {
      700004,
      "Mandatory parameter '" + std::string(name) + "' was not sent, was empty/null, or malformed.",
      400};
}

VenueError illegal_parameter(std::string_view name) {
  return {700008, "Illegal characters found in parameter '" + std::string(name) + "'.", 400};
}

VenueError bad_symbol() { return {10007, "bad symbol", 400}; }

}  // namespace levi::exchange
