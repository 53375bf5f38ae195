#include "levictl/text.h"

#include <cstdio>

#include "core/control/utf8.h"

namespace levi::cli {
namespace {

// Bytes of the UTF-8 character that `text` begins with; 0 where it is none, or a control character.
std::size_t shown_bytes(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (at(0) < 0x80) return at(0) >= 0x20 && at(0) != 0x7F ? 1 : 0;
  const std::size_t size = control::utf8_length(text);
  const bool c1 = size == 2 && at(0) == 0xC2 && at(1) < 0xA0;
  return c1 ? 0 : size;
}

std::string escaped(char c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  char text[8];
  std::snprintf(text, sizeof text, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t size = shown_bytes(text);
    if (size == 0) {
      shown += escaped(text.front());
    } else {
      shown += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return shown;
}

}  // namespace levi::cli
