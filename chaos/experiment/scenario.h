// A scenario: what is broken, what must hold, what is measured. The YAML of docs/chaos.md, parsed
// into types. Plain values.
//
// Everything is checked before the first action: an unknown key, fault, probe, measure, invariant,
// need or variant is an error with file, line and fix, and so is a percentile target that the
// number of trials can't decide.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/experiment/control.h"
#include "core/base/instant.h"
#include "core/base/result.h"
#include "reports/record.h"

namespace levi::chaos {

struct MeasureOrder {
  std::string name;
  reports::Unit unit = reports::Unit::kSeconds;
  reports::Target target;
  bool required = false;  // no value is no n/a: the trial decides nothing
};

// Orders that must be reaching the venue when the fault lands; a trial without them is invalid.
struct FlowOrder {
  std::int64_t orders_per_second_min = 0;  // 0: none needed
  Nanos window{20ms};

  double orders_min() const {  // in one window
    return static_cast<double>(orders_per_second_min) * static_cast<double>(window.count()) / 1e9;
  }
};

struct Scenario {
  std::string id;
  std::string name;
  std::string title;
  std::string source;                   // file, or "built in"
  std::vector<std::string> steady;      // probes
  std::vector<std::string> throughout;  // probes that the fault must not disturb
  std::string fault;                    // of the registry
  std::map<std::string, std::string> parameters;
  std::vector<std::string> variants;  // trials rotate through them
  std::vector<Nanos> holds;           // per trial, the last one for all further trials
  std::vector<MeasureOrder> measures;
  std::vector<std::string> invariants;
  std::vector<std::string> needs;  // with those of the fault and of everything that is looked at
  std::vector<std::string> tags;
  FlowOrder flow;
  Controls controls;  // what must fail, and by what, where a defence is off
  int trials = 10;
  Nanos settle{300ms};
  Nanos timeout{30s};  // from the fault to the settled steady state
  bool must_pass = false;

  // Something of it is decided by the exchange's ledger alone.
  bool judges_ledger() const;
  Nanos hold(int trial) const;  // from 1
  std::string variant(int trial) const;
};

Result<Scenario> parse_scenario(std::string_view text, const std::string& file_name);

// After --trials changed the number: the lint that `parse_scenario` did for the file's own.
Status lint(const Scenario& scenario);

// The words that a scenario may use.
const std::vector<std::string>& known_measures();
const std::vector<std::string>& known_invariants();
const std::vector<std::string>& known_needs();

}  // namespace levi::chaos
