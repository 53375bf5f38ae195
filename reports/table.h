// What a person sees of a run: a table on stdout at the end, one line of progress on a terminal
// meanwhile. Pure text.
#pragma once

#include <string>
#include <vector>

#include "reports/gate.h"
#include "reports/summary.h"

namespace levi::reports {

// A plain table: columns as wide as their widest cell (counted in characters, not bytes), two
// blanks between.
class Table {
 public:
  explicit Table(std::vector<std::string> head);
  void add(std::vector<std::string> row);  // missing cells are empty
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "1.23 s", "45 ms", "12" for a count.
std::string format_amount(std::int64_t value, Unit unit);
std::string format_percent(double rate);  // 0.995: "99.5 %"

// One row per scenario, the problems below, then the gate, how long all trials took, and the gate's
// reasons. `colour`: verdicts in green,
// red and yellow.
std::string run_table(const std::vector<TrialRecord>& records, const Gate& gate,
                      double pass_rate_min, bool colour);

// "12/60  C-1 engine-kill  trial 3/10  observe"; cut to `width` characters.
std::string progress_line(std::size_t done, std::size_t planned, const std::string& scenario,
                          int trial, int trials, const std::string& step, std::size_t width);

}  // namespace levi::reports
