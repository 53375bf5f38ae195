// The calls behind `levictl proxy`.
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "chaos/proxy/options.h"
#include "chaos/proxy/server.h"
#include "core/base/json_fields.h"
#include "core/os/http.h"
#include "levictl/exit_code.h"
#include "levictl/proxy.h"
#include "levictl/text.h"

namespace levi::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr Nanos kTimeout = 30s;

std::string base_url(const ProxyCall& call) {
  std::string url = call.host;
  if (url.empty()) {
    const char* const given = std::getenv("TOXIPROXY_URL");
    url = given != nullptr && *given != '\0' ? given : "http://localhost:8474";
  }
  if (url.find("://") == std::string::npos) url = "http://" + url;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Result<Json> ask(const ProxyCall& call, const std::string& method, const std::string& path,
                 const Json& body = {}) {
  os::HttpHeaders headers = {{"User-Agent", "levictl"}};
  if (const char* const token = std::getenv("LEVI_PROXY_TOKEN")) {
    headers.emplace_back("Authorization", std::string("Bearer ") + token);
  }
  LEVI_TRY(answer, os::http_call(method, base_url(call) + path,
                                 body.is_null() ? "" : json_text(body), kTimeout, headers));
  Json json = Json::parse(answer.body, nullptr, false);
  if (answer.status >= 200 && answer.status < 300) {
    if (json.is_discarded()) json = Json::object();
    return json;
  }
  std::string text = json.is_discarded() ? std::string() : text_at(json, "error");
  if (text.empty()) text = "HTTP " + std::to_string(answer.status);
  return error(answer.status == 404 ? ErrorCode::kNotFound : ErrorCode::kConflict, text);
}

std::string proxy_path(const ProxyCall& call) {
  return "/proxies/" + os::percent_encode(call.name);
}
std::string toxic_path(const ProxyCall& call) {
  return proxy_path(call) + "/toxics/" + os::percent_encode(call.toxic);
}

int failed(const char* what, const Error& why) {
  std::fprintf(stderr, "%s: %s\n", what, why.text().c_str());
  return why.code == ErrorCode::kUnreachable ? kUndecided : kFailed;
}

// Numbers as numbers, anything else as text: what the server wants it says. 1000.0 and 1e3 are
// 1000, which whole attributes must be.
Json attribute_value(const std::string& text) {
  const Json number = Json::parse(text, nullptr, false);
  if (!number.is_number()) return Json(text);
  if (!number.is_number_float()) return number;
  const double value = number.get<double>();
  constexpr double kExactMax = 9e15;
  const bool whole = std::abs(value) < kExactMax && value == std::floor(value);
  return whole ? Json(static_cast<std::int64_t>(value)) : number;
}

Json attributes_of(const ProxyCall& call) {
  Json attributes = Json::object();
  for (const std::string& pair : call.attributes) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) continue;
    attributes[pair.substr(0, equals)] = attribute_value(pair.substr(equals + 1));
  }
  return attributes;
}

void print_toxics(const Json& toxics) {
  for (const Json& toxic : toxics) {
    std::printf("%s\ttype=%s\tstream=%s\ttoxicity=%.2f\tattributes=[",
                text_at(toxic, "name").c_str(), text_at(toxic, "type").c_str(),
                text_at(toxic, "stream").c_str(), number_at(toxic, "toxicity"));
    nlohmann::json sorted =
        object_at(toxic, "attributes");  // by name, as toxiproxy-cli prints them
    for (const auto& [name, value] : sorted.items()) {
      std::printf("\t%s=%s", name.c_str(),
                  value.is_string() ? value.get<std::string>().c_str() : json_text(value).c_str());
    }
    std::printf("\t]");
    // Not of Toxiproxy, which has no such toxics.
    for (const char* const own : {"for", "after", "tag"}) {
      if (!toxic.contains(own)) continue;
      const Json& value = toxic[own];
      std::printf("\t%s=%s", own,
                  value.is_string() ? value.get<std::string>().c_str() : json_text(value).c_str());
    }
    std::printf("\n");
  }
}

const char* enabled_text(bool enabled) { return enabled ? "enabled" : "disabled"; }

}  // namespace

int proxy_list(const ProxyCall& call) {
  const auto proxies = ask(call, "GET", "/proxies");
  if (!proxies) return failed("Failed to retrieve proxies", proxies.error());
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  if (terminal) std::printf("Name\tListen\tUpstream\tEnabled\tToxics\n");
  for (const auto& [name, proxy] : proxies.value().items()) {
    std::printf("%s\t%s\t%s\t%s\t%zu\n", name.c_str(), text_at(proxy, "listen").c_str(),
                text_at(proxy, "upstream").c_str(), enabled_text(boolean_at(proxy, "enabled")),
                list_at(proxy, "toxics").size());
  }
  return kDone;
}

