// A strategy's own settings as text: "levels=3;spread_bps=10;quantity=0.001". Parsed by levid
// before the start and again in the engine process, by the same code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"

namespace levi::engine {

// Blanks around keys and values are ignored, and so is a semicolon at the end. Errors name the key
// and what is allowed.
class Parameters {
 public:
  static Result<Parameters> parse(std::string_view text);

  bool has(std::string_view key) const { return find(key) != nullptr; }
  // A decimal with at most `exponent` places, in units of its last place, within [low, high].
  Result<std::int64_t> number(std::string_view key, int exponent, std::int64_t low,
                              std::int64_t high);
  Result<std::int64_t> number_or(std::string_view key, int exponent, std::int64_t low,
                                 std::int64_t high, std::int64_t fallback);
  Result<Nanos> duration(std::string_view key);  // "250ms", "5s", "0ms", "10us", "1m"
  // An error if a key was given that nobody asked for.
  Status all_known(std::string_view known) const;

 private:
  struct Entry {
    std::string_view key;
    std::string_view value;
    bool used = false;
  };
  const Entry* find(std::string_view key) const;
  Result<std::string_view> take(std::string_view key);

  std::vector<Entry> entries_;  // views into the caller's text
};

}  // namespace levi::engine
