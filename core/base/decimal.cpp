#include "core/base/decimal.h"

#include <array>
#include <charconv>
#include <limits>

#include "core/base/check.h"

namespace levi {
namespace {

__extension__ typedef __int128 Wide;

constexpr std::array<std::int64_t, 19> kPowersOfTen = [] {
  std::array<std::int64_t, 19> powers{};
  std::int64_t power = 1;
  for (std::size_t i = 0; i < powers.size(); ++i) {
    powers[i] = power;
    if (i + 1 < powers.size()) power *= 10;
  }
  return powers;
}();

Error bad_decimal(std::string_view text, const char* why) {
  return error(ErrorCode::kInvalid, "'" + std::string(text) + "' is not a usable number: " + why);
}

}  // namespace

Result<std::int64_t> parse_decimal(std::string_view text, int exponent) {
  LEVI_CHECK(exponent >= 0 && exponent <= 18);
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) rest.remove_prefix(1);
  std::int64_t value = 0;
  int decimals = -1;  // -1 until the dot is seen
  int digits = 0;
  for (const char c : rest) {
    if (c == '.') {
      if (decimals >= 0) return bad_decimal(text, "two decimal points");
      decimals = 0;
      continue;
    }
    if (c < '0' || c > '9') return bad_decimal(text, "expected digits");
    ++digits;
    if (decimals >= exponent) {  // Past the last step: only zeros are exact.
      if (c != '0') return bad_decimal(text, "finer than the instrument's step");
      continue;
    }
    if (__builtin_mul_overflow(value, std::int64_t{10}, &value) ||
        __builtin_add_overflow(value, std::int64_t{c - '0'}, &value)) {
      return bad_decimal(text, "too large");
    }
    if (decimals >= 0) ++decimals;
  }
  if (digits == 0) return bad_decimal(text, "no digits");
  const int missing = exponent - (decimals < 0 ? 0 : decimals);
  if (__builtin_mul_overflow(value, kPowersOfTen[static_cast<std::size_t>(missing)], &value)) {
    return bad_decimal(text, "too large");
  }
  return negative ? -value : value;
}

std::size_t format_decimal(std::int64_t value, int exponent, char* out) {
  LEVI_CHECK(exponent >= 0 && exponent <= 18);
  char* position = out;
  std::uint64_t magnitude = static_cast<std::uint64_t>(value);
  if (value < 0) {
    *position++ = '-';
    magnitude = ~magnitude + 1;
  }
  const auto unit = static_cast<std::uint64_t>(kPowersOfTen[static_cast<std::size_t>(exponent)]);
  position = std::to_chars(position, out + 32, magnitude / unit).ptr;
  if (exponent > 0) {
    *position++ = '.';
    std::uint64_t fraction = magnitude % unit;
    for (int i = exponent - 1; i >= 0; --i) {
      position[i] = static_cast<char>('0' + fraction % 10);
      fraction /= 10;
    }
    position += exponent;
  }
  return static_cast<std::size_t>(position - out);
}

std::string format_decimal(std::int64_t value, int exponent) {
  char buffer[40];
  return std::string(buffer, format_decimal(value, exponent, buffer));
}

Result<int> exponent_of_step(std::string_view step) {
  for (int exponent = 0; exponent <= kExponentMax; ++exponent) {
    const auto parsed = parse_decimal(step, exponent);
    if (parsed && parsed.value() == 1) return exponent;
  }
  return error(ErrorCode::kInvalid,
               "'" + std::string(step) + "' is not a step of 1, 0.1, 0.01, ...");
}

Result<Money> notional(Price price, Quantity quantity, int price_exponent, int quantity_exponent) {
  LEVI_CHECK(price_exponent >= 0 && price_exponent <= kExponentMax);
  LEVI_CHECK(quantity_exponent >= 0 && quantity_exponent <= kExponentMax);
  Wide product = static_cast<Wide>(price.value) * quantity.value;
  const int shift = kMoneyExponent - price_exponent - quantity_exponent;
  bool fits = true;  // 63 + 63 bits and eight decimals more do not fit into 127
  if (shift >= 0) {
    const Wide unit = kPowersOfTen[static_cast<std::size_t>(shift)];
    fits = !__builtin_mul_overflow(product, unit, &product);
  } else {
    const Wide unit = kPowersOfTen[static_cast<std::size_t>(-shift)];
    const Wide half = product < 0 ? -unit / 2 : unit / 2;
    product = (product + half) / unit;
  }
  if (!fits || product > std::numeric_limits<std::int64_t>::max() ||
      product < std::numeric_limits<std::int64_t>::min()) {
    return error(ErrorCode::kInvalid, "price times quantity does not fit into 64 bits of 1e-8");
  }
  return Money{static_cast<std::int64_t>(product)};
}

}  // namespace levi