int proxy_inspect(const ProxyCall& call) {
  const auto proxy = ask(call, "GET", proxy_path(call));
  if (!proxy) return failed(("Failed to retrieve proxy " + call.name).c_str(), proxy.error());
  if (::isatty(STDOUT_FILENO) == 1) {
    std::printf("Name: %s\tListen: %s\tUpstream: %s\n", call.name.c_str(),
                text_at(proxy.value(), "listen").c_str(),
                text_at(proxy.value(), "upstream").c_str());
  }
  print_toxics(list_at(proxy.value(), "toxics"));
  return kDone;
}

int proxy_create(const ProxyCall& call) {
  const auto made =
      ask(call, "POST", "/proxies",
          {{"name", call.name}, {"listen", call.listen}, {"upstream", call.upstream}});
  if (!made) return failed("Failed to create proxy", made.error());
  std::printf("Created new proxy %s\n", call.name.c_str());
  return kDone;
}

int proxy_toggle(const ProxyCall& call) {
  const auto proxy = ask(call, "GET", proxy_path(call));
  if (!proxy) return failed(("Failed to retrieve proxy " + call.name).c_str(), proxy.error());
  const bool enabled = !boolean_at(proxy.value(), "enabled");
  const auto changed = ask(call, "POST", proxy_path(call), {{"enabled", enabled}});
  if (!changed) return failed(("Failed to toggle proxy " + call.name).c_str(), changed.error());
  std::printf("Proxy %s is now %s\n", call.name.c_str(), enabled_text(enabled));
  return kDone;
}

int proxy_delete(const ProxyCall& call) {
  const auto gone = ask(call, "DELETE", proxy_path(call));
  if (!gone) return failed("Failed to delete proxy", gone.error());
  std::printf("Deleted proxy %s\n", call.name.c_str());
  return kDone;
}

int proxy_toxic_add(const ProxyCall& call) {
  if (call.on_upstream && call.on_downstream) {
    std::fprintf(stderr, "Only one should be specified: upstream or downstream.\n");
    return kUsage;
  }
  Json body = {{"type", call.type},
               {"stream", call.on_upstream ? "upstream" : "downstream"},
               {"toxicity", call.toxicity.value_or(1.0)},
               {"attributes", attributes_of(call)}};
  if (!call.toxic.empty()) body["name"] = call.toxic;
  if (call.for_ms > 0) body["for"] = call.for_ms;
  if (call.after_ms > 0) body["after"] = call.after_ms;
  if (!call.tag.empty()) body["tag"] = call.tag;
  const auto toxic = ask(call, "POST", proxy_path(call) + "/toxics", body);
  if (!toxic) return failed("Failed to add toxic", toxic.error());
  std::printf("Added %s %s toxic '%s' on proxy '%s'\n", text_at(toxic.value(), "stream").c_str(),
              text_at(toxic.value(), "type").c_str(), text_at(toxic.value(), "name").c_str(),
              call.name.c_str());
  return kDone;
}

// toxiproxy-cli sets toxicity to 1 where none is given; here what is not given stays.
int proxy_toxic_update(const ProxyCall& call) {
  Json body = {{"attributes", attributes_of(call)}};
  if (call.toxicity) body["toxicity"] = *call.toxicity;
  if (call.for_ms > 0) body["for"] = call.for_ms;
  const auto toxic = ask(call, "POST", toxic_path(call), body);
  if (!toxic) return failed("Failed to update toxic", toxic.error());
  std::printf("Updated toxic '%s' on proxy '%s'\n", call.toxic.c_str(), call.name.c_str());
  return kDone;
}

int proxy_toxic_remove(const ProxyCall& call) {
  if (!call.tag.empty()) {
    const auto gone = ask(call, "DELETE", "/toxics?tag=" + os::percent_encode(call.tag));
    if (!gone) return failed("Failed to remove toxics", gone.error());
    std::printf("Removed %lld toxics with tag '%s'\n",
                static_cast<long long>(integer_at(gone.value(), "removed")), call.tag.c_str());
    return kDone;
  }
  const auto gone = ask(call, "DELETE", toxic_path(call));
  if (!gone) return failed("Failed to remove toxic", gone.error());
  std::printf("Removed toxic '%s' on proxy '%s'\n", call.toxic.c_str(), call.name.c_str());
  return kDone;
}

int proxy_serve(const std::vector<std::string>& arguments) {
  const auto options = proxy::read_options(arguments);
  if (!options) return fail(options.error());
  if (options.value().help) {
    std::fputs(proxy::kUsageText, stdout);
    return kDone;
  }
  if (options.value().version) {
    std::printf("toxiproxy-server version %s\n", proxy::kToxiproxyVersion);
    return kDone;
  }
  return proxy::serve(options.value());
}

}  // namespace levi::cli
