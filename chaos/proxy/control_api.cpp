#include "chaos/proxy/control_api.h"

#include <algorithm>
#include <utility>

#include "chaos/proxy/json_value.h"
#include "chaos/proxy/metrics.h"
#include "core/os/clock.h"

namespace levi::proxy {
namespace {

using os::HttpRequest;
using os::HttpResponse;

constexpr const char* kPlain = "text/plain; charset=utf-8";
constexpr std::size_t kBodyBytesMax = 4 * 1024 * 1024;

os::HttpLimits limits() {
  os::HttpLimits limits;
  limits.body_bytes_max = kBodyBytesMax;
  return limits;
}

HttpResponse json_answer(int status, std::string body) {
  return {
      .status = status, .content_type = "application/json", .headers = {}, .body = std::move(body)};
}

// As Go's http.Error.
HttpResponse plain_answer(int status, std::string body) {
  return {.status = status,
          .content_type = kPlain,
          .headers = {{"X-Content-Type-Options", "nosniff"}},
          .body = std::move(body)};
}

HttpResponse failure(const Error& why) {
  return plain_answer(api_status(why.code), error_body(why));
}

HttpResponse no_content() { return {.status = 204, .content_type = {}, .headers = {}, .body = {}}; }

HttpResponse not_found() { return plain_answer(404, "404 page not found\n"); }

HttpResponse wrong_method() {
  return {.status = 405, .content_type = {}, .headers = {}, .body = {}};
}

HttpResponse proxy_answer(int status, const Proxy& proxy) {
  std::string body;
  append_proxy(body, proxy);
  return json_answer(status, std::move(body));
}

HttpResponse toxic_answer(const ToxicEntry& entry) {
  std::string body;
  append_toxic(body, entry);
  return json_answer(200, std::move(body));
}

// "/proxies/a%20b" → {"proxies", "a b"}. In a path a plus is a plus.
std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  if (path.empty() || path.front() != '/') return segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    std::string raw(path.substr(0, end));
    for (std::size_t plus = raw.find('+'); plus != std::string::npos; plus = raw.find('+', plus)) {
      raw.replace(plus, 1, "%2B");
    }
    segments.push_back(os::percent_decode(raw));
    path.remove_prefix(end);
  }
  return segments;
}

// Takes the same time whatever the guess.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

}  // namespace

ControlApi::ControlApi(os::Loop& loop, Proxies& proxies, ControlOptions options)
    : proxies_(proxies),
      options_(std::move(options)),
      server_(loop, limits(), [this](HttpRequest request, std::shared_ptr<os::HttpReply> reply) {
        serve(request, reply);
      }) {}

void ControlApi::serve(const HttpRequest& request, const std::shared_ptr<os::HttpReply>& reply) {
  HttpResponse response = answer(request);
  if (response.status == 0) {
    const auto proxy = proxies_.find(split_path(request.path())[1]);
    if (proxy.value()->events().add(reply, os::mono_now(), proxy.value()->name())) return;
    response = plain_answer(503, "too many readers of these events\n");
  }
  response.headers.emplace_back("X-Toxiproxy-Request-Id", os::random_text(20));
  reply->send(response);
}

HttpResponse ControlApi::answer(const HttpRequest& request) {
  if (request.header("user-agent").starts_with("Mozilla/")) {
    return plain_answer(403, "User agent not allowed\n");
  }
  if (!options_.token.empty() &&
      !same_secret(request.header("authorization"), "Bearer " + options_.token)) {
    HttpResponse refusal = plain_answer(401, "{\"error\":\"a token is needed\",\"status\":401}\n");
    refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
    return refusal;
  }
  return route(request, split_path(request.path()));
}

HttpResponse ControlApi::route(const HttpRequest& request, const Segments& path) {
  const std::size_t depth = path.size();
  if (std::any_of(path.begin(), path.end(), [](const auto& part) { return part.empty(); })) {
    return not_found();  // a trailing slash is another path
  }
  if (depth == 1 && path[0] == "version") {
    if (request.method != "GET") return wrong_method();
    HttpResponse response =
        json_answer(200, std::string("{\"version\": \"") + kToxiproxyVersion + "\"}\n");
    response.content_type = "application/json;charset=utf-8";
    return response;
  }
  if (depth == 1 && path[0] == "proxies") return on_proxies(request);
  if (depth == 1 && path[0] == "populate") return on_populate(request);
  if (depth == 1 && path[0] == "reset") return on_reset(request);
  if (depth == 1 && path[0] == "toxics") return on_tagged(request);
  if (depth == 1 && path[0] == "metrics" && (options_.proxy_metrics || options_.runtime_metrics)) {
    return metrics();
  }
  if (depth == 2 && path[0] == "proxies") return on_proxy(request, path[1]);
  if (depth == 3 && path[0] == "proxies" && path[2] == "toxics") return on_toxics(request, path[1]);
  if (depth == 3 && path[0] == "proxies" && path[2] == "events") {
    if (request.method != "GET") return wrong_method();
    const auto proxy = proxies_.find(path[1]);
    if (!proxy) return failure(proxy.error());
    return {.status = 0, .content_type = {}, .headers = {}, .body = {}};
  }
  if (depth == 4 && path[0] == "proxies" && path[2] == "toxics") {
    return on_toxic(request, path[1], path[3]);
  }
  return not_found();
}

