#include "chaos/proxy/json_value.h"

#include <gtest/gtest.h>

namespace levi::proxy {
namespace {

std::string problem(std::string_view text) {
  const auto value = read_json(text);
  return value ? "none" : value.error().message;
}

TEST(JsonValue, ErrorsReadAsGosDo) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "EOF"},
      {"  \n", "EOF"},
      {"{", "unexpected EOF"},
      {R"({"a)", "unexpected EOF"},
      {"[1,", "unexpected EOF"},
      {"x", "invalid character 'x' looking for beginning of value"},
      {"{a", "invalid character 'a' looking for beginning of object key string"},
      {R"({"a" 1})", "invalid character '1' after object key"},
      {R"({"a":1 "b"})", R"(invalid character '"' after object key:value pair)"},
      {R"({"a":1,})", "invalid character '}' looking for beginning of object key string"},
      {"[1 2]", "invalid character '2' after array element"},
      {"trux", "invalid character 'x' in literal true (expecting 'e')"},
      {"-x", "invalid character 'x' in numeric literal"},
      {"1.x", "invalid character 'x' after decimal point in numeric literal"},
      {"1ex", "invalid character 'x' in exponent of numeric literal"},
      {R"("\q")", "invalid character 'q' in string escape code"},
      {R"("\u12x4")", "invalid character 'x' in \\u hexadecimal character escape"},
      {"\"\n\"", "invalid character '\\n' in string literal"},
      {"\x01", "invalid character '\\x01' looking for beginning of value"},
      {"\xff", "invalid character '\xC3\xBF' looking for beginning of value"},
      {"'", R"(invalid character '\'' looking for beginning of value)"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(problem(text), expected) << text;
}

TEST(JsonValue, OnlyTheFirstValueCounts) {
  const auto value = read_json(R"({"a":1} trailing)");
  ASSERT_TRUE(value);
  EXPECT_EQ(value.value().find("a")->text, "1");
}

TEST(JsonValue, NamesMatchInAnyCaseTheLastOneCountsAndNullIsAbsent) {
  const auto value = read_json(R"({"Name":"x","NAME":"y","listen":null})");
  ASSERT_TRUE(value);
  EXPECT_EQ(value.value().find("name")->text, "y");
  EXPECT_EQ(value.value().find("listen"), nullptr);
}

TEST(JsonValue, StringsAreDecodedAndInvalidOnesMended) {
  const auto text = [](std::string_view json) { return read_json(json).value().text; };
  EXPECT_EQ(text(R"("a\n\u00e9\ud83d\ude00\\")"), "a\n\xC3\xA9\xF0\x9F\x98\x80\\");
  EXPECT_EQ(text(R"("\ud83dx")"), "\xEF\xBF\xBDx");
  EXPECT_EQ(text("\"\xff\""), "\xEF\xBF\xBD");
}

TEST(JsonValue, DepthAndCountAreBounded) {
  EXPECT_EQ(problem(std::string(2000, '[')), "exceeded max depth");
  std::string many = "[0";
  for (int i = 0; i < 500'000; ++i) many += ",0";
  EXPECT_EQ(problem(many + ']'), "too many values");
}

TEST(JsonValue, NumbersAndStringsAreWrittenAsGoWritesThem) {
  const auto number = [](auto value) {
    std::string out;
    append_json_number(out, value);
    return out;
  };
  EXPECT_EQ(number(1.0f), "1");
  EXPECT_EQ(number(0.1f), "0.1");
  EXPECT_EQ(number(7.25f), "7.25");
  EXPECT_EQ(number(1e-7), "1e-7");
  EXPECT_EQ(number(1e21), "1e+21");
  EXPECT_EQ(number(123456789.0), "123456789");
  std::string out;
  append_json_string(out, "a\"\\<&>\n\x01\xC3\xA9\xff");
  std::string lines;
  append_json_string(lines, "\u2028\u2029\u2030");
  EXPECT_EQ(lines, "\"\\u2028\\u2029\u2030\"");
  EXPECT_EQ(out, "\"a\\\"\\\\\\u003c\\u0026\\u003e\\n\\u0001\xC3\xA9\\ufffd\"");
}

}  // namespace
}  // namespace levi::proxy
