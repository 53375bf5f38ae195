#include "chaos/fault/process_kill.h"

#include <csignal>

#include "core/base/json_fields.h"
#include "core/os/clock.h"

namespace levi::chaos {
namespace {

os::ProcessIdentity victim_of(const Undo& undo) {
  os::ProcessIdentity victim;
  victim.pid = static_cast<pid_t>(integer_at(undo.parameters, "pid"));
  victim.start_ticks = static_cast<std::uint64_t>(integer_at(undo.parameters, "start_ticks"));
  victim.boot_id = text_at(undo.parameters, "boot_id");
  return victim;
}

}  // namespace

std::string tag_of(const FaultOrder& order) {
  return "chaos:" + order.run + ":" + std::to_string(order.trial);
}

Result<Undo> ProcessKill::plan_kill(const std::string& kind, const FaultOrder& order,
                                    const os::ProcessIdentity& victim, const std::string& what) {
  LEVI_TRY(pidfd, os::open_process(victim));
  victim_ = std::move(pidfd);
  return Undo{kind, tag_of(order),
              Json{{"pid", victim.pid},
                   {"start_ticks", victim.start_ticks},
                   {"boot_id", victim.boot_id},
                   {"what", what}}};
}

Result<Injection> ProcessKill::inject(const Target&, const Undo& undo) {
  LEVI_TRY(pidfd, os::open_process(victim_of(undo)));
  Injection injection;
  injection.before = os::mono_now();
  LEVI_TRY_STATUS(os::send_signal(pidfd.get(), SIGKILL));
  injection.after = os::mono_now();
  return injection;
}

Result<Proof> ProcessKill::prove(const Target&, const Undo& undo, const Injection&,
                                 MonoTime deadline) {
  const std::string what =
      text_at(undo.parameters, "what") + " (pid " + std::to_string(victim_of(undo).pid) + ")";
  const Nanos left = std::max(Nanos{0}, deadline - os::mono_now());
  if (!os::wait_exit(victim_.get(), left)) {
    return error(ErrorCode::kTimeout, what + " is still alive");
  }
  return Proof{os::mono_now(), "the kernel reports the end of " + what};
}

Status ProcessKill::revert(const Target&, const Undo&) { return ok(); }

Result<std::vector<Trace>> ProcessKill::traces(const Target&, const Undo&) {
  return std::vector<Trace>{};
}

}  // namespace levi::chaos
