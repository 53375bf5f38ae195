// One line of the audit chain as bytes: what is hashed, and how it is read back. Private to
// core/api.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace levi::api {

std::string sha256_hex(std::string_view bytes);

// A line taken apart, without its line end. Nothing where it does not have our form or its hash
// does not fit.
struct ParsedLine {
  std::uint64_t number = 0;
  std::string previous;
  std::string hash;
  std::string method;
  std::string reason;
};
std::optional<ParsedLine> parse_audit_line(std::string_view line);

inline constexpr std::string_view kHashKey = ",\"hash\":\"";
inline constexpr std::string_view kRepairMethod = "REPAIR";
inline constexpr std::string_view kLostMethod = "LOST";
std::string torn_reason(std::string_view torn);  // how a repair line names the bytes before it
std::uint64_t lost_count(std::string_view reason);

}  // namespace levi::api
