#include "chaos/proxy/codec.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <utility>

#include "chaos/proxy/proxy.h"
#include "core/os/http_text.h"

namespace levi::proxy {
namespace {

constexpr std::int64_t kLeaseMsMax = 31'536'000'000;  // a year

Error bad_body(const std::string& why) {
  return error(ErrorCode::kInvalid, "bad request body: " + why);
}

Error wrong_type(const JsonValue& value, const std::string& field, const char* type,
                 bool with_number = false) {
  std::string what = value.go_kind();
  if (with_number && value.kind == JsonValue::Kind::kNumber) what += ' ' + value.text;
  return bad_body("json: cannot unmarshal " + what + " into Go struct field " + field +
                  " of type " + type);
}

Status read_text(const JsonValue& json, const std::string& owner, const char* name,
                 std::string& text) {
  const JsonValue* value = json.find(name);
  if (value == nullptr) return ok();
  if (value->kind != JsonValue::Kind::kString) {
    return wrong_type(*value, owner + '.' + name, "string");
  }
  text = value->text;
  return ok();
}

Status read_flag(const JsonValue& json, const std::string& owner, const char* name, bool& flag) {
  const JsonValue* value = json.find(name);
  if (value == nullptr) return ok();
  if (value->kind != JsonValue::Kind::kBool) return wrong_type(*value, owner + '.' + name, "bool");
  flag = value->boolean;
  return ok();
}

bool parse_integer(const std::string& text, std::int64_t& number) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
}

Status read_integer(const JsonValue& json, const std::string& owner, const char* name,
                    std::int64_t& number) {
  const JsonValue* value = json.find(name);
  if (value == nullptr) return ok();
  if (value->kind != JsonValue::Kind::kNumber || !parse_integer(value->text, number)) {
    return wrong_type(*value, owner + '.' + name, "int64", true);
  }
  return ok();
}

Status read_lease(const JsonValue& json, const char* name, std::int64_t& ms) {
  LEVI_TRY_STATUS(read_integer(json, "ToxicWrapper", name, ms));
  if (ms < 0 || ms > kLeaseMsMax) {
    return bad_body(std::string(name) + " is a number of milliseconds, from 0 to a year");
  }
  return ok();
}

Status read_toxicity(const JsonValue& json, const std::string& owner, float& toxicity) {
  const JsonValue* value = json.find("toxicity");
  if (value == nullptr) return ok();
  if (value->kind == JsonValue::Kind::kNumber) {
    const float number = std::strtof(value->text.c_str(), nullptr);
    if (number <= std::numeric_limits<float>::max() &&
        number >= std::numeric_limits<float>::lowest()) {
      toxicity = number;
      return ok();
    }
  }
  return wrong_type(*value, owner + ".toxicity", "float32", true);
}

Status read_attribute(const JsonValue& given, const std::string& owner, const Field& field,
                      Value& value) {
  const std::string name = owner + ".attributes." + std::string(field.name);
  if (std::holds_alternative<std::int64_t>(field.standard.value)) {
    std::int64_t number = 0;
    if (given.kind != JsonValue::Kind::kNumber || !parse_integer(given.text, number)) {
      return wrong_type(given, name, "int64", true);
    }
    value.value = number;
  } else if (std::holds_alternative<double>(field.standard.value)) {
    if (given.kind != JsonValue::Kind::kNumber) return wrong_type(given, name, "float64");
    const double number = std::strtod(given.text.c_str(), nullptr);
    if (!(number <= std::numeric_limits<double>::max() &&
          number >= std::numeric_limits<double>::lowest())) {
      return wrong_type(given, name, "float64", true);
    }
    value.value = number;
  } else {
    if (given.kind != JsonValue::Kind::kString) return wrong_type(given, name, "string");
    value.value = given.text;
  }
  return ok();
}

// Merged into `values`; unknown attributes are ignored.
Status read_attributes(const JsonValue& json, const ToxicType& type, std::vector<Value>& values) {
  const std::string owner(type.go_name);
  if (const JsonValue* attributes = json.find("attributes")) {
    if (attributes->kind != JsonValue::Kind::kObject) {
      const std::string go_type = "toxics." + owner;
      return wrong_type(*attributes, ".attributes", go_type.c_str());
    }
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
      const JsonValue* given = attributes->find(type.fields[i].name);
      if (given == nullptr) continue;
      LEVI_TRY_STATUS(read_attribute(*given, owner, type.fields[i], values[i]));
    }
  }
  if (type.check != nullptr) {
    Random unused(0);
    const std::string problem = type.check(Setting(type.fields, values, unused));
    if (!problem.empty()) return bad_body(problem);
  }
  return ok();
}

