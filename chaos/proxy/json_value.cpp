#include "chaos/proxy/json_value.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "core/os/http_text.h"

namespace levi::proxy {
namespace {

constexpr int kDepthMax = 1000;      // Go's is 10000; nobody nests a proxy that deep
constexpr int kValuesMax = 400'000;  // a value costs far more memory than the two bytes of "1,"
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// The length of the valid UTF-8 sequence that begins at `at`; 0 where there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  }
  const unsigned second = byte(at + 1);
  const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

std::string quoted_character(char c) {
  if (c == '\'') return R"('\'')";
  if (c == '"') return R"('"')";
  if (c == '\\') return R"('\\')";
  const auto byte = static_cast<unsigned char>(c);
  constexpr std::string_view kLetters = "abtnvfr";
  constexpr std::string_view kControls = "\a\b\t\n\v\f\r";
  const std::size_t known = kControls.find(c);
  std::string text = "'";
  if (known != std::string_view::npos) {
    text += '\\';
    text += kLetters[known];
  } else if (byte < 0x20 || (byte >= 0x7f && byte < 0xa0)) {
    constexpr char kHex[] = "0123456789abcdef";
    text += byte < 0x80 ? "\\x" : "\\u00";
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  } else {
    append_utf8(text, byte);
  }
  return text + '\'';
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<JsonValue> read() {
    skip_blanks();
    if (at_ == text_.size()) return error(ErrorCode::kInvalid, "EOF");
    JsonValue value;
    if (!read_value(value, 0)) return error(ErrorCode::kInvalid, problem_);
    return value;
  }

 private:
  bool fail(const std::string& context) {
    problem_ = at_ < text_.size()
                   ? "invalid character " + quoted_character(text_[at_]) + ' ' + context
                   : "unexpected EOF";
    return false;
  }

  void skip_blanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n')) {
      ++at_;
    }
  }

  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool next_is_digit() const {
    return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9';
  }

  bool read_value(JsonValue& value, int depth) {
    skip_blanks();
    if (at_ == text_.size()) return fail("");
    if (depth > kDepthMax || ++values_ > kValuesMax) {
      problem_ = depth > kDepthMax ? "exceeded max depth" : "too many values";
      return false;
    }
    switch (text_[at_]) {
      case '{':
        return read_object(value, depth);
      case '[':
        return read_array(value, depth);
      case '"':
        value.kind = JsonValue::Kind::kString;
        return read_string(value.text);
      case 't':
        value.kind = JsonValue::Kind::kBool;
        value.boolean = true;
        return read_word("true");
      case 'f':
        value.kind = JsonValue::Kind::kBool;
        return read_word("false");
      case 'n':
        return read_word("null");
      default:
        return read_number(value);
    }
  }

  bool read_word(std::string_view word) {
    for (std::size_t i = 0; i < word.size(); ++i, ++at_) {
      if (!next_is(word[i])) {
        return fail("in literal " + std::string(word) + " (expecting '" + word[i] + "')");
      }
    }
    return true;
  }

  bool read_digits(const char* context) {
    if (!next_is_digit()) return fail(context);
    while (next_is_digit()) ++at_;
    return true;
  }

  bool read_number(JsonValue& value) {
    const std::size_t begin = at_;
    if (!next_is('-') && !next_is_digit()) return fail("looking for beginning of value");
    if (next_is('-')) ++at_;
    if (next_is('0')) {
      ++at_;
    } else if (!read_digits("in numeric literal")) {
      return false;
    }
    if (next_is('.')) {
      ++at_;
      if (!read_digits("after decimal point in numeric literal")) return false;
    }
    if (next_is('e') || next_is('E')) {
      ++at_;
      if (next_is('+') || next_is('-')) ++at_;
      if (!read_digits("in exponent of numeric literal")) return false;
    }
    value.kind = JsonValue::Kind::kNumber;
    value.text = text_.substr(begin, at_ - begin);
    return true;
  }

