// The API's objects as JSON: proxies and toxics, in and out, with Toxiproxy's defaults, field order
// and texts. What is ours (for, after, tag, a proxy's toxics as input) is accepted beside it and
// shown only where it was given, so that an existing client sees the bytes it knows.
//
// Pure functions. Errors carry the text; their code is the status (see api_status).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/proxy/json_value.h"
#include "chaos/proxy/tls.h"
#include "chaos/proxy/toxic_entry.h"
#include "core/base/result.h"

namespace levi::proxy {

class Proxy;

struct ProxyInput {
  std::string name;
  std::string listen;
  std::string upstream;
  bool enabled = true;
  TlsSettings tls = {};
  std::vector<ToxicEntry> toxics = {};  // not empty: replaces what is there
};

// Fields that are not given keep what `input` has. `struct_name` is Go's, for its errors. An update
// has no toxics: what stands there is ignored, as clients send back all that they were shown.
Status read_proxy(const JsonValue& json, const char* struct_name, ProxyInput& input,
                  bool with_toxics = true);

// A new toxic. `taken` says whether a name is in use on the proxy.
Result<ToxicEntry> read_toxic(const JsonValue& json,
                              const std::function<bool(const std::string&)>& taken);
struct ToxicUpdate {
  std::vector<Value> values;
  float toxicity = 1;
  std::optional<std::int64_t> for_ms =
      {};  // given: the lease is renewed, and lasts so long from now
};
Result<ToxicUpdate> read_toxic_update(const JsonValue& json, const ToxicEntry& entry);

// A request's body; the error is "bad request body: ..." with status 400.
Result<JsonValue> read_body(std::string_view body);

void append_toxic(std::string& out, const ToxicEntry& entry);
void append_proxy(std::string& out, const Proxy& proxy);

int api_status(ErrorCode code);
// {"error":"...","status":N} and a line's end.
std::string error_body(const Error& why);

}  // namespace levi::proxy
