// `levictl chaos status | stop | undo`: what is active on this machine, and how it ends. None of
// them needs a lease.
#include <cstdio>

#include "chaos/guard/active.h"
#include "chaos/guard/undo.h"
#include "levictl/chaos.h"
#include "levictl/chaos_target.h"
#include "levictl/exit_code.h"
#include "reports/table.h"

namespace levi::cli {
namespace {

constexpr Nanos kStopPatience = 20s;

// Tells what an undo came to. False where something is left.
bool tell(const chaos::Leftovers& leftovers) {
  if (leftovers.undone.reverted > 0) {
    std::fprintf(stderr, "levictl: took back %zu fault(s) of an earlier run that had died\n",
                 leftovers.undone.reverted);
  }
  for (const auto& trace : leftovers.undone.leftovers) {
    std::fprintf(stderr, "levictl: left: %s%s%s\n", trace.text.c_str(),
                 trace.fix.empty() ? "" : "; lift it by: ", trace.fix.c_str());
  }
  for (const auto& error : leftovers.errors)
    std::fprintf(stderr, "levictl: %s\n", error.text().c_str());
  return leftovers.undone.leftovers.empty() && leftovers.errors.empty();
}

// A run's own stage outlives the run only where its supervisor was killed as well.
void tell_of_orphans() {
  for (const auto& line : clear_orphaned_stages())
    std::fprintf(stderr, "levictl: %s\n", line.c_str());
}

}  // namespace

bool take_back_leftovers() {
  tell_of_orphans();
  return tell(chaos::undo_leftovers(chaos::undo_folder()));
}

void take_back_in_passing() {
  tell_of_orphans();
  (void)tell(chaos::undo_leftovers(chaos::undo_folder(), chaos::kUndoPatienceInPassing));
}

int chaos_undo() {
  const auto leftovers = chaos::undo_leftovers(chaos::undo_folder());
  if (!tell(leftovers)) return kLeftovers;
  for (const auto& run : leftovers.active)
    std::printf("run %s is active: its guard answers for it\n", run.c_str());
  if (leftovers.runs.empty() && leftovers.active.empty()) std::printf("nothing of ours is left\n");
  return kDone;
}

int chaos_status() {
  const auto runs = chaos::active_runs(chaos::undo_folder());
  if (runs.empty()) {
    std::printf("no chaos is active on this machine\n");
    return kDone;
  }
  reports::Table table({"RUN", "SCENARIO", "LEVICTL", "STATE"});
  bool left = false;
  for (const auto& run : runs) {
    const std::string state = !run.guarded ? "dead, with its undo log left: levictl chaos undo"
                              : run.levictl_alive ? "running"
                                                  : "its guard is taking everything back";
    left |= !run.guarded;
    table.add({run.owner.run, run.owner.scenario, std::to_string(run.owner.levictl.pid), state});
  }
  std::printf("%s", table.text().c_str());
  return left ? kLeftovers : kDone;
}

int chaos_stop(const std::string& wanted, bool all) {
  const auto runs = chaos::active_runs(chaos::undo_folder());
  bool found = false;
  bool stopped = true;
  for (const auto& run : runs) {
    if (!all && !wanted.empty() && run.owner.run != wanted) continue;
    if (!all && wanted.empty() && runs.size() > 1) {
      return fail(error(ErrorCode::kInvalid, "several runs are active", "name one, or use --all"));
    }
    found = true;
    if (const Status status = chaos::stop_run(run, kStopPatience); !status) {
      std::fprintf(stderr, "levictl: %s\n", status.error().text().c_str());
      stopped = false;
    } else {
      std::printf("run %s is stopped\n", run.owner.run.c_str());
    }
  }
  if (!found && !wanted.empty())
    return fail(error(ErrorCode::kNotFound, "no run " + wanted + " is active here"));
  if (!found) std::printf("no chaos is active on this machine\n");
  return take_back_leftovers() && stopped ? kDone : kLeftovers;
}

}  // namespace levi::cli
