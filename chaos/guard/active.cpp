#include "chaos/guard/active.h"

#include <csignal>

#include "core/os/clock.h"
#include "core/os/loop.h"

namespace levi::chaos {
namespace {

constexpr Nanos kLook = 20ms;

bool is_held(const std::string& folder) {
  const auto log = UndoLog::open(folder);
  return !log && log.error().code == ErrorCode::kBusy;
}

bool wait_until_free(const std::string& folder, MonoTime deadline) {
  os::Loop loop;
  while (is_held(folder)) {
    if (os::mono_now() >= deadline) return false;
    loop.run_until(os::mono_now() + kLook);
  }
  return true;
}

struct Blow {
  os::ProcessIdentity whom;
  int signal;
};

Status strike(const Blow& blow) {
  const auto pidfd = os::open_process(blow.whom);
  return pidfd ? os::send_signal(pidfd.value().get(), blow.signal) : ok();  // it has gone
}

}  // namespace

std::vector<ActiveRun> active_runs(const std::string& parent) {
  std::vector<ActiveRun> runs;
  for (const auto& name : list_runs(parent)) {
    ActiveRun run;
    run.folder = parent + "/" + name;
    const auto owner = read_owner(run.folder);
    run.owner.run = name;
    if (owner) run.owner = owner.value();
    if (auto target = read_run_target(run.folder)) run.target = std::move(target).value();
    run.levictl_alive = owner && os::is_alive(owner.value().levictl);
    run.guarded = is_held(run.folder);
    runs.push_back(std::move(run));
  }
  return runs;
}

Status stop_run(const ActiveRun& run, Nanos patience) {
  const os::ProcessIdentity& levictl = run.owner.levictl;
  const os::ProcessIdentity& guard = run.owner.guard;
  const std::vector<std::vector<Blow>> rounds{
      {{levictl, SIGTERM}, {levictl, SIGCONT}, {guard, SIGCONT}},
      {{levictl, SIGKILL}},
      {{guard, SIGKILL}}};
  for (const auto& round : rounds) {
    for (const Blow& blow : round) {
      LEVI_TRY_STATUS(strike(blow));
    }
    if (wait_until_free(run.folder, os::mono_now() + patience)) return ok();
  }
  return error(ErrorCode::kTimeout, "the guard of run " + run.owner.run + " is still at work",
               "levictl chaos status");
}

}  // namespace levi::chaos
