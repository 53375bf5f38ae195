// Straight to the exchange, with a key of its own: cancel everything, then ask until nothing is
// open. Seals nothing: a core that still runs may send new orders.
#pragma once

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

struct VenueOutcome {
  std::uint64_t cancelled = 0;
  std::uint64_t open = 0;  // still open after the last question
};

Result<VenueOutcome> cancel_everything(const VenueAccess& access, Nanos timeout);
Result<std::uint64_t> count_open_orders(const VenueAccess& access);

}  // namespace levi::cli
