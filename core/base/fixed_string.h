// FixedString<N>: at most N bytes of text held in place, trivially copyable, so that it can stand
// in a journal record.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace levi {

template <std::size_t N>
struct FixedString {
  static_assert(N < 256);

  std::uint8_t size_ = 0;
  std::array<char, N> data_{};

  constexpr FixedString() = default;
  // Text beyond N bytes is cut: callers check `fits` first where that would matter.
  constexpr FixedString(std::string_view text)  // NOLINT: implicit on purpose, it is a string
      : size_(static_cast<std::uint8_t>(std::min(text.size(), N))) {
    std::copy_n(text.begin(), size_, data_.begin());
  }
  constexpr FixedString(const char* text) : FixedString(std::string_view(text)) {}  // NOLINT
  FixedString(const std::string& text) : FixedString(std::string_view(text)) {}     // NOLINT

  static constexpr bool fits(std::string_view text) { return text.size() <= N; }
  constexpr std::string_view view() const { return {data_.data(), size_}; }
  std::string str() const { return std::string(view()); }
  constexpr bool empty() const { return size_ == 0; }
  // A record read from disk may carry any size byte: true only where it is one that we could have
  // written.
  constexpr bool valid() const { return size_ <= N; }

  friend constexpr bool operator==(const FixedString& a, const FixedString& b) {
    return a.view() == b.view();
  }
  friend constexpr auto operator<=>(const FixedString& a, const FixedString& b) {
    return a.view() <=> b.view();
  }
};

}  // namespace levi
