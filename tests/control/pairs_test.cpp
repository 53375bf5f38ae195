#include "core/control/pairs.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace levi::control {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs members(std::string_view text, bool* whole = nullptr) {
  JsonObject object(text);
  Pairs out;
  while (object.next()) out.emplace_back(object.key(), object.value());
  if (whole != nullptr) *whole = object.whole();
  return out;
}

bool is_whole(std::string_view text) {
  bool whole = false;
  members(text, &whole);
  return whole;
}

TEST(JsonObject, GivesMembersInOrderWithDecodedText) {
  EXPECT_EQ(members(R"( { "reason" : "a\"b\\c\/\u00e4\ud83d\ude00\n" , "epoch":12 } )"),
            (Pairs{{"reason", "a\"b\\c/\xc3\xa4\xf0\x9f\x98\x80\n"}, {"epoch", "12"}}));
}

TEST(JsonObject, SkipsNestedValuesOfAnyShape) {
  EXPECT_EQ(members(R"({"a":{"b":[1,{"c":"}"},[]],"d":{}},"reason":"x"})"),
            (Pairs{{"a", ""}, {"reason", "x"}}));
}

TEST(JsonObject, AgreesWithAFullParserOnWhatIsWellFormed) {
  for (const char* text : {"{}",
                           " {} ",
                           "{\"a\":1}",
                           "{\"a\":-0.5e+3}",
                           "{\"a\":[1,2,[3]],\"b\":null}",
                           "{\"a\":true,\"b\":false}",
                           "{\"a\":\"\\u0041\"}",
                           "{\"a\":{\"b\":{\"c\":[{}]}}}",
                           "{",
                           "}",
                           "{a:1}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{,\"a\":1}",
                           "{\"a\":01}",
                           "{\"a\":1.}",
                           "{\"a\":+1}",
                           "{\"a\":[1,]}",
                           "{\"a\":[,1]}",
                           "{\"a\":[1 2]}",
                           "{\"a\":{\"b\":1,}}",
                           "{\"a\":[}",
                           "{\"a\":{]}",
                           "{\"a\":nul}",
                           "{\"a\":1}x",
                           "{\"a\":1}{}",
                           "{\"a\":\"\x01\"}",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\\ud83d\"}",
                           "{\"a\":\"\xff\"}",
                           "{\"a\":\"b",
                           "{\"a\":tru",
                           "{\"a\":-}",
                           "{\"a\":1e}",
                           "{\"a\":[[[[]]]}",
                           "[]",
                           "1",
                           "",
                           "null"}) {
    const bool expected = nlohmann::json::accept(text) && nlohmann::json::parse(text).is_object();
    EXPECT_EQ(is_whole(text), expected) << text;
  }
}

TEST(JsonObject, KeepsWhatItReadBeforeTheTextBroke) {
  bool whole = true;
  EXPECT_EQ(members(R"({"reason":"feed is mad","on":fal)", &whole),
            (Pairs{{"reason", "feed is mad"}}));
  EXPECT_FALSE(whole);
}

TEST(JsonObject, RefusesNestingBeyondItsLimitWithoutRecursing) {
  const std::string deep = "{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}";
  EXPECT_FALSE(is_whole(deep));
  const std::string fine = "{\"a\":" + std::string(64, '[') + std::string(64, ']') + "}";
  EXPECT_TRUE(is_whole(fine));
}

TEST(JsonObject, CutsLongTextBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "\xc3\xa4";
  const Pairs got = members("{\"reason\":\"" + text + "\"}");
  EXPECT_EQ(got.at(0).second, text.substr(0, 254));
}

TEST(QueryPairs, DecodesEscapesAndKeepsBrokenOnes) {
  QueryPairs pairs("&on=fal%73e&&reason=a+b%20c%zz%4&flag");
  Pairs got;
  while (pairs.next()) got.emplace_back(pairs.key(), pairs.value());
  EXPECT_EQ(got, (Pairs{{"on", "false"}, {"reason", "a b c%zz%4"}, {"flag", ""}}));
}

}  // namespace
}  // namespace levi::control
