// Straight to the exchange, with a key of its own: cancel everything, then ask until nothing is
// open. Seals nothing: a core that still runs may send new orders.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"

namespace levi::cli {

struct VenueAccess {
  std::string address;  // host:port
  std::string key;
  std::string secret;  // never printed
  std::vector<std::string> symbols;
};

// What was done stands here even where the next call failed.
struct VenueOutcome {
  bool answered = false;  // at least one cancel was
  std::uint64_t cancelled = 0;
  std::optional<std::uint64_t> open;  // after the last question; not known where it failed
  std::string error;
};

VenueOutcome cancel_everything(const VenueAccess& access, Nanos timeout);
Result<std::uint64_t> count_open_orders(const VenueAccess& access);

}  // namespace levi::cli
