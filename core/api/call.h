// One request to the API on its way: what came, where the answer goes, and how answers look.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/instant.h"
#include "core/control/stop_request.h"
#include "core/control/writer.h"
#include "core/os/http.h"

namespace levi::api {

using Json = nlohmann::ordered_json;  // members in the order of docs/api.md

struct Call {
  os::HttpRequest request;
  std::shared_ptr<os::HttpReply> reply;
  std::string subject;  // what stood for {…} in the route's path
  MonoTime begun;
  // Set by changing requests, for the audit line.
  FixedString<31> actor;
  FixedString<127> reason;
  int status = 0;  // of the answer, once it was given

  std::optional<std::string> parameter(std::string_view name) const {
    return request.parameter(name);
  }
  // A number in the query: `fallback` where it is not given, at most `most`; nothing where it is no
  // number.
  std::optional<std::uint64_t> number(std::string_view name, std::uint64_t fallback,
                                      std::uint64_t most) const;

  void answer(int answer_status, std::string body);
  void answer(const Json& body) {
    answer(200, body.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  void problem(int problem_status, std::string_view detail, const Json& more = {});
  void method_not_allowed(std::string allow);
};
using CallPtr = std::shared_ptr<Call>;  // kept by whoever answers later

os::HttpResponse problem_response(int status, std::string_view detail, const Json& more = {});

// The body of a changing request: query and body read as a stop request reads them, plus the body
// as JSON.
struct Fields {
  control::StopRequest stop;
  Json json;  // an object; empty where the body is no JSON object
};
Fields read_fields(const os::HttpRequest& request);

}  // namespace levi::api
