// The audit chain of the target, verified from its files (docs/api.md, Audit). `chain` is pure; the
// reader keeps its place.
//
// A core that is killed while it writes leaves a torn line; its next start ends it with a line end
// and names it by length and hash in a REPAIR line. Torn bytes that are not named so are a change.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace levi::chaos {

// Follows one chain line by line.
class AuditChain {
 public:
  // `actor`: whose requests are counted.
  explicit AuditChain(std::string actor = {}) : actor_(std::move(actor)) {}

  // An error says what is wrong with this line; the chain is then of no more use.
  Status take(std::string_view line);
  std::uint64_t lines() const { return lines_; }
  // Requests of the actor that were granted (2xx), by "METHOD path".
  const std::map<std::string, std::uint64_t>& granted() const { return granted_; }
  std::int64_t number() const { return number_; }  // of the last line; 0: none yet
  const std::string& hash() const { return previous_; }
  // The last line is torn, and no line behind it has named it yet.
  bool torn() const { return !torn_.empty(); }

 private:
  Status follow(const std::string& hash, std::string_view line);

  std::string actor_;
  std::map<std::string, std::uint64_t> granted_;
  std::string torn_;
  std::string previous_;  // empty before the first line
  std::int64_t number_ = 0;
  std::uint64_t lines_ = 0;
};

// Reads <data>/audit/*.jsonl in order of their names (dates), what was not read before.
class AuditReader {
 public:
  explicit AuditReader(std::string data_folder, std::string actor = {})
      : folder_(std::move(data_folder) + "/audit"), chain_(std::move(actor)) {}
  // Verifies what is new. kCorrupt names file and line; kNotFound: there is no audit folder.
  Status read_on();
  std::uint64_t lines() const { return chain_.lines(); }
  const std::map<std::string, std::uint64_t>& granted() const { return chain_.granted(); }
  // Whether the line of this number has this hash. Empty: it was not read yet. Asked for before the
  // line is read.
  void expect(std::int64_t number, std::string hash);
  std::optional<bool> as_expected() const { return as_expected_; }
  bool torn() const { return chain_.torn(); }

 private:
  Status read_file_on(const std::string& name);

  std::string folder_;
  AuditChain chain_;
  std::int64_t expected_number_ = 0;
  std::string expected_hash_;
  std::optional<bool> as_expected_;
  std::map<std::string, std::size_t> offsets_;  // by file name: bytes verified
  std::map<std::string, std::uint64_t> line_numbers_;
};

}  // namespace levi::chaos
