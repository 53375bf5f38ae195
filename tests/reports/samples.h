// Trial records for the tests of reports.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "reports/record.h"

namespace levi::reports {

inline TrialRecord trial(std::string id, int number, Verdict status) {
  TrialRecord record;
  record.id = std::move(id);
  record.name = "a-name";
  record.trial = number;
  record.seed = 7;
  record.status = status;
  record.assurance = Assurance::kWitnessed;
  record.duration = Nanos{1'500'000'000};
  return record;
}

inline std::vector<TrialRecord> trials(std::size_t passed, std::size_t failed,
                                       std::size_t invalid = 0) {
  std::vector<TrialRecord> records;
  int number = 0;
  for (std::size_t i = 0; i < passed; ++i)
    records.push_back(trial("C-1", ++number, Verdict::kPass));
  for (std::size_t i = 0; i < failed; ++i)
    records.push_back(trial("C-1", ++number, Verdict::kFail));
  for (std::size_t i = 0; i < invalid; ++i)
    records.push_back(trial("C-1", ++number, Verdict::kInvalid));
  return records;
}

inline Measure seconds(std::string name, std::int64_t ns, std::int64_t error, std::int64_t max) {
  Measure measure;
  measure.name = std::move(name);
  measure.value = ns;
  measure.error = error;
  measure.target.max = max;
  return measure;
}

}  // namespace levi::reports
