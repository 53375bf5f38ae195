#include "chaos/experiment/audit_chain.h"

#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>

#include "core/base/json_fields.h"
#include "core/os/file.h"

namespace levi::chaos {
namespace {

constexpr std::size_t kHashDigits = 64;
constexpr std::string_view kHashKey = ",\"hash\":\"";

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

}  // namespace

Status AuditChain::take(std::string_view line) {
  const auto bad = [](const char* why) { return error(ErrorCode::kCorrupt, why); };
  const std::size_t at = line.rfind(kHashKey);
  if (at == std::string_view::npos || line.size() != at + kHashKey.size() + kHashDigits + 2 ||
      !line.ends_with("\"}")) {
    return bad("the line does not end with its hash");
  }
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return bad("the line is no JSON object");
  const std::string body = std::string(line.substr(0, at)) + "}";
  const std::string hash(line.substr(at + kHashKey.size(), kHashDigits));
  if (sha256(body) != hash) return bad("the line does not match its hash: it was changed");
  const std::string previous = text_at(json, "previous");
  const std::int64_t number = integer_at(json, "n");
  if (!previous_.empty() && previous != previous_)
    return bad("the line does not follow the one before: lines are missing");
  if (lines_ > 0 && number != number_ + 1) return bad("the numbers have a gap: lines are missing");
  previous_ = hash;
  number_ = number;
  ++lines_;
  return ok();
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
    const std::uint64_t number = ++line_numbers_[name];
    const Status taken = chain_.take(std::string_view(text).substr(offset, end - offset));
    if (!taken) {
      return error(ErrorCode::kCorrupt, folder_ + "/" + name + ":" + std::to_string(number) + ": " +
                                            taken.error().message);
    }
  }
  return ok();
}

}  // namespace levi::chaos
