// Text that an operator typed, on its way out.
#include "levictl/text.h"

#include <gtest/gtest.h>

namespace levi::cli {
namespace {

TEST(Text, ThatIsNotUtf8BecomesJsonWithoutTheBytes) {
  EXPECT_EQ(json_text(nlohmann::json{{"reason", "f\xfcr"}}), "{\"reason\":\"f\xef\xbf\xbdr\"}");
}

TEST(Text, IsShownAsOneLineThatNoTerminalObeys) {
  const std::pair<const char*, const char*> cases[] = {
      {"feed fixed, INC-17", "feed fixed, INC-17"},
      {"für …", "für …"},
      {"x\nlatch      open", "x\\nlatch      open"},
      {"a\tb\rc", "a\\tb\\x0dc"},
      {"\x1b[2K\x1b[1A", "\\x1b[2K\\x1b[1A"},
      {"\x7f", "\\x7f"},
      {"\xc2\x9b"
       "2K",
       "\\xc2\\x9b2K"},  // CSI as one character
      {"f\xfcr", "f\\xfcr"},
      {"cut \xe2\x80", "cut \\xe2\\x80"},
      {"\xf0\x9f\x94\x92", "\xf0\x9f\x94\x92"},
      {"\xc0\x8a", "\\xc0\\x8a"},  // a newline in more bytes than it needs
      {"", ""}};
  for (const auto& [given, shown] : cases) EXPECT_EQ(printable(given), shown);
}

}  // namespace
}  // namespace levi::cli
