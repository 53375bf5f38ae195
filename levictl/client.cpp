#include "levictl/client.h"

#include <nlohmann/json.hpp>

#include "core/base/json_fields.h"
#include "core/os/http.h"
#include "levictl/text.h"

namespace levi::cli {
namespace {

ErrorCode code_of(int status) {
  if (status == 400 || status == 413) return ErrorCode::kInvalid;
  if (status == 401 || status == 403) return ErrorCode::kRefused;
  if (status == 404) return ErrorCode::kNotFound;
  if (status == 409) return ErrorCode::kConflict;
  return ErrorCode::kBusy;
}

std::string detail_of(const nlohmann::json& problem, int status) {
  for (const char* key : {"detail", "title"}) {
    const std::string text = text_at(problem, key);
    if (!text.empty()) return printable(text);
  }
  return "HTTP " + std::to_string(status);
}

}  // namespace

Result<nlohmann::json> call_json(const std::string& method, const std::string& url,
                                 const std::string& body, Nanos timeout, int* status) {
  os::HttpHeaders headers;
  if (!body.empty()) headers.push_back({"Content-Type", "application/json"});
  LEVI_TRY(answer, os::http_call(method, url, body, timeout, headers));
  if (status != nullptr) *status = answer.status;
  auto value = nlohmann::json::parse(answer.body, nullptr, false);
  if (value.is_discarded()) {
    return error(ErrorCode::kCorrupt,
                 url + " answered " + std::to_string(answer.status) + " without JSON");
  }
  const bool health =
      url.find("/health") != std::string::npos || url.find("/readyz") != std::string::npos;
  if (answer.status < 400 || health) return value;
  const std::string detail = detail_of(value, answer.status);
  return error(code_of(answer.status), detail);
}

}  // namespace levi::cli