HttpResponse ControlApi::on_proxies(const HttpRequest& request) {
  if (request.method == "GET") {
    std::string body = "{";
    for (const auto& [name, proxy] : proxies_.all()) {
      if (body.size() > 1) body += ',';
      append_json_string(body, name);
      body += ':';
      append_proxy(body, *proxy);
    }
    return json_answer(200, body + '}');
  }
  if (request.method != "POST") return wrong_method();
  const auto json = read_body(request.body);
  if (!json) return failure(json.error());
  ProxyInput input;
  const Status read = read_proxy(json.value(), "Proxy", input);
  if (!read) return failure(read.error());
  const auto proxy = proxies_.create(std::move(input));
  return proxy ? proxy_answer(201, *proxy.value()) : failure(proxy.error());
}

HttpResponse ControlApi::on_proxy(const HttpRequest& request, const std::string& name) {
  const std::string& method = request.method;
  const bool put = method == "PUT";
  const bool update = method == "POST" || method == "PATCH";
  if (method == "DELETE") {
    const Status removed = proxies_.remove(name);
    return removed ? no_content() : failure(removed.error());
  }
  if (method != "GET" && !put && !update) return wrong_method();
  const auto proxy = proxies_.find(name);
  if (!proxy && !put) return failure(proxy.error());
  if (method == "GET") return proxy_answer(200, *proxy.value());

  const auto json = read_body(request.body);
  if (!json) return failure(json.error());
  ProxyInput input;
  if (update) {
    const Proxy& old = *proxy.value();
    input = {name, old.listen(), old.upstream(), old.enabled(), old.tls(), {}};
  }
  const Status read = read_proxy(json.value(), "Proxy", input, put);
  if (!read) return failure(read.error());
  input.name = name;  // it can't change
  if (put) {
    bool created = false;
    const auto replaced = proxies_.replace(std::move(input), created);
    if (!replaced) return failure(replaced.error());
    return proxy_answer(created ? 201 : 200, *replaced.value());
  }
  const Status updated = proxies_.update(*proxy.value(), input);
  return updated ? proxy_answer(200, *proxy.value()) : failure(updated.error());
}

HttpResponse ControlApi::on_toxics(const HttpRequest& request, const std::string& name) {
  if (request.method != "GET" && request.method != "POST") return wrong_method();
  const auto proxy = proxies_.find(name);
  if (!proxy) return failure(proxy.error());
  if (request.method == "GET") {
    std::string body = "[";
    for (const ToxicEntry* entry : proxy.value()->toxics()) {
      if (body.size() > 1) body += ',';
      append_toxic(body, *entry);
    }
    return json_answer(200, body + ']');
  }
  const auto json = read_body(request.body);
  if (!json) return failure(json.error());
  const auto entry = proxies_.add_toxic(*proxy.value(), json.value());
  return entry ? toxic_answer(*entry.value()) : failure(entry.error());
}

HttpResponse ControlApi::on_toxic(const HttpRequest& request, const std::string& proxy_name,
                                  const std::string& toxic_name) {
  const std::string& method = request.method;
  if (method != "GET" && method != "POST" && method != "PATCH" && method != "DELETE") {
    return wrong_method();
  }
  const auto proxy = proxies_.find(proxy_name);
  if (!proxy) return failure(proxy.error());
  ToxicEntry* const entry = proxy.value()->find_toxic(toxic_name);
  if (entry == nullptr) return failure(error(ErrorCode::kNotFound, "toxic not found"));
  if (method == "DELETE") {
    proxy.value()->remove_toxic(entry->id);
    return no_content();
  }
  if (method == "GET") return toxic_answer(*entry);
  const auto json = read_body(request.body);
  if (!json) return failure(json.error());
  auto update = read_toxic_update(json.value(), *entry);
  if (!update) return failure(update.error());
  proxy.value()->update_toxic(*entry, std::move(update).value());
  return toxic_answer(*entry);
}

HttpResponse ControlApi::on_tagged(const HttpRequest& request) {
  if (request.method != "DELETE") return wrong_method();
  const auto tag = request.parameter("tag");
  if (!tag || tag->empty()) {
    return failure(error(ErrorCode::kInvalid, "missing required field: tag"));
  }
  return json_answer(200, "{\"removed\":" + std::to_string(proxies_.remove_tagged(*tag)) + "}\n");
}

HttpResponse ControlApi::on_reset(const HttpRequest& request) {
  if (request.method != "POST") return wrong_method();
  const Status status = proxies_.reset();
  return status ? no_content() : failure(status.error());
}

HttpResponse ControlApi::on_populate(const HttpRequest& request) {
  if (request.method != "POST") return wrong_method();
  const auto json = read_body(request.body);
  Proxies::Populated result;
  if (json) {
    result = proxies_.populate(json.value());
  } else {
    result.status = json.error();
  }
  std::string body = "{";
  if (!result.status) {
    body = error_body(result.status.error());
    body.resize(body.size() - 2);  // "}\n"
    body += ',';
  }
  body += "\"proxies\":";
  std::string list;
  for (const Proxy* proxy : result.done) {
    list += list.empty() ? "[" : ",";
    append_proxy(list, *proxy);
  }
  body += list.empty() ? "null" : list + ']';
  return json_answer(result.status ? 201 : api_status(result.status.error().code), body + '}');
}

HttpResponse ControlApi::metrics() const {
  std::string text;
  if (options_.proxy_metrics) append_proxy_metrics(text, proxies_);
  if (options_.runtime_metrics) append_runtime_metrics(text, proxies_);
  return {.status = 200,
          .content_type = "text/plain; version=0.0.4; charset=utf-8",
          .headers = {},
          .body = std::move(text)};
}

}  // namespace levi::proxy
