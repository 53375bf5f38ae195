#include "reports/table.h"

#include <gtest/gtest.h>

#include "tests/reports/samples.h"

namespace levi::reports {
namespace {

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({"A", "B"});
  table.add({"long", "x"});
  table.add({"é", "y"});
  EXPECT_EQ(table.text(), "A     B\nlong  x\né     y\n");
}

TEST(Table, ARunShowsMeasuresProblemsAndTheGate) {
  auto records = trials(9, 1);
  for (auto& record : records)
    record.measures = {seconds("mttr", 2'500'000, 1000, 120'000'000'000)};
  records.back().reason = "the feed never came back";
  const std::string text = run_table(records, judge_gate(records, {}), 0.9, false);
  EXPECT_NE(text.find("mttr 2.5ms (max 2.5ms, target 120s)"), std::string::npos) << text;
  EXPECT_NE(text.find("C-1: the feed never came back"), std::string::npos) << text;
  EXPECT_NE(text.find("gate passed: 9 of 10 required trials passed, 90.0 %"), std::string::npos)
      << text;
  EXPECT_NE(text.find("10 trials took 15s"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Table, ColoursDoNotMoveTheColumns) {
  const auto records = trials(1, 0);
  std::string coloured = run_table(records, judge_gate(records, {}), 0.9, true);
  EXPECT_NE(coloured.find("\x1b[32mpass\x1b[0m"), std::string::npos);
  for (std::size_t at; (at = coloured.find('\x1b')) != std::string::npos;) {
    coloured.erase(at, coloured.find('m', at) - at + 1);
  }
  EXPECT_EQ(coloured, run_table(records, judge_gate(records, {}), 0.9, false));
}

TEST(Table, TheProgressLineFitsTheTerminal) {
  EXPECT_EQ(progress_line(12, 60, "C-1 engine-kill", 3, 10, "observe", 80),
            "12/60  C-1 engine-kill  trial 3/10  observe");
  EXPECT_EQ(progress_line(12, 60, "C-1 engine-kill", 3, 10, "observe", 9), "12/60  C-");
}

}  // namespace
}  // namespace levi::reports
