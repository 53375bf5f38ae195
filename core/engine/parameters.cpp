#include "core/engine/parameters.h"

#include <algorithm>

#include "core/base/decimal.h"

namespace levi::engine {
namespace {

constexpr std::size_t kEntriesMax = 32;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace

Result<Parameters> Parameters::parse(std::string_view text) {
  Parameters parameters;
  while (!text.empty()) {
    const std::size_t end = text.find(';');
    const std::string_view part = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return error(ErrorCode::kInvalid,
                   "parameter " + quoted(part) + " is not of the form key=value",
                   "write parameters as \"levels=3;spread_bps=10\"");
    }
    const Entry entry{trimmed(part.substr(0, equals)), trimmed(part.substr(equals + 1))};
    if (parameters.has(entry.key)) {
      return error(ErrorCode::kInvalid, "parameter " + quoted(entry.key) + " is given twice");
    }
    if (parameters.entries_.size() == kEntriesMax)
      return error(ErrorCode::kInvalid, "too many parameters");
    parameters.entries_.push_back(entry);
  }
  return parameters;
}

const Parameters::Entry* Parameters::find(std::string_view key) const {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == key; });
  return found == entries_.end() ? nullptr : &*found;
}

Result<std::string_view> Parameters::take(std::string_view key) {
  for (Entry& entry : entries_) {
    if (entry.key != key) continue;
    entry.used = true;
    return entry.value;
  }
  return error(ErrorCode::kInvalid, "parameter " + quoted(key) + " is missing");
}

Result<std::int64_t> Parameters::number(std::string_view key, int exponent, std::int64_t low,
                                        std::int64_t high) {
  LEVI_TRY(text, take(key));
  const auto value = parse_decimal(text, exponent);
  if (!value)
    return error(ErrorCode::kInvalid, "parameter " + quoted(key) + ": " + value.error().message);
  if (value.value() < low || value.value() > high) {
    return error(ErrorCode::kInvalid, "parameter " + quoted(key) + " is " + std::string(text) +
                                          ", but must be from " + format_decimal(low, exponent) +
                                          " to " + format_decimal(high, exponent));
  }
  return value.value();
}

Result<std::int64_t> Parameters::number_or(std::string_view key, int exponent, std::int64_t low,
                                           std::int64_t high, std::int64_t fallback) {
  if (!has(key)) return fallback;
  return number(key, exponent, low, high);
}

Result<Nanos> Parameters::duration(std::string_view key) {
  struct Unit {
    std::string_view name;
    std::int64_t ns;
  };
  static constexpr Unit kUnits[] = {
      {"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}};
  LEVI_TRY(text, take(key));
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  for (const Unit& unit : kUnits) {
    if (text.substr(digits) != unit.name) continue;
    const auto count = parse_decimal(text.substr(0, digits), 0);
    std::int64_t ns = 0;
    if (!count || __builtin_mul_overflow(count.value(), unit.ns, &ns)) break;
    return Nanos{ns};
  }
  return error(ErrorCode::kInvalid,
               "parameter " + quoted(key) + " is " + quoted(text) + ", which is no duration",
               "write 250ms, 5s, 10us or 1m");
}

Status Parameters::all_known(std::string_view known) const {
  for (const Entry& entry : entries_) {
    if (!entry.used) {
      return error(ErrorCode::kInvalid, "unknown parameter " + quoted(entry.key),
                   "known: " + std::string(known));
    }
  }
  return ok();
}

}  // namespace levi::engine
