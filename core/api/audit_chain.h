// The audit chain: one JSON line per changing request in <data>/audit/YYYY-MM-DD.jsonl, each
// carrying the hash of the line before.
//
// `hash` is the last key; it is the SHA-256 (hex) of the line's bytes with `,"hash":"<64 hex>"` cut
// out; `previous` is the hash of the line before, over day files and restarts; 64 zeros before the
// very first. `n` counts from 1 without gaps. A torn last line (power cut) stays where it is and is
// named by the repair line behind it. What a chain cannot show by itself is that its end was cut
// off: GET /state and /metrics show the newest n and hash to whoever wants to write them down
// elsewhere.
//
// AuditChain: one thread, the scribe. Not durable before `sync`. A failure leaves a chain that a
// later `append` continues; a failed sync takes back what it did not make durable, since the kernel
// calls those bytes clean from then on: `last_number` says how far the chain still goes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/os/fd.h"

namespace levi::api {

inline constexpr std::size_t kHashDigits = 64;

struct AuditLine {
  Instant wall;
  std::string_view actor;
  std::string_view role = "local";  // who may speak on loopback; named roles come with tokens
  std::string_view ip;
  std::string_view method;
  std::string_view path;
  std::string_view query;
  int status = 0;
  Nanos duration{0};
  std::string_view reason;
};

class AuditChain {
 public:
  // Reads the newest line and checks its hash. kCorrupt: it was changed (the message says where);
  // nothing may be appended then.
  static Result<AuditChain> open(const std::string& folder, Instant now);

  // Writes one line; on failure nothing of it stays behind, as far as the disk lets go of it.
  Status append(const AuditLine& line);
  Status sync();  // fdatasync of what was appended; on failure that is no longer in the chain
  std::uint64_t last_number() const { return number_; }
  const std::string& last_hash() const { return hash_; }

 private:
  AuditChain(std::string folder, std::string day)
      : folder_(std::move(folder)), day_(std::move(day)) {}
  Status resume(Instant now);
  Status open_day(const std::string& day);
  Status repair(Instant now, std::string_view torn);
  std::string format(const AuditLine& line) const;
  Status write_line(const std::string& line);
  void note_durable();
  void take_back();

  std::string folder_;
  std::string day_;  // of the open file; a clock that runs back does not reorder the chain
  std::string path_;
  os::Fd fd_;
  std::uint64_t good_bytes_ =
      0;  // of the open file: behind them is at most what a failed write left
  std::uint64_t number_ = 0;
  std::string hash_;
  struct Durable {
    std::uint64_t bytes = 0;  // of the open file
    std::uint64_t number = 0;
    std::string hash;
  };
  Durable durable_;
};

struct AuditReport {
  std::uint64_t files = 0;
  std::uint64_t lines = 0;
  std::uint64_t last_number = 0;
  std::string last_hash;
  std::uint64_t repairs = 0;  // torn lines, each named by the line behind it
  std::uint64_t lost = 0;     // entries that the chain itself says it could not take
};

// Walks the whole chain. kCorrupt names file and line of the first break; kNotFound: there is no
// chain.
Result<AuditReport> verify_audit(const std::string& folder);

std::string audit_folder(const std::string& data_folder);  // <data>/audit

}  // namespace levi::api
