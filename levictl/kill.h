// `levictl kill`: every way in at once, then proof that no order is left (DESIGN §5).
#pragma once

#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "levictl/kill_report.h"
#include "levictl/target.h"
#include "levictl/venue_cancel.h"

namespace levi::cli {

struct KillOptions {
  TargetFlags target;
  std::string reason = "levictl kill";
  std::string holder = "operator";
  std::string actor;          // default: the user's name
  bool venue = false;         // also straight to the exchange, with its own key
  std::string venue_address;  // host:port; of the stage where there is one
  std::vector<std::string> symbols;
  bool fence = true;  // --no-fence: never SIGKILL a gateway that is stopped and undrained
  Nanos wait{10s};    // for open orders to become zero
  bool json = false;
};

// At once, each on a thread of its own.
std::vector<KillWay> press_every_way(const Target& target, const KillOptions& options);

// The exchange's address and key: of the stage, or as they were given. kInvalid where one is
// missing.
Result<VenueAccess> venue_access(const Target& target, const KillOptions& options);

int kill_command(const KillOptions& options);

struct ResumeOptions {
  TargetFlags target;
  std::string reason;
  std::string holder = "operator";
  std::string actor;
  std::uint64_t epoch = 0;
};
int resume_command(const ResumeOptions& options);

struct FlattenOptions {
  TargetFlags target;
  std::string symbol;  // empty: all
  std::string reason = "levictl flatten";
  bool yes = false;
  Nanos wait{15s};
};
int flatten_command(const FlattenOptions& options);

}  // namespace levi::cli
