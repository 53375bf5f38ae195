#include "exchange/rest/parameters.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace levi::exchange {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
    if (low >= 0) {
      out += static_cast<char>(high << 4 | low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

bool Parameters::read(std::string_view query, std::string_view body) {
  pairs_.clear();
  scratch_.clear();
  if (!read_pairs(query)) return false;
  const bool json = !body.empty() && body.front() == '{';
  return json ? read_json(body) : read_pairs(trimmed(body));
}

bool Parameters::read_pairs(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (pair.empty()) continue;
    if (pairs_.size() == kCountMax) return false;
    const std::size_t equals = pair.find('=');
    const std::string_view value = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    pairs_.emplace_back(decoded(pair.substr(0, equals)), decoded(value));
  }
  return true;
}

bool Parameters::read_json(std::string_view text) {
  const auto object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object() || object.size() > kCountMax - pairs_.size()) return false;
  for (const auto& [name, value] : object.items()) {
    const std::string_view key = scratch_.emplace_back(name);
    if (value.is_null()) continue;
    if (value.is_structured())
      return false;  // Also keeps the recursive writer away from deep nesting.
    std::string content = value.is_string() ? value.get<std::string>() : value.dump();
    pairs_.emplace_back(key, scratch_.emplace_back(std::move(content)));
  }
  return true;
}

std::string_view Parameters::decoded(std::string_view text) {
  if (text.find_first_of("%+") == std::string_view::npos) return text;
  return scratch_.emplace_back(percent_decoded(text));
}

std::optional<std::string_view> Parameters::find(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<std::int64_t> Parameters::integer(std::string_view name) const {
  const std::string_view value = text(name);
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.empty() || problem != std::errc{} || end != value.data() + value.size())
    return std::nullopt;
  return number;
}

Unsigned without_signature(std::string_view text) {
  constexpr std::string_view kName = "signature=";
  std::size_t start = 0;
  while (start < text.size()) {
    std::size_t end = text.find('&', start);
    if (end == std::string_view::npos) end = text.size();
    if (text.substr(start, end - start).starts_with(kName)) {
      const std::string_view value = text.substr(start + kName.size(), end - start - kName.size());
      if (start > 0) return {text.substr(0, start - 1), text.substr(end), value};
      return {{}, text.substr(std::min(end + 1, text.size())), value};
    }
    start = end + 1;
  }
  return {text, {}, std::nullopt};
}

}  // namespace levi::exchange