// As Go, which does not know the type yet.
Status check_attributes_are_an_object(const JsonValue& json) {
  const JsonValue* attributes = json.find("attributes");
  if (attributes == nullptr || attributes->kind == JsonValue::Kind::kObject) return ok();
  return wrong_type(*attributes, "ToxicWrapper.attributes", "toxics.NoopToxic");
}

Status read_toxics(const JsonValue& json, std::vector<ToxicEntry>& toxics) {
  const JsonValue* list = json.find("toxics");
  if (list == nullptr || list->kind != JsonValue::Kind::kArray) return ok();
  for (const JsonValue& item : list->items) {
    const auto taken = [&](const std::string& name) {
      return std::any_of(toxics.begin(), toxics.end(),
                         [&](const ToxicEntry& entry) { return entry.name == name; });
    };
    LEVI_TRY(entry, read_toxic(item, taken));
    toxics.push_back(std::move(entry));
  }
  return ok();
}

// {"mode":"terminate","certificate":FILE,"key":FILE,"upstream_tls":true,"upstream_ca":FILE,
//  "server_name":NAME,"insecure":false}
Status read_tls(const JsonValue& json, TlsSettings& tls) {
  const JsonValue* given = json.find("tls");
  if (given == nullptr) return ok();
  if (given->kind != JsonValue::Kind::kObject) return wrong_type(*given, "Proxy.tls", "object");
  std::string mode = tls.terminate ? "terminate" : "pass";
  LEVI_TRY_STATUS(read_text(*given, "Proxy.tls", "mode", mode));
  if (mode != "pass" && mode != "terminate") return bad_body("tls.mode is pass or terminate");
  tls.terminate = mode == "terminate";
  LEVI_TRY_STATUS(read_text(*given, "Proxy.tls", "certificate", tls.certificate));
  LEVI_TRY_STATUS(read_text(*given, "Proxy.tls", "key", tls.key));
  LEVI_TRY_STATUS(read_text(*given, "Proxy.tls", "upstream_ca", tls.upstream_ca));
  LEVI_TRY_STATUS(read_text(*given, "Proxy.tls", "server_name", tls.server_name));
  LEVI_TRY_STATUS(read_flag(*given, "Proxy.tls", "upstream_tls", tls.upstream_tls));
  LEVI_TRY_STATUS(read_flag(*given, "Proxy.tls", "insecure", tls.insecure));
  if (tls.certificate.empty() != tls.key.empty()) {
    return bad_body("tls.certificate and tls.key come together");
  }
  return ok();
}

void append_tls(std::string& out, const TlsSettings& tls) {
  const auto text = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    out += std::string(",\"") + name + "\":";
    append_json_string(out, value);
  };
  out += ",\"tls\":{\"mode\":\"terminate\"";
  text("certificate", tls.certificate);
  text("key", tls.key);
  text("upstream_ca", tls.upstream_ca);
  text("server_name", tls.server_name);
  if (!tls.upstream_tls) out += ",\"upstream_tls\":false";
  if (tls.insecure) out += ",\"insecure\":true";
  out += '}';
}

void append_value(std::string& out, const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value.value)) {
    append_json_number(out, *integer);
  } else if (const auto* number = std::get_if<double>(&value.value)) {
    append_json_number(out, *number);
  } else {
    append_json_string(out, std::get<std::string>(value.value));
  }
}

}  // namespace

Result<JsonValue> read_body(std::string_view body) {
  auto json = read_json(body);
  if (!json) return bad_body(json.error().message);
  return json;
}

Status read_proxy(const JsonValue& json, const char* struct_name, ProxyInput& input,
                  bool with_toxics) {
  if (json.kind == JsonValue::Kind::kNull) return ok();
  if (json.kind != JsonValue::Kind::kObject) {
    return bad_body(std::string("json: cannot unmarshal ") + json.go_kind() +
                    " into Go value of type toxiproxy.Proxy");
  }
  LEVI_TRY_STATUS(read_text(json, struct_name, "name", input.name));
  LEVI_TRY_STATUS(read_text(json, struct_name, "listen", input.listen));
  LEVI_TRY_STATUS(read_text(json, struct_name, "upstream", input.upstream));
  LEVI_TRY_STATUS(read_flag(json, struct_name, "enabled", input.enabled));
  LEVI_TRY_STATUS(read_tls(json, input.tls));
  return with_toxics ? read_toxics(json, input.toxics) : ok();
}

