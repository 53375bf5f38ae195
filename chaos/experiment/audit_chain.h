// The audit chain of the target, verified from its files (docs/api.md, Audit). `chain` is pure; the
// reader keeps its place.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace levi::chaos {

// Follows one chain line by line.
class AuditChain {
 public:
  // An error says what is wrong with this line; the chain is then of no more use.
  Status take(std::string_view line);
  std::uint64_t lines() const { return lines_; }

 private:
  std::string previous_;  // empty before the first line
  std::int64_t number_ = 0;
  std::uint64_t lines_ = 0;
};

// Reads <data>/audit/*.jsonl in order of their names (dates), what was not read before.
class AuditReader {
 public:
  explicit AuditReader(std::string data_folder) : folder_(std::move(data_folder) + "/audit") {}
  // Verifies what is new. kCorrupt names file and line; kNotFound: there is no audit folder.
  Status read_on();
  std::uint64_t lines() const { return chain_.lines(); }

 private:
  Status read_file_on(const std::string& name);

  std::string folder_;
  AuditChain chain_;
  std::map<std::string, std::size_t> offsets_;  // by file name: bytes verified
  std::map<std::string, std::uint64_t> line_numbers_;
};

}  // namespace levi::chaos
