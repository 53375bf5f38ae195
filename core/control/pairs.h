// Readers of what a changing request says: members of a flat JSON object, and pairs of a query or
// form. They pull one pair at a time into fixed buffers and never allocate. Text beyond a buffer is
// cut, never refused: a kill with a long reason is a kill.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace levi::control {

// ASCII only, whatever the locale.
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

inline constexpr std::size_t kPairKeyMax = 31;
inline constexpr std::size_t kPairValueMax = 255;

template <std::size_t N>
class Bounded {  // text under construction
 public:
  void append(std::string_view piece) {  // a whole character or nothing
    if (full_ || size_ + piece.size() > N) {
      full_ = true;
      return;
    }
    for (const char c : piece) data_[size_++] = c;
  }
  void reset() {
    size_ = 0;
    full_ = false;
  }
  std::string_view view() const { return {data_.data(), size_}; }
  bool cut() const { return full_; }

 private:
  std::array<char, N> data_{};
  std::size_t size_ = 0;
  bool full_ = false;
};

class JsonObject {
 public:
  enum class Kind { kString, kNumber, kTrue, kFalse, kNull, kNested };

  explicit JsonObject(std::string_view text);
  // Reads one member; false at the end, or where the text stops being JSON.
  bool next();
  // After `next` gave false: the text is one well-formed object, with nothing but blanks behind it.
  bool whole() const { return whole_; }
  std::string_view key() const { return key_.view(); }
  Kind kind() const { return kind_; }
  std::string_view value() const {
    return value_.view();
  }  // decoded string, digits of a number, else empty

 private:
  bool take(char c);
  void skip_blanks();
  template <std::size_t N>
  bool read_string(Bounded<N>& out);
  template <std::size_t N>
  bool read_escape(Bounded<N>& out);
  bool read_hex(std::uint32_t& code);
  bool read_value();
  bool read_number();
  bool read_word(std::string_view word, Kind kind);
  bool skip_nested();
  bool skip_key();
  bool skip_scalar();

  std::string_view rest_;
  bool first_ = true;
  bool broken_ = false;
  bool whole_ = false;
  Bounded<kPairKeyMax> key_;
  Bounded<kPairValueMax> value_;
  Kind kind_ = Kind::kNull;
};

// "on=false&reason=feed+is%20stale": percent escapes and '+' are decoded, a broken escape stays as
// it is.
class QueryPairs {
 public:
  explicit QueryPairs(std::string_view query) : rest_(query) {}
  bool next();
  std::string_view key() const { return key_.view(); }
  std::string_view value() const { return value_.view(); }
  std::string_view raw_key() const { return raw_key_; }
  std::string_view raw_value() const { return raw_value_; }

 private:
  std::string_view rest_;
  std::string_view raw_key_;
  std::string_view raw_value_;
  Bounded<kPairKeyMax> key_;
  Bounded<kPairValueMax> value_;
};

// The byte that an escape "%41" at the front stands for, -1 where there is none.
int percent_byte(std::string_view text);

bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII
std::string_view trimmed(std::string_view text);  // without blanks, tabs, CR, LF at both ends

}  // namespace levi::control
