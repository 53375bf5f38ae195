// ToxicEntry: one toxic as a proxy lists it: what the API creates, shows, updates and removes.
//
// Owned by its proxy; on the loop's thread. `toxic_applies` draws a connection's fate from (seed,
// proxy, ordinal of the connection, toxic) alone, so that the same seed gives the same fates again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/proxy/toxic.h"
#include "core/base/instant.h"

namespace levi::proxy {

struct ToxicEntry {
  std::uint64_t id = 0;  // unique in the process: names may be used again
  std::string name;
  const ToxicType* type = nullptr;
  std::string stream = "downstream";  // as typed by the caller
  Direction direction = Direction::kDownstream;
  float toxicity = 1;
  std::vector<Value> values;  // by the type's fields
  std::string tag;
  std::int64_t for_ms = 0;    // lease: removes itself so long after it began; 0: none
  std::int64_t after_ms = 0;  // begins so long after it was added
  bool begun = false;
  std::uint64_t draws = 0;  // how often toxicity was updated

  Direction acting() const {
    if (type->acts_on == ActsOn::kUpstream) return Direction::kUpstream;
    if (type->acts_on == ActsOn::kDownstream) return Direction::kDownstream;
    return direction;
  }
};

// The seed of everything random that `entry` does on one connection.
std::uint64_t toxic_seed(std::uint64_t seed, std::string_view proxy, std::uint64_t connection,
                         const ToxicEntry& entry);
bool toxic_applies(std::uint64_t seed, std::string_view proxy, std::uint64_t connection,
                   const ToxicEntry& entry);

}  // namespace levi::proxy
