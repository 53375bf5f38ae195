// JSON as Go's encoding/json reads and writes it, because existing clients see its texts: the first
// value of a body counts and what follows is ignored, field names match in any case, numbers keep
// their spelling, and errors say "invalid character 'x' looking for beginning of value".
//
// Pure functions; the values own their text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace levi::proxy {

struct JsonMember;

struct JsonValue {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  bool boolean = false;
  std::string text = {};  // of a string, decoded; of a number, as spelt
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;

  // The member of that name in any case, the last one where it stands twice; nullptr if absent or
  // null.
  const JsonValue* find(std::string_view name) const;
  const char* go_kind() const;  // "number", "string", "object", ... as Go's errors call it
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

// The error's message is Go's.
Result<JsonValue> read_json(std::string_view text);

void append_json_string(std::string& out, std::string_view text);  // quoted, as Go escapes it
void append_json_number(std::string& out, double value);           // as Go writes a float64
void append_json_number(std::string& out, float value);            // and a float32
void append_json_number(std::string& out, std::int64_t value);

}  // namespace levi::proxy
