// The words of a scenario file that are neither faults nor probes.
#include <algorithm>

#include "chaos/experiment/scenario.h"

namespace levi::chaos {

const std::vector<std::string>& known_measures() {
  static const std::vector<std::string> kMeasures{
      "impact",     "detect",     "mttr",        "recover_after_revert", "engine_restart",
      "reconnect",  "kill_ack",   "kill_effect", "orders_cleared",       "lost",
      "duplicated", "unexpected", "beyond_s",    "orders_per_second"};
  return kMeasures;
}

const std::vector<std::string>& known_invariants() {
  static const std::vector<std::string> kInvariants{"ledger.reconciled", "store.reconciled",
                                                    "audit.chained"};
  return kInvariants;
}

const std::vector<std::string>& known_needs() {
  static const std::vector<std::string> kNeeds{"exchange-admin", "local-process", "data-folder",
                                               "runtime-folder", "control-port"};
  return kNeeds;
}

}  // namespace levi::chaos
