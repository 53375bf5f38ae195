#include <signal.h>

#include <algorithm>
#include <string>

#include "core/base/check.h"
#include "core/latch/latch.h"
#include "core/os/clock.h"
#include "core/os/process.h"

namespace levi::latch {
namespace {

constexpr Nanos kFirstDrain = 200us;  // DESIGN §5: a sound gateway is out of its section by then
constexpr Nanos kLookEvery = 1ms;     // between two looks whether the gateway died
constexpr Nanos kDeathWait = 1s;      // after SIGKILL

// Inside its section the gateway calls nothing that blocks: no thread on a CPU or waiting for one
// means that somebody stopped, froze or traces the process. A starved gateway is runnable, and will
// come out by itself.
bool any_thread_runs(pid_t pid) {
  const auto threads = os::list_folder("/proc/" + std::to_string(pid) + "/task");
  if (!threads) return false;
  return std::any_of(threads.value().begin(), threads.value().end(), [](const std::string& tid) {
    const auto state = os::process_state(static_cast<pid_t>(std::atol(tid.c_str())));
    return state && state.value() == 'R';
  });
}

Fence settle(const Latch& latch, const os::Fd& gateway, pid_t pid, Nanos fence_after,
             bool may_fence) {
  const MonoTime deadline = os::mono_now() + fence_after;
  const std::uint64_t sequence = latch.in_flight();
  while (os::mono_now() < deadline) {
    if (os::wait_exit(gateway.get(), Nanos{0})) return Fence::kGatewayDead;
    if (!latch.intact())
      return Fence::kUndrained;  // Damaged under us: the gateway reads zeroes, sealed.
    if (sequence == 0 || latch.in_flight() != sequence) return Fence::kDrained;
    (void)latch.wait_drained(std::min<Nanos>(kLookEvery, deadline - os::mono_now()));
  }
  if (!may_fence || any_thread_runs(pid)) return Fence::kUndrained;
  if (!os::send_signal(gateway.get(), SIGKILL)) return Fence::kUndrained;
  return os::wait_exit(gateway.get(), kDeathWait) ? Fence::kFenced : Fence::kUndrained;
}

}  // namespace

const char* to_string(Fence fence) {
  switch (fence) {
    case Fence::kDrained:
      return "drained";
    case Fence::kGatewayDead:
      return "gateway dead";
    case Fence::kFenced:
      return "fenced";
    case Fence::kUndrained:
      return "undrained";
  }
  LEVI_UNREACHABLE();
}

Result<FileKill> kill_by_file(const std::string& path, Holder holder, std::string_view actor,
                              std::string_view reason, Instant wall, Nanos fence_after,
                              bool may_fence) {
  LEVI_TRY(latch, Latch::attach(path));
  FileKill kill;
  kill.gateway = latch.gateway();
  kill.sealed = latch.seal(holder, actor, reason, wall, std::min(kFirstDrain, fence_after));
  if (kill.sealed.in_flight_zero) {
    kill.fence = Fence::kDrained;
    return kill;
  }
  if (kill.gateway.pid == 0) return kill;  // Half-written: nobody can say who sends.
  const auto process =
      os::open_process({kill.gateway.pid, kill.gateway.start_ticks, os::boot_id()});
  if (!process) {
    const bool gone = process.error().code == ErrorCode::kNotFound;
    kill.fence = gone ? Fence::kGatewayDead : Fence::kUndrained;
    return kill;
  }
  kill.fence = settle(latch, process.value(), kill.gateway.pid, fence_after, may_fence);
  return kill;
}

}  // namespace levi::latch
