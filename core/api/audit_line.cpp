#include "core/api/audit_line.h"

#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/api/audit_chain.h"
#include "core/base/check.h"
#include "core/base/json_fields.h"

namespace levi::api {

std::string sha256_hex(std::string_view bytes) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  LEVI_CHECK(done == 1 && size * 2 == kHashDigits);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += kHex[digest[i] >> 4];
    hex += kHex[digest[i] & 15];
  }
  return hex;
}

std::optional<ParsedLine> parse_audit_line(std::string_view line) {
  const std::size_t tail = kHashKey.size() + kHashDigits + 2;  // ,"hash":"<64>"}
  if (line.size() < tail || line.back() != '}') return std::nullopt;
  const std::size_t at = line.size() - tail;
  if (line.substr(at, kHashKey.size()) != kHashKey || line[line.size() - 2] != '"')
    return std::nullopt;
  ParsedLine parsed;
  parsed.hash = line.substr(at + kHashKey.size(), kHashDigits);
  std::string hashed(line.substr(0, at));
  hashed += '}';
  if (sha256_hex(hashed) != parsed.hash) return std::nullopt;
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  parsed.number = static_cast<std::uint64_t>(integer_at(json, "n"));
  parsed.previous = text_at(json, "previous");
  parsed.method = text_at(json, "method");
  parsed.reason = text_at(json, "reason");
  return parsed;
}

std::string torn_reason(std::string_view torn) {
  return "a torn line of " + std::to_string(torn.size()) +
         " bytes stands before this one, sha256 " + sha256_hex(torn);
}

std::uint64_t lost_count(std::string_view reason) {
  std::uint64_t count = 0;
  std::from_chars(reason.data(), reason.data() + reason.size(), count);
  return count;
}

}  // namespace levi::api
