#include "chaos/experiment/audit_chain.h"

#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/json_fields.h"
#include "core/os/file.h"

namespace levi::chaos {
namespace {

constexpr std::size_t kHashDigits = 64;
constexpr std::string_view kHashKey = ",\"hash\":\"";
constexpr std::string_view kRepairMethod = "REPAIR";

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 15];
  }
  return hex;
}

// The hash that a line carries, where it has a line's form and fits it.
std::optional<std::string> hash_of(std::string_view line) {
  const std::size_t tail = kHashKey.size() + kHashDigits + 2;  // ,"hash":"<64>"}
  if (line.size() < tail || !line.ends_with("\"}")) return std::nullopt;
  const std::size_t at = line.size() - tail;
  if (line.substr(at, kHashKey.size()) != kHashKey) return std::nullopt;
  std::string hash(line.substr(at + kHashKey.size(), kHashDigits));
  if (sha256(std::string(line.substr(0, at)) + "}") != hash) return std::nullopt;
  return hash;
}

std::string torn_reason(std::string_view torn) {
  return "a torn line of " + std::to_string(torn.size()) +
         " bytes stands before this one, sha256 " + sha256(torn);
}

Error bad(const char* why) { return error(ErrorCode::kCorrupt, why); }

}  // namespace

Status AuditChain::take(std::string_view line) {
  const auto hash = hash_of(line);
  if (hash) return follow(*hash, line);
  if (!torn_.empty()) return bad("the line before was changed, or two lines are torn");
  if (line.empty()) return bad("the line is empty");
  torn_ = line;
  return ok();
}

Status AuditChain::follow(const std::string& hash, std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return bad("the line is no JSON object");
  const bool repairs = text_at(json, "method") == kRepairMethod;
  if (!torn_.empty() && (!repairs || text_at(json, "reason") != torn_reason(torn_)))
    return bad("the line before does not match its hash: it was changed");
  // Where reading begins behind the torn bytes there is nothing to compare it with.
  if (torn_.empty() && repairs && lines_ > 0)
    return bad("a repair line names bytes that are not there");
  const std::string previous = text_at(json, "previous");
  const std::int64_t number = integer_at(json, "n");
  if (!previous_.empty() && previous != previous_)
    return bad("the line does not follow the one before: lines are missing");
  if (lines_ > 0 && number != number_ + 1) return bad("the numbers have a gap: lines are missing");
  torn_.clear();
  previous_ = hash;
  number_ = number;
  ++lines_;
  // An intent (102) is written before the act; the answer has a line of its own.
  const std::int64_t status = integer_at(json, "status");
  const bool granted = status >= 200 && status <= 299;
  if (granted && !actor_.empty() && text_at(json, "actor") == actor_)
    ++granted_[text_at(json, "method") + " " + text_at(json, "path")];
  return ok();
}

void AuditReader::expect(std::int64_t number, std::string hash) {
  expected_number_ = number;
  expected_hash_ = std::move(hash);
  as_expected_.reset();
}

Status AuditReader::read_on() {
  LEVI_TRY(names, os::list_folder(folder_));
  for (const auto& name : names) {
    if (!name.ends_with(".jsonl")) continue;
    LEVI_TRY_STATUS(read_file_on(name));
  }
  return ok();
}

Status AuditReader::read_file_on(const std::string& name) {
  LEVI_TRY(text, os::read_file(folder_ + "/" + name));
  std::size_t& offset = offsets_[name];
  if (text.size() < offset)
    return error(ErrorCode::kCorrupt, folder_ + "/" + name + " became shorter: lines are missing");
  for (std::size_t end; (end = text.find('\n', offset)) != std::string::npos; offset = end + 1) {
    const std::uint64_t number = line_numbers_[name] + 1;
    const Status taken = chain_.take(std::string_view(text).substr(offset, end - offset));
    if (!taken) {
      return error(ErrorCode::kCorrupt, folder_ + "/" + name + ":" + std::to_string(number) + ": " +
                                            taken.error().message);
    }
    line_numbers_[name] = number;
    if (expected_number_ > 0 && chain_.number() == expected_number_)
      as_expected_ = chain_.hash() == expected_hash_;
  }
  return ok();
}

}  // namespace levi::chaos
