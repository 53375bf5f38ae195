// JsonWriter: appends JSON to a string. For answers that are written thousands of times a second:
// no tree, no stream.
//
// The caller keeps the nesting right. Text from outside may be given as it came: quotes and control
// characters are escaped, and what is no UTF-8 becomes U+FFFD, so that an answer is valid JSON
// whatever was sent.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/decimal.h"

namespace levi::exchange {

void append_json_text(std::string& out, std::string_view text);  // with its quotes

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& open(char bracket) {  // '{' or '['
    separate();
    out_ += bracket;
    comma_ = false;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    comma_ = true;
    return *this;
  }
  JsonWriter& key(std::string_view name) {
    separate();
    out_ += '"';
    out_ += name;
    out_ += "\":";
    comma_ = false;
    return *this;
  }
  JsonWriter& text(std::string_view value) {
    separate();
    append_json_text(out_, value);
    return *this;
  }
  template <std::integral Int>
  requires(!std::same_as<Int, bool>) JsonWriter& number(Int value) {
    separate();
    char buffer[24];
    out_.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
    return *this;
  }
  JsonWriter& decimal(std::int64_t value, int exponent) {  // "93387.28", as text: the venue's way
    separate();
    char buffer[34];
    buffer[0] = '"';
    const std::size_t size = format_decimal(value, exponent, buffer + 1);
    buffer[size + 1] = '"';
    out_.append(buffer, size + 2);
    return *this;
  }
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  JsonWriter& raw(std::string_view value) {
    separate();
    out_ += value;
    return *this;
  }

  JsonWriter& field(std::string_view name, std::string_view value) { return key(name).text(value); }
  JsonWriter& field(std::string_view name, const char* value) { return key(name).text(value); }
  template <std::integral Int>
  requires(!std::same_as<Int, bool>) JsonWriter& field(std::string_view name, Int value) {
    return key(name).number(value);
  }
  template <std::same_as<bool> Bool>
  JsonWriter& field(std::string_view name, Bool value) {
    return key(name).boolean(value);
  }
  JsonWriter& field(std::string_view name, std::int64_t value, int exponent) {
    return key(name).decimal(value, exponent);
  }

 private:
  void separate() {
    if (comma_) out_ += ',';
    comma_ = true;
  }

  std::string& out_;
  bool comma_ = false;
};

}  // namespace levi::exchange
