#include "core/control/pairs.h"

#include "core/control/utf8.h"

namespace levi::control {
namespace {

constexpr unsigned kNestingMax = 64;  // one bit each

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

template <std::size_t N>
void decode_into(std::string_view text, Bounded<N>& out) {
  out.reset();
  while (!text.empty()) {
    const int escaped = percent_byte(text);
    const char c = escaped >= 0 ? static_cast<char>(escaped) : text[0] == '+' ? ' ' : text[0];
    out.append({&c, 1});
    text.remove_prefix(escaped >= 0 ? 3 : 1);
  }
}

}  // namespace

int percent_byte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return -1;
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool QueryPairs::next() {
  while (!rest_.empty()) {
    const std::size_t end = rest_.find('&');
    const std::string_view pair = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    raw_key_ = pair.substr(0, equals);
    raw_value_ = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    decode_into(raw_key_, key_);
    decode_into(raw_value_, value_);
    return true;
  }
  return false;
}

JsonObject::JsonObject(std::string_view text) : rest_(text) {
  if (rest_.substr(0, 3) == "\xef\xbb\xbf") rest_.remove_prefix(3);  // byte order mark
  skip_blanks();
  broken_ = !take('{');
}

bool JsonObject::next() {
  if (broken_ || whole_) return false;
  skip_blanks();
  if (take('}')) {
    skip_blanks();
    whole_ = rest_.empty();
    broken_ = !whole_;
    return false;
  }
  broken_ = true;  // until this member is read to its end
  if (!first_ && !take(',')) return false;
  first_ = false;
  skip_blanks();
  key_.reset();
  value_.reset();
  if (!read_string(key_)) return false;
  skip_blanks();
  if (!take(':')) return false;
  skip_blanks();
  if (!read_value()) return false;
  broken_ = false;
  return true;
}

bool JsonObject::take(char c) {
  if (rest_.empty() || rest_.front() != c) return false;
  rest_.remove_prefix(1);
  return true;
}

void JsonObject::skip_blanks() {
  while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
}

template <std::size_t N>
bool JsonObject::read_string(Bounded<N>& out) {
  if (!take('"')) return false;
  while (!rest_.empty()) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    if (byte == '"') return take('"');
    if (byte < 0x20) return false;
    if (byte == '\\') {
      rest_.remove_prefix(1);
      if (!read_escape(out)) return false;
      continue;
    }
    const std::size_t length = byte < 0x80 ? 1 : utf8_length(rest_);
    if (length == 0) return false;
    out.append(rest_.substr(0, length));
    rest_.remove_prefix(length);
  }
  return false;
}

template <std::size_t N>
bool JsonObject::read_escape(Bounded<N>& out) {
  static constexpr std::string_view kNames = "\"\\/bfnrt";
  static constexpr std::string_view kBytes = "\"\\/\b\f\n\r\t";
  if (rest_.empty()) return false;
  const char name = rest_.front();
  rest_.remove_prefix(1);
  if (const std::size_t at = kNames.find(name); at != std::string_view::npos) {
    out.append(kBytes.substr(at, 1));
    return true;
  }
  std::uint32_t code = 0;
  if (name != 'u' || !read_hex(code)) return false;
  if (code >= 0xd800 && code <= 0xdbff) {  // the first half of a pair
    std::uint32_t low = 0;
    if (!take('\\') || !take('u') || !read_hex(low) || low < 0xdc00 || low > 0xdfff) return false;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  char encoded[4];
  const std::size_t length = utf8_encode(code, encoded);
  out.append({encoded, length});
  return true;
}

bool JsonObject::read_hex(std::uint32_t& code) {
  if (rest_.size() < 4) return false;
  code = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_value(rest_[static_cast<std::size_t>(i)]);
    if (digit < 0) return false;
    code = code * 16 + static_cast<std::uint32_t>(digit);
  }
  rest_.remove_prefix(4);
  return true;
}

bool JsonObject::read_value() {
  if (rest_.empty()) return false;
  switch (rest_.front()) {
    case '"':
      kind_ = Kind::kString;
      return read_string(value_);
    case '{':
    case '[':
      kind_ = Kind::kNested;
      return skip_nested();
    case 't':
      return read_word("true", Kind::kTrue);
    case 'f':
      return read_word("false", Kind::kFalse);
    case 'n':
      return read_word("null", Kind::kNull);
    default:
      kind_ = Kind::kNumber;
      return read_number();
  }
}

bool JsonObject::read_number() {
  const std::string_view before = rest_;
  const auto digits = [this] {
    std::size_t count = 0;
    for (; !rest_.empty() && is_digit(rest_.front()); ++count) rest_.remove_prefix(1);
    return count;
  };
  take('-');
  if (!take('0') && digits() == 0) return false;
  if (take('.') && digits() == 0) return false;
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    if (digits() == 0) return false;
  }
  const std::string_view text = before.substr(0, before.size() - rest_.size());
  for (const char c : text) value_.append({&c, 1});
  return true;
}

bool JsonObject::read_word(std::string_view word, Kind kind) {
  if (rest_.substr(0, word.size()) != word) return false;
  rest_.remove_prefix(word.size());
  kind_ = kind;
  return true;
}

// A scalar inside a nested value: checked, not kept.
bool JsonObject::skip_scalar() {
  if (rest_.empty()) return false;
  Bounded<1> ignored;
  switch (rest_.front()) {
    case '"':
      return read_string(ignored);
    case 't':
      return read_word("true", kind_);
    case 'f':
      return read_word("false", kind_);
    case 'n':
      return read_word("null", kind_);
    default:
      return read_number();
  }
}

bool JsonObject::skip_key() {
  Bounded<1> ignored;
  if (!read_string(ignored)) return false;
  skip_blanks();
  if (!take(':')) return false;
  skip_blanks();
  return true;
}

// Walks over an object or array of any shape up to kNestingMax deep. One bit per level says which
// of the two it is.
bool JsonObject::skip_nested() {
  std::uint64_t objects = 0;
  unsigned depth = 0;
  bool value_done = false;  // of the innermost open level: a value stands just before this point
  do {
    skip_blanks();
    const bool in_object = depth > 0 && (objects >> (depth - 1) & 1) != 0;
    if (depth > 0 && take(in_object ? '}' : ']')) {
      --depth;
      value_done = true;
      continue;
    }
    if (value_done && !take(',')) return false;
    skip_blanks();
    if (in_object && !skip_key()) return false;
    const bool object = take('{');
    value_done = !object && !take('[');
    if (value_done) {
      if (!skip_scalar()) return false;
    } else {
      if (depth == kNestingMax) return false;
      const std::uint64_t bit = std::uint64_t{1} << depth++;
      objects = object ? objects | bit : objects & ~bit;
    }
  } while (depth > 0);
  value_.reset();
  kind_ = Kind::kNested;
  return true;
}

}  // namespace levi::control
