// Short texts for answers and alerts, built in place. Private to core/machine.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string_view>

#include "core/base/fixed_string.h"

namespace levi::machine {

using Text = FixedString<127>;

inline void append(Text& text, std::string_view part) {
  for (const char c : part) {
    if (text.size_ == text.data_.size()) return;  // cut: a text is for people
    text.data_[text.size_++] = c;
  }
}
template <std::integral Int>
void append(Text& text, Int value) {
  char digits[24];
  append(text, std::string_view(
                   digits, static_cast<std::size_t>(
                               std::to_chars(digits, digits + sizeof digits, value).ptr - digits)));
}

// text("order ", 17, " is not known")
template <class... Part>
Text text(const Part&... parts) {
  Text result;
  (append(result, parts), ...);
  return result;
}

}  // namespace levi::machine
