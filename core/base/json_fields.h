// Reading fields of JSON that came from outside: what is missing or of another type is empty, never
// an exception.
//
// Works on nlohmann::json and nlohmann::ordered_json. The references returned stand as long as the
// object given.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace levi {

template <class Json>
const Json& value_at(const Json& object, const char* key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

template <class Json>
const Json& object_at(const Json& object, const char* key) {
  static const Json kEmpty = Json::object();
  const Json& value = value_at(object, key);
  return value.is_object() ? value : kEmpty;
}

template <class Json>
const Json& list_at(const Json& object, const char* key) {
  static const Json kEmpty = Json::array();
  const Json& value = value_at(object, key);
  return value.is_array() ? value : kEmpty;
}

template <class Json>
std::string text_at(const Json& object, const char* key) {
  const Json& value = value_at(object, key);
  return value.is_string() ? value.template get<std::string>() : std::string();
}

template <class Json>
std::int64_t integer_at(const Json& object, const char* key, std::int64_t fallback = 0) {
  const Json& value = value_at(object, key);
  return value.is_number_integer() ? value.template get<std::int64_t>() : fallback;
}

template <class Json>
double number_at(const Json& object, const char* key, double fallback = 0) {
  const Json& value = value_at(object, key);
  return value.is_number() ? value.template get<double>() : fallback;
}

template <class Json>
bool boolean_at(const Json& object, const char* key, bool fallback = false) {
  const Json& value = value_at(object, key);
  return value.is_boolean() ? value.template get<bool>() : fallback;
}

}  // namespace levi
