// Any bytes as a line of results.jsonl and as a summary.json. A line that is accepted is written
// back as something that reads the same, and the gate can judge it.
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "reports/record.h"
#include "reports/summary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace levi;
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)reports::parse_summary_facts(text);
  const auto parsed = reports::parse_line(text);
  if (!parsed) return 0;
  const std::string line = reports::to_line(parsed.value());
  LEVI_CHECK(line.find('\n') == std::string::npos);
  const auto again = reports::parse_line(line);
  LEVI_CHECK(again && reports::to_line(again.value()) == line);
  const std::vector<reports::TrialRecord> records{parsed.value(), again.value()};
  const reports::Gate gate = reports::judge_gate(records, {.trials_planned = 2});
  LEVI_CHECK(reports::exit_code(gate) >= 0);
  LEVI_CHECK(!reports::summary_json(records, {}, gate).empty());
  return 0;
}
