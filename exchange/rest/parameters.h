// Parameters: what one request says, from its query string and its body. Where both name a thing,
// the query wins.
//
// The body is either urlencoded or one flat JSON object. Values stand as long as the Parameters and
// the request do.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace levi::exchange {

class Parameters {
 public:
  static constexpr std::size_t kCountMax = 64;

  // False where there are too many, or a JSON body that is no flat object.
  bool read(std::string_view query, std::string_view body);
  std::optional<std::string_view> find(std::string_view name) const;
  std::string_view text(std::string_view name) const {
    return find(name).value_or(std::string_view{});
  }
  // Nullopt where it is absent or no whole number.
  std::optional<std::int64_t> integer(std::string_view name) const;
  bool has(std::string_view name) const { return !text(name).empty(); }
  const std::vector<std::pair<std::string_view, std::string_view>>& all() const { return pairs_; }

 private:
  bool read_pairs(std::string_view text);
  bool read_json(std::string_view text);
  std::string_view decoded(std::string_view text);

  std::vector<std::pair<std::string_view, std::string_view>> pairs_;
  std::deque<std::string> scratch_;  // decoded text: stays where it is as more is added
};

// `text` without its pair `signature=...` and one of the ampersands beside it, in two pieces;
// `signature` is that pair's value, raw. Without such a pair: the whole text and nothing.
struct Unsigned {
  std::string_view before;
  std::string_view after;
  std::optional<std::string_view> signature;
};
Unsigned without_signature(std::string_view text);

}  // namespace levi::exchange
