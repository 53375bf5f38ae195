#include "chaos/fault/target.h"

#include <unistd.h>

#include "core/base/json_fields.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/http.h"

namespace levi::chaos {
namespace {

struct Field {
  const char* name;
  std::string TargetSpec::*member;
};
constexpr Field kFields[] = {{"name", &TargetSpec::name},
                             {"environment", &TargetSpec::environment},
                             {"api", &TargetSpec::api},
                             {"control", &TargetSpec::control},
                             {"control_socket", &TargetSpec::control_socket},
                             {"runtime", &TargetSpec::runtime},
                             {"data", &TargetSpec::data},
                             {"exchange", &TargetSpec::exchange},
                             {"exchange_admin", &TargetSpec::exchange_admin}};

// "unix:/run/x.sock" + "/live/kill" -> "unix:/run/x.sock:/live/kill"
std::string url_of(const std::string& base, const std::string& path) {
  return base.rfind("unix:", 0) == 0 ? base + ":" + path : "http://" + base + path;
}

ErrorCode code_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorCode::kRefused;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
      return ErrorCode::kConflict;
    case 503:
      return ErrorCode::kBusy;
    default:
      return ErrorCode::kIo;
  }
}

constexpr int kUnhealthyStatus = 503;

// The words of an RFC 9457 problem document, else the beginning of the body.
std::string problem_text(const os::HttpResponse& response) {
  const Json body = Json::parse(response.body, nullptr, false);
  for (const char* key : {"detail", "error", "title", "msg"}) {
    if (const std::string text = text_at(body, key); !text.empty()) return text;
  }
  return response.body.substr(0, 200);
}

}  // namespace

Result<TargetSpec> parse_target(const std::string& text, const std::string& file_name) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    return error(ErrorCode::kInvalid, file_name + ": not a JSON object",
                 "give the stage.json of a running stage");
  }
  TargetSpec spec;
  for (const Field& field : kFields) spec.*field.member = text_at(json, field.name);
  for (const auto& [name, value] : object_at(json, "expect").items()) {
    if (!value.is_string())
      return error(ErrorCode::kInvalid, file_name + ": 'expect." + name + "' must be text");
    spec.expect[name] = value.get<std::string>();
  }
  if (spec.api.empty()) {
    return error(ErrorCode::kInvalid, file_name + ": 'api' is missing",
                 "add \"api\": \"host:port\" of levid");
  }
  return spec;
}

Result<TargetSpec> read_target(const std::string& path) {
  LEVI_TRY(text, os::read_file(path));
  return parse_target(text, path);
}

std::string to_text(const TargetSpec& spec) {
  Json json = Json::object();
  for (const Field& field : kFields) json[field.name] = spec.*field.member;
  json["expect"] = spec.expect;
  return json.dump();
}

Result<Json> read_answer(const std::string& call, const os::HttpResponse& response, int accepted) {
  if ((response.status < 200 || response.status > 299) && response.status != accepted) {
    return error(code_of(response.status), call + " answered " + std::to_string(response.status) +
                                               ": " + problem_text(response));
  }
  if (response.body.empty()) return Json::object();
  Json parsed = Json::parse(response.body, nullptr, false);
  if (parsed.is_discarded()) {
    return error(ErrorCode::kCorrupt, call + " answered something that is no JSON");
  }
  return parsed;
}

Result<Json> call_json(const std::string& base, const std::string& method, const std::string& path,
                       const Json& body, Nanos timeout, int accepted) {
  os::HttpHeaders headers;
  if (!body.is_null()) headers.emplace_back("Content-Type", "application/json");
  const std::string url = url_of(base, path);
  LEVI_TRY(response,
           os::http_call(method, url, body.is_null() ? "" : body.dump(), timeout, headers));
  return read_answer(method + " " + url, response, accepted);
}

Result<Json> Target::api(const std::string& method, const std::string& path,
                         const Json& body) const {
  return call_json(spec_.api, method, path, body, kCallTimeout);
}

Result<Json> Target::exchange(const std::string& method, const std::string& path,
                              const Json& body) const {
  if (spec_.exchange_admin.empty()) {
    return error(ErrorCode::kUnsupported, "the target has no exchange admin port",
                 "name one by 'exchange_admin', or use a stage");
  }
  return call_json(spec_.exchange_admin, method, path, body, kCallTimeout);
}

Result<os::ProcessIdentity> local_process(const Json& named, const std::string& boot_id) {
  if (boot_id != os::boot_id()) {
    return error(ErrorCode::kUnsupported,
                 "the target runs on another machine (or another boot of this one)",
                 "process faults need a target on this host");
  }
  os::ProcessIdentity identity;
  identity.pid = static_cast<pid_t>(integer_at(named, "pid"));
  identity.start_ticks = static_cast<std::uint64_t>(integer_at(named, "start_ticks"));
  identity.boot_id = boot_id;
  if (identity.pid <= 1 || identity.start_ticks == 0 || identity.pid == ::getpid() ||
      identity.pid == ::getppid()) {
    return error(ErrorCode::kInvalid, "the target names process " + std::to_string(identity.pid) +
                                          ", which is not one to be killed");
  }
  return identity;
}

Result<Json> Target::health() const {
  return call_json(spec_.api, "GET", "/health", nullptr, kCallTimeout, kUnhealthyStatus);
}

Result<os::ProcessIdentity> Target::core_process() const {
  LEVI_TRY(answer, health());
  return local_process(answer, text_at(answer, "boot_id"));
}

}  // namespace levi::chaos
