#include "core/engine/engine_process.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "core/engine/rehearsal.h"
#include "core/os/clock.h"
#include "core/os/futex.h"
#include "core/os/peer.h"

namespace levi::engine {
namespace {

constexpr Nanos kIdleMax{50ms};  // between two heartbeats

volatile sig_atomic_t stop_requested = 0;

void request_stop(int) { stop_requested = 1; }

void install_signals() {
  struct sigaction stop {};
  stop.sa_handler = request_stop;  // No SA_RESTART: a sleeping engine must wake.
  ::sigaction(SIGTERM, &stop, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &ignore, nullptr);
}

int complain(const std::string& text, int code) {
  std::fprintf(stderr, "levi-engine[%d]: %s\n", static_cast<int>(::getpid()), text.c_str());
  return code;
}

Result<ChannelMemory*> open_channel() {
  struct stat status {};
  if (::fstat(kChannelDescriptor, &status) != 0) {
    return error(ErrorCode::kInvalid, "no channel: this program is started by levid");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  // Populated: a standby that takes over must not meet a page fault for every page it touches
  // first.
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                        kChannelDescriptor, 0);
  if (memory == MAP_FAILED) return error(ErrorCode::kIo, "cannot map the channel");
  return attach_channel(memory, size);
}

// Says that we live, at most every so often as asked; false when we should not any more.
bool beat(ChannelMemory& channel, MonoTime now) {
  channel.heartbeat_ns.store(now.ns, std::memory_order_relaxed);
  return stop_requested == 0;
}

// Too large for a stack frame to be a good place: the image and a tick's intents are in it.
alignas(64) std::byte loop_memory[sizeof(EngineLoop<>)];

bool wait_for_task(ChannelMemory& channel) {
  if (channel.assigned.load(std::memory_order_acquire) == 0) rehearse(loop_memory);
  channel.state.store(static_cast<std::uint32_t>(ProcessState::kWarm), std::memory_order_release);
  while (channel.assigned.load(std::memory_order_acquire) == 0) {
    const MonoTime now = os::mono_now();
    if (!beat(channel, now) || os::peer_closed(kLifeDescriptor)) return false;
    os::futex_wait(os::futex_word(channel.assigned), 0, now + kIdleMax);
  }
  return true;
}

void wake_levid() {
  const std::uint64_t one = 1;
  (void)!::write(kWakeDescriptor, &one, sizeof one);
}

int run_task(ChannelMemory& channel, const Strategy& strategy) {
  auto& loop = *new (loop_memory) EngineLoop<>(channel, strategy);
  if (!loop.load()) return complain("the predecessor's image cannot be used", kExitImage);
  const bool spin = channel.task.spin != 0;
  MonoTime looked{0};  // when levid's end was last looked at
  bool first = true;
  for (;;) {
    const auto round = loop.run();
    const MonoTime now = os::mono_now();
    if (first) {
      channel.first_commit_ns.store(now.ns, std::memory_order_relaxed);
      channel.state.store(static_cast<std::uint32_t>(ProcessState::kRunning),
                          std::memory_order_release);
      first = false;
    }
    if (round.wake_levid) wake_levid();
    if (!beat(channel, now)) return kExitStopped;
    if (now - looked >= kIdleMax) {
      if (os::peer_closed(kLifeDescriptor)) return kExitStopped;
      looked = now;
    }
    if (!spin && round.handled < EngineLoop<>::kBatchMax) loop.end().sleep(now + kIdleMax);
  }
}

}  // namespace

int run_engine() {
  install_signals();
  const auto opened = open_channel();
  if (!opened) return complain(opened.error().text(), kExitChannel);
  ChannelMemory& channel = *opened.value();
  if (!wait_for_task(channel)) return kExitStopped;
  const Task& task = channel.task;
  const auto strategy =
      make_strategy(task.strategy, task.parameters, {task.price_exponent, task.quantity_exponent});
  if (!strategy) return complain(strategy.error().text(), kExitParameters);
  return run_task(channel, *strategy.value());
}

}  // namespace levi::engine
