// What changing requests to the API say, in query and body, and lines of the audit chain: any
// bytes.
#include <cstdint>
#include <string>

#include "core/api/audit_line.h"
#include "core/api/call.h"
#include "core/api/flatten_request.h"
#include "core/base/check.h"
#include "core/base/json_fields.h"
#include "core/control/audit_entry.h"
#include "core/control/pairs.h"

using namespace levi;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t middle = size / 3;
  os::HttpRequest request;
  request.method = "POST";
  request.target = "/chaos/lease?" + bytes.substr(0, middle);
  request.body = bytes.substr(middle);
  const api::Fields fields = api::read_fields(request);
  LEVI_CHECK(fields.json.is_object());
  (void)text_at(fields.json, "run");
  (void)integer_at(fields.json, "ttl_ms");
  // A body that says something never closes every position by not being understood.
  const api::FlattenRequest flatten = api::read_flatten_request({}, request.body);
  const bool object = request.body.find('{') != std::string::npos;
  LEVI_CHECK(object || !flatten.wrong.empty() || control::trimmed(request.body).empty());
  // What goes out again is well-formed, whatever came in.
  const auto problem = api::problem_response(409, request.body, api::Json{{"run", request.target}});
  LEVI_CHECK(nlohmann::json::accept(problem.body));
  const std::string seen = control::query_for_audit(bytes).str();
  LEVI_CHECK(seen.size() <= 191);
  if (const auto line = api::parse_audit_line(bytes)) LEVI_CHECK(line->hash.size() == 64);
  return 0;
}
