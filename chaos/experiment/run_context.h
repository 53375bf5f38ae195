// What the trials of one run share. Owned by run_scenarios; one thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chaos/experiment/audit_chain.h"
#include "chaos/experiment/books.h"
#include "chaos/experiment/caller.h"
#include "chaos/experiment/core_life.h"
#include "chaos/experiment/event_stream.h"
#include "chaos/experiment/lease.h"
#include "chaos/experiment/pump.h"
#include "chaos/experiment/run.h"
#include "chaos/guard/guard_client.h"
#include "core/os/loop.h"

namespace levi::chaos {

struct RunContext {
  explicit RunContext(const RunOptions& given);

  const RunOptions& options;
  Target target;
  os::Loop loop;
  Pump pump;
  std::unique_ptr<GuardClient> guard;
  std::unique_ptr<Caller> caller;
  std::unique_ptr<RunLease> lease;
  std::unique_ptr<EventStream> stream;
  std::unique_ptr<Books> books;                    // absent without an exchange admin port
  std::optional<AuditReader> audit;                // absent without a data folder
  std::map<std::string, std::string> environment;  // for every record
  std::vector<std::string> notes;
  std::optional<Undo> seal_left;  // that a trial could not let go of: tried once more at the end
  // The core as it was seen last; absent where it could not be asked.
  std::optional<CoreLife> life;
  MonoTime deadline = kNever;

  // Another run has taken the target's lease: ours must end.
  const Error* lease_lost() const { return lease ? lease->lost() : nullptr; }
  bool guard_dead() const { return guard && !guard->alive(); }
  bool interrupted() const;
  std::string actor() const { return "chaos:" + options.run; }

  // Empty: the target has it. Else why not ("needs exchange-admin: ..."). An error: a target that
  // does not answer can't be asked.
  Result<std::string> unmet(const std::string& need) const;
};

}  // namespace levi::chaos
