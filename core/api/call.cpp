#include "core/api/call.h"

#include <charconv>

#include "core/control/kill.h"

namespace levi::api {
namespace {

constexpr int kJsonDepthMax = 16;

// nlohmann's parser recurses: a body of brackets must not end the stack.
bool is_shallow(std::string_view text) {
  int depth = 0;
  for (const char c : text) {
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth > kJsonDepthMax) return false;
  }
  return true;
}

}  // namespace

std::optional<std::uint64_t> Call::number(std::string_view name, std::uint64_t fallback,
                                          std::uint64_t most) const {
  const auto text = parameter(name);
  if (!text || text->empty()) return fallback;
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (problem != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return std::min(value, most);
}

void Call::answer(int answer_status, std::string body) {
  os::HttpResponse response;
  response.status = status = answer_status;
  response.body = std::move(body);
  reply->send(response);
}

void Call::problem(int problem_status, std::string_view detail, const Json& more) {
  status = problem_status;
  reply->send(problem_response(problem_status, detail, more));
}

void Call::method_not_allowed(std::string allow) {
  os::HttpResponse response = problem_response(405, "this path answers only " + allow);
  status = 405;
  response.headers.emplace_back("Allow", std::move(allow));
  reply->send(response);
}

os::HttpResponse problem_response(int status, std::string_view detail, const Json& more) {
  Json body = {{"type", "about:blank"},
               {"title", control::http_title(status)},
               {"status", status},
               {"detail", std::string(detail)}};
  if (more.is_object()) body.update(more);
  os::HttpResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

Fields read_fields(const os::HttpRequest& request) {
  Fields fields;
  fields.stop = control::read_stop_request(request.query(), request.body, true);
  fields.json = Json::object();
  if (!is_shallow(request.body)) return fields;
  Json parsed = Json::parse(request.body, nullptr, false);
  if (parsed.is_object()) fields.json = std::move(parsed);
  return fields;
}

}  // namespace levi::api
