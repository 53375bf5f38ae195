#include "core/control/audit_entry.h"

#include <array>

#include "core/control/pairs.h"
#include "core/control/writer.h"

namespace levi::control {
namespace {

constexpr std::array<std::string_view, 8> kSecretParts = {
    "token", "secret", "password", "passwd", "signature", "apikey", "api_key", "authorization"};

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  for (std::size_t i = 0; i + part.size() <= text.size(); ++i) {
    if (equal_ignoring_case(text.substr(i, part.size()), part)) return true;
  }
  return false;
}

bool is_secret(std::string_view key) {
  if (equal_ignoring_case(key, "key")) return true;
  for (const std::string_view part : kSecretParts) {
    if (contains_ignoring_case(key, part)) return true;
  }
  return false;
}

}  // namespace

FixedString<191> query_for_audit(std::string_view query) {
  std::array<char, 191> buffer;
  Writer out(buffer);
  QueryPairs pairs(query);
  while (pairs.next()) {
    if (out.size() > 0) out.text("&");
    out.text(pairs.raw_key());
    if (pairs.raw_value().empty()) continue;
    // Judged decoded: "to%6ben" is a token too.
    out.text("=").text(is_secret(pairs.key()) ? "***" : pairs.raw_value());
  }
  return FixedString<191>(out.view());
}

}  // namespace levi::control
