// Price, Quantity and Money. Integers only: no floating point touches a balance (DESIGN §4).
//
// Price and Quantity count the instrument's own steps; the exponents say how much a step is worth
// (price_exponent 2: a step is 0.01). Money counts 1e-8 of the quote asset. Products are formed in
// 128 bits and checked: overflow is a refusal at the edge, never a wrapped balance.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace levi {

template <class Tag>
struct Count {
  std::int64_t value = 0;

  friend constexpr auto operator<=>(const Count&, const Count&) = default;
  friend constexpr Count operator+(Count a, Count b) { return {a.value + b.value}; }
  friend constexpr Count operator-(Count a, Count b) { return {a.value - b.value}; }
  constexpr Count operator-() const { return {-value}; }
  constexpr Count& operator+=(Count b) {
    value += b.value;
    return *this;
  }
  constexpr Count& operator-=(Count b) {
    value -= b.value;
    return *this;
  }
};

using Price = Count<struct PriceTag>;  // steps of the instrument's price
using Quantity =
    Count<struct QuantityTag>;         // steps of the instrument's quantity, signed for positions
using Money = Count<struct MoneyTag>;  // 1e-8 of the quote asset

inline constexpr int kMoneyExponent = 8;
inline constexpr int kExponentMax = 12;  // the finest step accepted from a venue: 1e-12

// "93387.28" at exponent 2 -> 9338728. Accepts sign, digits, one dot and trailing zeros beyond the
// exponent; refuses anything that is not exactly representable ("0.005" at exponent 2), and
// overflow.
Result<std::int64_t> parse_decimal(std::string_view text, int exponent);

// 9338728 at exponent 2 -> "93387.28". Always `exponent` digits after the dot (none when 0).
std::string format_decimal(std::int64_t value, int exponent);
// The same into a caller's buffer of at least 32 bytes, for the order path; returns the length.
std::size_t format_decimal(std::int64_t value, int exponent, char* out);

// How many decimals a step such as "0.000001" or "1" has; refuses steps that are not a power of
// ten.
Result<int> exponent_of_step(std::string_view step);

// price × quantity in Money, rounded half away from zero where the exponents sum past 8. kInvalid
// on overflow.
Result<Money> notional(Price price, Quantity quantity, int price_exponent, int quantity_exponent);

}  // namespace levi
