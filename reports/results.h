// The folder of one run: results.jsonl written as it happens, summary.json at the end, `latest`
// beside it (DESIGN §9).
//
// One thread of one process writes a folder. A crash leaves every finished trial in results.jsonl
// (each line is fsynced) and perhaps a torn last line, which readers drop; summary.json then still
// says complete: false.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/os/fd.h"
#include "reports/gate.h"
#include "reports/record.h"
#include "reports/summary.h"

namespace levi::reports {

class ResultsWriter {
 public:
  // Makes <reports>/chaos/<YYYY-MM-DD_HH-MM-SS>[-n]/ with an incomplete summary.json, and points
  // `latest` at it.
  static Result<ResultsWriter> create(const std::string& reports_folder, const RunFacts& facts,
                                      Instant started);

  Status append(const TrialRecord& record);
  Status write_summary(const std::vector<TrialRecord>& records, const RunFacts& facts,
                       const Gate& gate);
  const std::string& folder() const { return folder_; }

 private:
  ResultsWriter(std::string folder, os::Fd lines)
      : folder_(std::move(folder)), lines_(std::move(lines)) {}
  std::string folder_;
  os::Fd lines_;
};

struct StoredRun {
  std::vector<TrialRecord> records;
  RunFacts facts;
  bool last_line_torn = false;  // the run was killed while writing
};
// Reads a folder back. kNotFound without results.jsonl; kCorrupt names file and line.
Result<StoredRun> read_run(const std::string& folder);

// <reports> of DESIGN §9: `given`, else build/reports of a checkout, else
// $XDG_STATE_HOME/levictl/reports. `executable_folder` is where the running program lives:
// <checkout>/build*/bin, or /usr/bin.
std::string default_reports_folder(const std::string& given, const std::string& executable_folder,
                                   const std::string& state_folder);

}  // namespace levi::reports
