#include "reports/table.h"

#include <algorithm>
#include <cstdio>

#include "core/base/strict_yaml.h"

namespace levi::reports {
namespace {

constexpr const char* kGreen = "\x1b[32m";
constexpr const char* kRed = "\x1b[31m";
constexpr const char* kYellow = "\x1b[33m";
constexpr const char* kPlain = "\x1b[0m";

// Characters on the screen: UTF-8 continuation bytes and colour sequences take no room.
std::size_t width_of(const std::string& text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
      if (i == std::string::npos) break;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++width;
    }
  }
  return width;
}

std::string coloured(const std::string& text, const char* colour, bool on) {
  return on ? colour + text + kPlain : text;
}

std::string verdict_of(const ScenarioSummary& scenario, bool colour) {
  if (scenario.failed > 0) return coloured("fail", kRed, colour);
  if (scenario.invalid > 0) return coloured("invalid", kYellow, colour);
  if (scenario.skipped > 0) return coloured("skipped", kYellow, colour);
  return coloured("pass", kGreen, colour);
}

// "engine_restart 1.2 ms (max 3.4 ms, target 30 s)"
std::string measure_text(const MeasureSummary& measure) {
  if (measure.values == 0) return measure.name + " n/a";
  std::string text = measure.name + " ";
  if (measure.unit == Unit::kCount) {
    text += std::to_string(measure.sum);
    if (measure.zero_upper_bound) {
      char bound[40];
      std::snprintf(bound, sizeof bound, " (< %.1f %% of trials)", *measure.zero_upper_bound * 100);
      text += bound;
    }
    return text;
  }
  const bool rate = measure.unit == Unit::kPerSecond;
  text += format_amount(measure.p50, measure.unit) + (rate ? " (min " : " (max ") +
          format_amount(rate ? measure.min : measure.max, measure.unit);
  if (measure.target.max) text += ", target " + format_amount(*measure.target.max, measure.unit);
  return text + ")";
}

std::string gate_line(const Gate& gate, double pass_rate_min, bool colour) {
  const char* shade = gate.outcome == GateOutcome::kPassed   ? kGreen
                      : gate.outcome == GateOutcome::kMissed ? kRed
                                                             : kYellow;
  std::string line = "gate " + coloured(to_string(gate.outcome), shade, colour) + ": " +
                     std::to_string(gate.passed) + " of " + std::to_string(gate.required) +
                     " required trials passed, " + format_percent(gate.pass_rate) +
                     " (95 %: " + format_percent(gate.pass_interval.low) + " to " +
                     format_percent(gate.pass_interval.high) + ", target " +
                     format_percent(pass_rate_min) + ")";
  if (gate.interrupted) line += ", interrupted";
  return line + "\n";
}

}  // namespace

Table::Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }

void Table::add(std::vector<std::string> row) {
  row.resize(rows_.front().size());
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line += std::string(widths[i] - width_of(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string format_amount(std::int64_t value, Unit unit) {
  if (unit == Unit::kPerSecond) return std::to_string(value) + "/s";
  return unit == Unit::kCount ? std::to_string(value) : format_duration(Nanos{value});
}

std::string format_percent(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", rate * 100);
  return text;
}

std::string run_table(const std::vector<TrialRecord>& records, const Gate& gate,
                      double pass_rate_min, bool colour) {
  Table table({"ID", "SCENARIO", "TRIALS", "PASS", "FAIL", "INVALID", "SKIPPED", "TIME", "VERDICT",
               "MEASURES"});
  std::string problems;
  Nanos duration{0};
  for (const auto& scenario : summarise(records)) {
    const auto number = [](std::size_t n) { return std::to_string(n); };
    std::vector<std::string> row{scenario.id,
                                 scenario.name,
                                 number(scenario.trials),
                                 number(scenario.passed),
                                 number(scenario.failed),
                                 number(scenario.invalid),
                                 number(scenario.skipped),
                                 format_duration(scenario.duration),
                                 verdict_of(scenario, colour)};
    duration += scenario.duration;
    bool first = true;
    for (const auto& measure : scenario.measures) {
      if (!first) row = std::vector<std::string>(9);
      row.push_back(measure_text(measure));
      table.add(std::move(row));
      row.clear();
      first = false;
    }
    if (first) table.add(std::move(row));
    for (const auto& problem : scenario.problems)
      problems += "  " + scenario.id + ": " + problem + "\n";
  }
  std::string out = table.text();
  if (!problems.empty()) out += "\n" + problems;
  out += "\n" + gate_line(gate, pass_rate_min, colour);
  out += "  " + std::to_string(gate.total) + " trials took " + format_duration(duration) + "\n";
  for (const auto& reason : gate.reasons) out += "  " + reason + "\n";
  return out;
}

std::string progress_line(std::size_t done, std::size_t planned, const std::string& scenario,
                          int trial, int trials, const std::string& step, std::size_t width) {
  std::string line = std::to_string(done) + "/" + std::to_string(planned) + "  " + scenario +
                     "  trial " + std::to_string(trial) + "/" + std::to_string(trials) + "  " +
                     step;
  if (line.size() > width) line.resize(width);
  return line;
}

}  // namespace levi::reports
