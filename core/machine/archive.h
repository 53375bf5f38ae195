// Writing and reading values field by field: little-endian, fixed widths, nothing of the compiler's
// layout. Private to core/machine.
//
// One list of fields (state_fields.h) serves both directions, so that they can't drift apart. A
// Reader never trusts: every length is bounded by the bytes that are left, every enum and bool by
// its range; after the first defect it gives zeroes.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/decimal.h"
#include "core/base/fixed_string.h"
#include "core/base/ids.h"
#include "core/base/instant.h"

namespace levi::machine {

static_assert(std::endian::native == std::endian::little,
              "the archive copies integers as they lie in memory");

template <class T>
concept PlainInteger = std::integral<T> && !std::same_as<T, bool>;

class Writer {
 public:
  template <PlainInteger Int>
  void operator()(const Int& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void operator()(const bool& value) { bytes_.push_back(value ? 1 : 0); }
  template <class Tag, class Int>
  void operator()(const Id<Tag, Int>& id) {
    (*this)(id.value);
  }
  template <class Tag>
  void operator()(const Count<Tag>& count) {
    (*this)(count.value);
  }
  template <class Tag>
  void operator()(const TimePoint<Tag>& time) {
    (*this)(time.ns);
  }
  void operator()(const Nanos& duration) { (*this)(duration.count()); }
  template <std::size_t N>
  void operator()(const FixedString<N>& text) {
    (*this)(text.size_);
    bytes_.append(text.data_.data(), text.size_);
  }
  template <class Enum>
  void choice(const Enum& value, Enum, Enum) {
    (*this)(static_cast<std::underlying_type_t<Enum>>(value));
  }
  void raw(const char* data, std::size_t size) { bytes_.append(data, size); }
  std::size_t length(std::size_t size, std::size_t) {
    (*this)(static_cast<std::uint32_t>(size));
    return size;
  }
  void expect(bool) {}

  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <PlainInteger Int>
  void operator()(Int& value) {
    value = 0;
    raw(reinterpret_cast<char*>(&value), sizeof value);
  }
  void operator()(bool& value) {
    std::uint8_t byte = 0;
    (*this)(byte);
    expect(byte <= 1);
    value = byte == 1;
  }
  template <class Tag, class Int>
  void operator()(Id<Tag, Int>& id) {
    (*this)(id.value);
  }
  template <class Tag>
  void operator()(Count<Tag>& count) {
    (*this)(count.value);
  }
  template <class Tag>
  void operator()(TimePoint<Tag>& time) {
    (*this)(time.ns);
  }
  void operator()(Nanos& duration) {
    std::int64_t count = 0;
    (*this)(count);
    duration = Nanos{count};
  }
  template <std::size_t N>
  void operator()(FixedString<N>& text) {
    std::uint8_t size = 0;
    (*this)(size);
    expect(size <= N && size <= rest_.size());
    text = {};
    if (!ok_) return;
    text = FixedString<N>(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  template <class Enum>
  void choice(Enum& value, Enum first, Enum last) {
    std::underlying_type_t<Enum> number{};
    (*this)(number);
    value = static_cast<Enum>(number);
    expect(value >= first && value <= last);
    if (!ok_) value = first;
  }
  void raw(char* data, std::size_t size) {
    expect(size <= rest_.size());
    if (!ok_) return;
    std::memcpy(data, rest_.data(), size);
    rest_.remove_prefix(size);
  }
  // An element takes at least a byte, so no length can ask for more than the input is worth.
  std::size_t length(std::size_t, std::size_t max) {
    std::uint32_t size = 0;
    (*this)(size);
    expect(size <= max && size <= rest_.size());
    return ok_ ? size : 0;
  }
  void expect(bool holds) { ok_ = ok_ && holds; }

  bool ok() const { return ok_; }
  std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// A list: `each(archive, element)` for every element.
template <class List, class Each>
void list(Writer& archive, const List& items, std::size_t max, Each each) {
  archive.length(items.size(), max);
  for (const auto& item : items) each(archive, item);
}
template <class List, class Each>
void list(Reader& archive, List& items, std::size_t max, Each each) {
  const std::size_t size = archive.length(0, max);
  items.clear();
  items.reserve(size);
  for (std::size_t i = 0; i < size && archive.ok(); ++i) each(archive, items.emplace_back());
}

}  // namespace levi::machine
