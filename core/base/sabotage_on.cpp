// levid-sabotage only: LEVI_SABOTAGE names the defences that are off, separated by commas.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/base/sabotage.h"

namespace levi {
namespace {

// Exits 2 on a name that is no defence: a misspelt sabotage would turn a negative control green.
unsigned read_switches() {
  const char* value = std::getenv("LEVI_SABOTAGE");
  std::string rest = value ? value : "";
  unsigned mask = 0;
  while (!rest.empty()) {
    const std::string name = rest.substr(0, rest.find(','));
    rest.erase(0, name.size() + (name.size() < rest.size() ? 1 : 0));
    bool known = false;
    for (int i = 0; i < kDefenceCount; ++i) {
      const auto defence = static_cast<Defence>(i);
      if (name != to_string(defence)) continue;
      mask |= 1u << static_cast<unsigned>(defence);
      known = true;
    }
    if (!known) {
      std::fprintf(stderr, "LEVI_SABOTAGE: unknown defence '%s'\n", name.c_str());
      std::exit(2);
    }
  }
  return mask;
}

}  // namespace

bool sabotaged(Defence defence) {
  static const unsigned mask = read_switches();
  return (mask >> static_cast<unsigned>(defence) & 1) != 0;
}

}  // namespace levi
