#include "core/base/ids.h"

#include <charconv>

#include "core/base/check.h"

namespace levi {
namespace {

constexpr std::size_t kIncarnationDigits = 6;
constexpr std::size_t kSequenceDigits = 12;
constexpr std::size_t kLength = 3 + kInstanceIdLength + kIncarnationDigits + kSequenceDigits;

char* write_hex(char* out, std::uint64_t value, std::size_t digits) {
  for (std::size_t i = digits; i-- > 0; value >>= 4) out[i] = "0123456789abcdef"[value & 15];
  return out + digits;
}

std::optional<std::uint64_t> read_hex(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    value = value << 4 | static_cast<std::uint64_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return value;
}

}  // namespace

const char* to_string(Side side) {
  switch (side) {
    case Side::kBuy:
      return "buy";
    case Side::kSell:
      return "sell";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(OrderKind kind) {
  switch (kind) {
    case OrderKind::kNormal:
      return "normal";
    case OrderKind::kFlatten:
      return "flatten";
  }
  LEVI_UNREACHABLE();
}

ClientOrderId format_client_order_id(const ClientOrderIdParts& parts) {
  LEVI_CHECK(parts.instance.view().size() == kInstanceIdLength);
  LEVI_CHECK(parts.incarnation.value < 1u << 24);
  LEVI_CHECK(parts.sequence.value < std::uint64_t{1} << 48);
  char text[kLength];
  text[0] = 'L';
  text[1] = 'V';
  text[2] = static_cast<char>(parts.kind);
  char* position = text + 3;
  for (const char c : parts.instance.view()) *position++ = c;
  position = write_hex(position, parts.incarnation.value, kIncarnationDigits);
  write_hex(position, parts.sequence.value, kSequenceDigits);
  return ClientOrderId(std::string_view(text, kLength));
}

std::optional<ClientOrderIdParts> parse_client_order_id(std::string_view text) {
  if (text.size() != kLength || text.substr(0, 2) != "LV") return std::nullopt;
  if (text[2] != 'O' && text[2] != 'F') return std::nullopt;
  const auto incarnation = read_hex(text.substr(3 + kInstanceIdLength, kIncarnationDigits));
  const auto sequence = read_hex(text.substr(kLength - kSequenceDigits));
  if (!incarnation || !sequence) return std::nullopt;
  return ClientOrderIdParts{static_cast<OrderKind>(text[2]),
                            text.substr(3, kInstanceIdLength),
                            {static_cast<std::uint32_t>(*incarnation)},
                            {*sequence}};
}

}  // namespace levi
