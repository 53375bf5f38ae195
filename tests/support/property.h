// How often a property is tried: 100 cases, or LEVI_PROPERTY_CASES (scripts/soak.sh raises it).
//
// RapidCheck prints its seed and the shrunk counterexample; RC_PARAMS="seed=..." replays it.
#pragma once

#include <rapidcheck.h>

#include <cstdlib>
#include <string>
#include <utility>

namespace levi::test {

// RapidCheck reads RC_PARAMS once, at its first check.
inline void configure_properties() {
  const char* cases = std::getenv("LEVI_PROPERTY_CASES");
  const char* given = std::getenv("RC_PARAMS");
  if (cases == nullptr ||
      (given != nullptr && std::string(given).find("max_success") != std::string::npos))
    return;
  const std::string parameters = std::string(given ? given : "") + " max_success=" + cases;
  setenv("RC_PARAMS", parameters.c_str(), 1);
}

// EXPECT_TRUE(holds("what is claimed", [](std::uint64_t seed) { RC_ASSERT(...); }));
template <class Testable>
bool holds(const std::string& property, Testable&& testable) {
  configure_properties();
  return rc::check(property, std::forward<Testable>(testable));
}

}  // namespace levi::test
