#include "chaos/proxy/toxic_entry.h"

#include "core/base/random.h"

namespace levi::proxy {
namespace {

// FNV-1a: the same on every machine, which std::hash is not.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325u;
  for (const char c : text) {
    value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return value;
}

}  // namespace

std::uint64_t toxic_seed(std::uint64_t seed, std::string_view proxy, std::uint64_t connection,
                         const ToxicEntry& entry) {
  std::uint64_t derived = derive_seed(seed, hash(proxy));
  derived = derive_seed(derived, connection);
  return derive_seed(derived, hash(entry.name));
}

bool toxic_applies(std::uint64_t seed, std::string_view proxy, std::uint64_t connection,
                   const ToxicEntry& entry) {
  const std::uint64_t own = toxic_seed(seed, proxy, connection, entry);
  return Random(derive_seed(own, entry.draws)).unit() < static_cast<double>(entry.toxicity);
}

}  // namespace levi::proxy
