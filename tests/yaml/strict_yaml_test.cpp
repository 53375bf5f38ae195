#include "core/base/strict_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace levi {
namespace {

using testing::HasSubstr;

// Reads a document with a fixed set of keys, as a configuration would.
struct Sample {
  std::string name;
  std::int64_t port = 0;
  bool on = false;
  Nanos wait{0};
  std::vector<std::string> words;
  std::vector<std::string> items;
};

Result<Sample> read(std::string_view text) {
  LEVI_TRY(root, YamlDocument::parse(text, "sample.yaml"));
  Sample sample;
  sample.name = root.text("name");
  sample.port = root.integer("port", 1, 65535, 8000);
  sample.on = root.boolean("on", false);
  sample.wait = root.duration("wait", 1s);
  sample.words = root.texts("words");
  root.list("items", [&](YamlMap& item) { sample.items.push_back(item.text("label")); });
  LEVI_TRY_STATUS(root.finish());
  return sample;
}

TEST(StrictYaml, ReadsEveryKindOfValue) {
  const auto sample = read(
      "name: a\nport: 80\non: true\nwait: 250ms\nwords: [x, y]\nitems:\n  - label: one\n  - label: "
      "two\n");
  ASSERT_TRUE(sample) << sample.error().text();
  EXPECT_EQ(sample.value().name, "a");
  EXPECT_EQ(sample.value().port, 80);
  EXPECT_TRUE(sample.value().on);
  EXPECT_EQ(sample.value().wait, 250ms);
  EXPECT_THAT(sample.value().words, testing::ElementsAre("x", "y"));
  EXPECT_THAT(sample.value().items, testing::ElementsAre("one", "two"));
}

TEST(StrictYaml, TakesTheFallbackWhereAKeyIsAbsent) {
  const auto sample = read("name: a\n");
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample.value().port, 8000);
  EXPECT_EQ(sample.value().wait, 1s);
}

struct BadCase {
  const char* what;
  const char* text;
  const char* place;
  const char* says;
};

class StrictYamlRefuses : public testing::TestWithParam<BadCase> {};

TEST_P(StrictYamlRefuses, WithFileLineAndFix) {
  const auto sample = read(GetParam().text);
  ASSERT_FALSE(sample);
  EXPECT_EQ(sample.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(sample.error().text(), HasSubstr(GetParam().place));
  EXPECT_THAT(sample.error().text(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Table, StrictYamlRefuses,
    testing::Values(
        BadCase{"misspelt key", "name: a\nprot: 80\n", "sample.yaml:2:", "did you mean 'port'?"},
        BadCase{"unknown key", "name: a\nzzzzzzz: 1\n", "sample.yaml:2:", "known keys here"},
        BadCase{"missing key", "port: 80\n", "sample.yaml:1:", "'name' is missing"},
        BadCase{"out of range", "name: a\nport: 70000\n", "sample.yaml:2:", "from 1 to 65535"},
        BadCase{"not a number", "name: a\nport: many\n", "sample.yaml:2:", "whole number"},
        BadCase{"yes is no boolean", "name: a\non: yes\n", "sample.yaml:2:", "true or false"},
        BadCase{"no unit", "name: a\nwait: 5\n", "sample.yaml:2:", "not a duration"},
        BadCase{"unknown key in a list", "name: a\nitems:\n  - label: x\n    lable: y\n",
                "sample.yaml:4:", "did you mean 'label'?"},
        BadCase{"list for a scalar", "name: [a]\n", "sample.yaml:1:", "must be text"},
        BadCase{"not a mapping", "- a\n", "sample.yaml:1:", "expected a mapping"},
        BadCase{"not YAML", "name: a\n b: [\n", "sample.yaml:", "valid YAML"}),
    [](const auto& one) {
      std::string name = one.param.what;
      for (char& c : name) c = c == ' ' ? '_' : c;
      return name;
    });

TEST(StrictYaml, RefusesNestingThatWouldExhaustTheStack) {
  EXPECT_FALSE(read(std::string(100'000, '[')));
  EXPECT_FALSE(read(std::string(100'000, '-')));
}

// It was left out in silence.
TEST(StrictYaml, RefusesASecondDocumentAndNamesItsLine) {
  const auto two = read("name: a\n---\nport: 2\n");
  ASSERT_FALSE(two);
  EXPECT_NE(two.error().text().find(":3: a second document"), std::string::npos)
      << two.error().text();
  EXPECT_TRUE(read("---\nname: a\n...\n"));
}

TEST(Durations, AreReadWithTheirUnit) {
  EXPECT_EQ(parse_duration("1.5s").value(), 1500ms);
  EXPECT_EQ(parse_duration("200us").value(), 200us);
  EXPECT_EQ(parse_duration("2h").value(), 2h);
  for (const char* bad : {"", "s", "5", "5 s", "-1s", "1e3s", "99999999999h"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Durations, AreWrittenShort) {
  EXPECT_EQ(format_duration(1500ms), "1.5s");
  EXPECT_EQ(format_duration(250ms), "250ms");
  EXPECT_EQ(format_duration(31us), "31us");
}

}  // namespace
}  // namespace levi