Result<ToxicEntry> read_toxic(const JsonValue& json,
                              const std::function<bool(const std::string&)>& taken) {
  if (json.kind != JsonValue::Kind::kObject && json.kind != JsonValue::Kind::kNull) {
    return bad_body(std::string("json: cannot unmarshal ") + json.go_kind() +
                    " into Go value of type toxics.ToxicWrapper");
  }
  ToxicEntry entry;
  std::string type;
  LEVI_TRY_STATUS(check_attributes_are_an_object(json));
  LEVI_TRY_STATUS(read_text(json, "ToxicWrapper", "name", entry.name));
  LEVI_TRY_STATUS(read_text(json, "ToxicWrapper", "type", type));
  LEVI_TRY_STATUS(read_text(json, "ToxicWrapper", "stream", entry.stream));
  LEVI_TRY_STATUS(read_toxicity(json, "ToxicWrapper", entry.toxicity));
  LEVI_TRY_STATUS(read_text(json, "ToxicWrapper", "tag", entry.tag));
  LEVI_TRY_STATUS(read_lease(json, "for", entry.for_ms));
  LEVI_TRY_STATUS(read_lease(json, "after", entry.after_ms));
  const bool upstream = os::equals_ignoring_case(entry.stream, "upstream");
  if (!upstream && !os::equals_ignoring_case(entry.stream, "downstream")) {
    return error(ErrorCode::kInvalid, "stream was invalid, can be either upstream or downstream");
  }
  entry.direction = upstream ? Direction::kUpstream : Direction::kDownstream;
  if (entry.name.empty()) entry.name = type + '_' + entry.stream;
  entry.type = find_toxic_type(type);
  if (entry.type == nullptr) return error(ErrorCode::kInvalid, "invalid toxic type");
  if (taken(entry.name)) return error(ErrorCode::kConflict, "toxic already exists");
  for (const Field& field : entry.type->fields) entry.values.push_back(field.standard);
  LEVI_TRY_STATUS(read_attributes(json, *entry.type, entry.values));
  return entry;
}

Result<ToxicUpdate> read_toxic_update(const JsonValue& json, const ToxicEntry& entry) {
  if (json.kind != JsonValue::Kind::kObject && json.kind != JsonValue::Kind::kNull) {
    return bad_body(std::string("json: cannot unmarshal ") + json.go_kind() +
                    " into Go value of type struct");
  }
  ToxicUpdate update{entry.values, entry.toxicity, {}};
  LEVI_TRY_STATUS(read_attributes(json, *entry.type, update.values));
  LEVI_TRY_STATUS(read_toxicity(json, "", update.toxicity));
  if (json.find("for") != nullptr) {
    LEVI_TRY_STATUS(read_lease(json, "for", update.for_ms.emplace()));
  }
  return update;
}

void append_toxic(std::string& out, const ToxicEntry& entry) {
  out += "{\"attributes\":{";
  for (std::size_t i = 0; i < entry.values.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, entry.type->fields[i].name);
    out += ':';
    append_value(out, entry.values[i]);
  }
  out += "},\"name\":";
  append_json_string(out, entry.name);
  out += ",\"type\":";
  append_json_string(out, entry.type->name);
  out += ",\"stream\":";
  append_json_string(out, entry.stream);
  out += ",\"toxicity\":";
  append_json_number(out, entry.toxicity);
  if (entry.for_ms > 0) out += ",\"for\":" + std::to_string(entry.for_ms);
  if (entry.after_ms > 0) out += ",\"after\":" + std::to_string(entry.after_ms);
  if (!entry.tag.empty()) {
    out += ",\"tag\":";
    append_json_string(out, entry.tag);
  }
  out += '}';
}

void append_proxy(std::string& out, const Proxy& proxy) {
  out += "{\"name\":";
  append_json_string(out, proxy.name());
  out += ",\"listen\":";
  append_json_string(out, proxy.listen());
  out += ",\"upstream\":";
  append_json_string(out, proxy.upstream());
  out += proxy.enabled() ? ",\"enabled\":true" : ",\"enabled\":false";
  out += ",\"Logger\":{},\"toxics\":[";
  bool first = true;
  for (const ToxicEntry* entry : proxy.toxics()) {
    if (!std::exchange(first, false)) out += ',';
    append_toxic(out, *entry);
  }
  out += ']';
  if (proxy.tls().terminate) append_tls(out, proxy.tls());
  out += '}';
}

int api_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return 400;
    case ErrorCode::kRefused:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
      return 409;
    default:
      return 500;
  }
}

std::string error_body(const Error& why) {
  std::string body = "{\"error\":";
  append_json_string(body, why.message);
  body += ",\"status\":" + std::to_string(api_status(why.code)) + "}\n";
  return body;
}

}  // namespace levi::proxy
