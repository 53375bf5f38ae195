// The bodies of levi-proxy's API: any bytes as JSON, and as a body of each call that takes one.
//
// Claims: nothing crashes; every answer is a status that the API has; what the reader takes, it
// takes again from what is written of its strings; no call leaves a proxy that can't be shown.
#include <cstdint>
#include <string>
#include <string_view>

#include "chaos/proxy/json_value.h"
#include "chaos/proxy/server.h"
#include "core/base/check.h"

namespace {

using namespace levi::proxy;  // NOLINT: a program of one file

void check_strings(const JsonValue& value) {
  if (value.kind == JsonValue::Kind::kString) {
    std::string written;
    append_json_string(written, value.text);
    const auto again = read_json(written);
    LEVI_CHECK(again && again.value().text == value.text);
  }
  for (const JsonValue& item : value.items) check_strings(item);
  for (const auto& [name, member] : value.members) check_strings(member);
}

// No body may open sockets at addresses of the fuzzer's choice: "listen" always fails to parse.
bool would_listen(const levi::Result<JsonValue>& json) {
  if (!json) return false;
  const auto harmless = [](const JsonValue& object) {
    const JsonValue* const enabled = object.find("enabled");
    return enabled != nullptr && enabled->kind == JsonValue::Kind::kBool && !enabled->boolean;
  };
  if (json.value().kind == JsonValue::Kind::kArray) {
    for (const JsonValue& item : json.value().items) {
      if (!harmless(item)) return true;
    }
    return false;
  }
  return !harmless(json.value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  const auto json = read_json(body);
  if (json) check_strings(json.value());

  levi::os::Loop loop;
  Server server(loop, 1, false);
  const auto call = [&](const char* method, const char* path, const std::string& text) {
    const auto response = server.api.answer({method, path, {}, text});
    const int status = response.status;
    LEVI_CHECK(status == 200 || status == 201 || status == 204 || status == 400 || status == 404 ||
               status == 409 || status == 500);
  };
  call("POST", "/proxies", R"({"name":"p","upstream":"127.0.0.1:1","enabled":false})");
  call("POST", "/proxies/p/toxics", body);
  call("POST", "/proxies/p/toxics", R"({"type":"latency","name":"t"})");
  call("PATCH", "/proxies/p/toxics/t", body);
  if (!would_listen(json)) {
    call("POST", "/proxies", body);
    call("POST", "/populate", body);
    call("PUT", "/proxies/q", body);
  }
  call("GET", "/proxies", {});
  return 0;
}