  std::optional<std::uint32_t> read_hex() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = at_ < text_.size() ? text_[at_] : '\0';
      std::uint32_t digit = 0;
      if (c >= '0' && c <= '9') {
        digit = static_cast<std::uint32_t>(c - '0');
      } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
        digit = static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
      } else {
        fail("in \\u hexadecimal character escape");
        return std::nullopt;
      }
      code = code << 4 | digit;
    }
    return code;
  }

  // Behind "\u". Halves of a pair that stand alone become U+FFFD, as in Go.
  bool read_unicode(std::string& out) {
    auto code = read_hex();
    if (!code) return false;
    if (*code >= 0xd800 && *code < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
      const std::size_t behind = at_;
      at_ += 2;
      const auto low = read_hex();
      if (!low) return false;
      if (*low >= 0xdc00 && *low < 0xe000) {
        append_utf8(out, 0x10000 + ((*code - 0xd800) << 10 | (*low - 0xdc00)));
        return true;
      }
      at_ = behind;
    }
    if (*code >= 0xd800 && *code < 0xe000) {
      out += kReplacement;
    } else {
      append_utf8(out, *code);
    }
    return true;
  }

  bool read_escape(std::string& out) {
    ++at_;
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (next_is('u')) {
      ++at_;
      return read_unicode(out);
    }
    const std::size_t known =
        at_ < text_.size() ? kLetters.find(text_[at_]) : std::string_view::npos;
    if (known == std::string_view::npos) return fail("in string escape code");
    out += kMeanings[known];
    ++at_;
    return true;
  }

  bool read_string(std::string& out) {
    ++at_;
    out.clear();
    for (;;) {
      if (at_ == text_.size()) return fail("");
      const char c = text_[at_];
      if (c == '"') break;
      if (static_cast<unsigned char>(c) < 0x20) return fail("in string literal");
      if (c == '\\') {
        if (!read_escape(out)) return false;
        continue;
      }
      const std::size_t length = utf8_length(text_, at_);
      if (length == 0) {
        out += kReplacement;
        ++at_;
      } else {
        out += text_.substr(at_, length);
        at_ += length;
      }
    }
    ++at_;
    return true;
  }

  bool read_array(JsonValue& value, int depth) {
    value.kind = JsonValue::Kind::kArray;
    ++at_;
    skip_blanks();
    if (next_is(']')) {
      ++at_;
      return true;
    }
    for (;;) {
      if (!read_value(value.items.emplace_back(), depth + 1)) return false;
      skip_blanks();
      if (next_is(']')) break;
      if (!next_is(',')) return fail("after array element");
      ++at_;
    }
    ++at_;
    return true;
  }

  bool read_object(JsonValue& value, int depth) {
    value.kind = JsonValue::Kind::kObject;
    ++at_;
    skip_blanks();
    if (next_is('}')) {
      ++at_;
      return true;
    }
    for (;;) {
      skip_blanks();
      if (!next_is('"')) return fail("looking for beginning of object key string");
      auto& [name, member] = value.members.emplace_back();
      if (!read_string(name)) return false;
      skip_blanks();
      if (!next_is(':')) return fail("after object key");
      ++at_;
      if (!read_value(member, depth + 1)) return false;
      skip_blanks();
      if (next_is('}')) break;
      if (!next_is(',')) return fail("after object key:value pair");
      ++at_;
    }
    ++at_;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int values_ = 0;
  std::string problem_;
};

template <class Number>
void append_float(std::string& out, Number value) {
  char digits[512];
  const Number size = std::abs(value);
  const bool exponent = size != 0 && (size < Number(1e-6) || size >= Number(1e21));
  const auto form = exponent ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(digits, digits + sizeof digits, value, form).ptr;
  std::string text(digits, end);
  const std::size_t padded = text.find("e-0");  // Go writes e-7, not e-07
  if (padded != std::string::npos) text.erase(padded + 2, 1);
  out += text;
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    if (!os::equals_ignoring_case(member->name, name)) continue;
    return member->value.kind == Kind::kNull ? nullptr : &member->value;
  }
  return nullptr;
}

const char* JsonValue::go_kind() const {
  switch (kind) {
    case Kind::kBool:
      return "bool";
    case Kind::kNumber:
      return "number";
    case Kind::kString:
      return "string";
    case Kind::kArray:
      return "array";
    case Kind::kObject:
      return "object";
    case Kind::kNull:
      break;
  }
  return "null";
}

Result<JsonValue> read_json(std::string_view text) { return Reader(text).read(); }

void append_json_string(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = utf8_length(text, i);
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n' || c == '\r' || c == '\t' || c == '\b' || c == '\f') {
      constexpr std::string_view kControls = "\n\r\t\b\f";
      out += '\\';
      out += "nrtbf"[kControls.find(c)];
    } else if (byte < 0x20 || c == '<' || c == '>' || c == '&') {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else if (length == 0) {
      out += "\\ufffd";
    } else if (text.substr(i, length) == "\u2028" || text.substr(i, length) == "\u2029") {
      out += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";  // ends of lines in JavaScript
    } else {
      out += text.substr(i, length);
    }
    i += length == 0 ? 1 : length;
  }
  out += '"';
}

void append_json_number(std::string& out, double value) { append_float(out, value); }
void append_json_number(std::string& out, float value) { append_float(out, value); }
void append_json_number(std::string& out, std::int64_t value) { out += std::to_string(value); }

}  // namespace levi::proxy
