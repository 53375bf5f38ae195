// Writer: text and JSON into a fixed buffer. Never allocates; what does not fit is cut and
// remembered by `overflowed`.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "core/base/instant.h"

namespace levi::control {

class Writer {
 public:
  explicit Writer(std::span<char> buffer) : buffer_(buffer) {}

  Writer& text(std::string_view piece) {
    const std::size_t room = buffer_.size() - used_;
    if (piece.size() > room) {
      overflowed_ = true;
      piece = piece.substr(0, room);
    }
    if (!piece.empty()) std::memcpy(buffer_.data() + used_, piece.data(), piece.size());
    used_ += piece.size();
    return *this;
  }
  Writer& number(std::int64_t value);
  Writer& number(std::uint64_t value);
  Writer& real(double value, int digits = 3);  // fixed point; null where it is no number
  Writer& boolean(bool value) { return text(value ? "true" : "false"); }
  Writer& utc(Instant t);  // "2026-11-21T23:57:34.123456Z", quoted by nobody
  Writer& escaped(
      std::string_view piece);  // the inside of a JSON string; invalid UTF-8 becomes U+FFFD
  Writer& quoted(std::string_view piece) { return text("\"").escaped(piece).text("\""); }
  // `"name":` with a comma before it unless it is the first of its object.
  Writer& key(std::string_view name) {
    if (used_ > 0 && buffer_[used_ - 1] != '{') text(",");
    return text("\"").text(name).text("\":");
  }
  // `"name":value`, text quoted.
  template <class T>
  Writer& field(std::string_view name, T value) {
    key(name);
    if constexpr (std::is_same_v<T, bool>)
      return boolean(value);
    else if constexpr (std::is_floating_point_v<T>)
      return real(value);
    else if constexpr (std::is_signed_v<T>)
      return number(static_cast<std::int64_t>(value));
    else if constexpr (std::is_unsigned_v<T>)
      return number(static_cast<std::uint64_t>(value));
    else
      return quoted(std::string_view(value));
  }
  Writer& comma_unless_first() {
    if (used_ > 0 && buffer_[used_ - 1] != '[') text(",");
    return *this;
  }

  std::string_view view() const { return {buffer_.data(), used_}; }
  std::size_t size() const { return used_; }
  bool overflowed() const { return overflowed_; }
  void clear() {
    used_ = 0;
    overflowed_ = false;
  }

 private:
  std::span<char> buffer_;
  std::size_t used_ = 0;
  bool overflowed_ = false;
};

}  // namespace levi::control
