// docs/journal-format.md against the code: every record type is in the table, with its name and
// size.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>

#include "core/machine/machine.h"

namespace levi::journal {
namespace {

struct Row {
  std::string name;
  std::size_t bytes = 0;
};

template <std::size_t I = 0>
void add_types(std::map<int, Row>& rows) {
  if constexpr (I < std::variant_size_v<machine::Event>) {
    const machine::Event event{std::variant_alternative_t<I, machine::Event>{}};
    const std::uint16_t type = machine::event_type(event);
    rows[type] = {machine::event_name(type), machine::event_bytes(event).size()};
    add_types<I + 1>(rows);
  }
}

TEST(JournalFormat, TheDocumentNamesEveryRecordTypeWithItsSize) {
  std::map<int, Row> in_code;
  add_types(in_code);
  std::ifstream document(LEVI_JOURNAL_FORMAT);
  ASSERT_TRUE(document) << LEVI_JOURNAL_FORMAT;
  std::map<int, Row> in_document;
  const std::regex pattern(R"(\| (\d+) \| ([a-z-]+) \| (\d+) \| .* \|)");
  std::smatch match;
  for (std::string line; std::getline(document, line);) {
    if (!std::regex_match(line, match, pattern)) continue;
    in_document[std::stoi(match[1])] = {match[2], std::stoul(match[3])};
  }
  ASSERT_EQ(in_document.size(), in_code.size());
  for (const auto& [type, row] : in_code) {
    EXPECT_EQ(in_document[type].name, row.name) << type;
    EXPECT_EQ(in_document[type].bytes, row.bytes) << row.name;
  }
}

}  // namespace
}  // namespace levi::journal
