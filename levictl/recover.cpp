#include "levictl/recover.h"

#include <cstdio>

#include "chaos/guard/active.h"
#include "core/base/check.h"
#include "core/base/strict_yaml.h"
#include "core/latch/latch.h"
#include "core/os/file.h"
#include "core/os/thread.h"
#include "levictl/exit_code.h"
#include "levictl/operator_name.h"
#include "levictl/paths.h"
#include "levictl/text.h"
#include "recover/recovery.h"

namespace levi::cli {
namespace {

recover::Reach reach_of(const Target& target) {
  recover::Reach reach{target.name, target.api, target.control, "", ""};
  if (target.local()) reach.latch_file = latch::latch_path(target.runtime);
  if (target.stage) reach.supervisor_socket = target.stage->supervisor_socket;
  return reach;
}

// The undo logs know of a run though the core that holds its lease be dead.
std::string chaos_run_on(const Target& target) {
  for (const auto& run : chaos::active_runs(chaos::undo_folder())) {
    const bool same = (!run.target.api.empty() && target.api == "http://" + run.target.api) ||
                      (!run.target.runtime.empty() && target.runtime == run.target.runtime);
    if (same && run.guarded) return run.owner.run;
  }
  return {};
}

int report(const recover::RecoveryOutcome& outcome, const RecoverOptions& options) {
  switch (outcome.end) {
    case recover::RecoveryEnd::kHealthy:
      std::printf("healthy: nothing to do\n");
      return kDone;
    case recover::RecoveryEnd::kNotRunning:
      std::printf("not running: nothing here can restart it\n");
      return kUndecided;
    case recover::RecoveryEnd::kRefused:
      std::printf("refused: a chaos run is at work\n");
      return kLeased;
    case recover::RecoveryEnd::kPlanned:
      if (options.plan) return kFailed;
      std::printf("nothing was done: add --yes to carry the plan out\n");
      return kRefused;
    case recover::RecoveryEnd::kRecovered:
    case recover::RecoveryEnd::kNotRecovered:
      break;
  }
  const bool recovered = outcome.end == recover::RecoveryEnd::kRecovered;
  if (!recovered && os::interrupted()) {
    std::printf("interrupted: what was done stands above, whether it helped is not known\n");
    return kInterrupted;
  }
  const Nanos total = outcome.detect + outcome.acted + outcome.verified;
  std::printf("%s: detect %s + act %s + verify %s = %s\n",
              recovered ? "recovered" : "NOT recovered", format_duration(outcome.detect).c_str(),
              format_duration(outcome.acted).c_str(), format_duration(outcome.verified).c_str(),
              format_duration(total).c_str());
  return recovered ? kDone : kFailed;
}

}  // namespace

int recover_command(const RecoverOptions& options) {
  os::catch_interrupts();  // ends the waiting, never an act half way
  const auto target = resolve_target(options.target);
  if (!target) return fail(target.error());
  const Status folder = os::make_folders(state_folder());
  if (!folder) return fail(folder.error());
  recover::RecoveryOptions recovery;
  recovery.reach = reach_of(target.value());
  recovery.act = options.yes && !options.plan;
  recovery.verify_max = options.wait;
  recovery.actor = operator_name();
  recovery.lock_file = state_folder() + "/recover.lock";
  recovery.chaos_run = [&] { return chaos_run_on(target.value()); };
  recovery.say = [&](const std::string& line) {
    std::printf("%s\n", printable(with_flags(line, options.target)).c_str());
  };
  std::printf("recover %s\n", target.value().name.c_str());
  const auto outcome = recover::recover_now(recovery);
  return outcome ? report(outcome.value(), options) : fail(outcome.error());
}

}  // namespace levi::cli
