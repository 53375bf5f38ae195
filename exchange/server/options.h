// What `levi-exchange` is told: by its arguments, a keys file and the environment. Checked here,
// once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exchange/admin/host.h"
#include "exchange/rest/key_ring.h"
#include "exchange/rest/rest_api.h"

namespace levi::exchange {

struct ExchangeOptions {
  std::uint16_t port = 8734;        // 0: a free one
  std::uint16_t admin_port = 8735;  // 0: a free one
  std::vector<SymbolSpec> symbols;
  std::uint64_t seed = 1;
  FlowPace pace;
  RestOptions rest;
  Nanos latency{0};         // every REST answer comes this much later
  std::string ledger_path;  // empty: memory only
  std::size_t ledger_entries_max = Ledger::kEntriesMaxDefault;
  std::vector<KeySpec> keys;
  std::optional<int> ready_descriptor;
};

// The values of LEVI_PRACTICE_KEY and LEVI_PRACTICE_SECRET, empty where they are not set.
struct PracticeKey {
  std::string key;
  std::string secret;
};

struct ParsedOptions {
  std::optional<ExchangeOptions> options;  // absent: `exit_code` says how to end
  int exit_code = 0;
};
// Prints help, the version and errors itself.
ParsedOptions parse_options(int argc, const char* const* argv, const PracticeKey& practice);

}  // namespace levi::exchange
