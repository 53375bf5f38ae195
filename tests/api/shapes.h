// Which keys an answer has.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace levi::test {

using Keys = std::set<std::string>;

inline Keys keys_of(const nlohmann::json& object) {
  Keys keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

inline bool has_all(const nlohmann::json& object, const Keys& wanted) {
  const Keys there = keys_of(object);
  return std::includes(there.begin(), there.end(), wanted.begin(), wanted.end());
}

}  // namespace levi::test
