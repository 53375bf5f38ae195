#include "core/engine/supervisor.h"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "core/base/check.h"
#include "core/os/clock.h"

namespace levi::engine {
namespace {

constexpr Nanos kStopMax{1s};
constexpr Nanos kStartMax{5s};  // from spawn to the first heartbeat
constexpr Nanos kBuryMax{5s};  // a SIGKILLed process in uninterruptible sleep is left to the kernel
constexpr int kLooksPerLimit = 5;
constexpr Nanos kPeriodMin{5ms};

}  // namespace

std::unique_ptr<Supervisor> Supervisor::start(Options options) {
  std::unique_ptr<Supervisor> supervisor(new Supervisor(std::move(options)));
  supervisor->thread_ = os::start_thread("supervisor", [raw = supervisor.get()] { raw->run(); });
  return supervisor;
}

Supervisor::Supervisor(Options options)
    : options_(std::move(options)),
      period_(std::max<Nanos>(options_.heartbeat_max / kLooksPerLimit, kPeriodMin)),
      commands_(std::bit_ceil(options_.commands_max)),
      reports_(std::bit_ceil(options_.commands_max)),
      waker_(loop_, [this] { carry_out_commands(); }) {}

Supervisor::~Supervisor() { shut_down(); }

void Supervisor::post(Command command) {
  // A process has at most one command of each kind outstanding, and the queue is sized for all.
  LEVI_CHECK(commands_.push(command));
  unflushed_ = true;
}

void Supervisor::flush() {
  if (!unflushed_) return;
  unflushed_ = false;
  waker_.wake();
}

void Supervisor::spawn() { post({Do::kSpawn, nullptr}); }
void Supervisor::stop(EngineProcess* process) { post({Do::kStop, process}); }
void Supervisor::reap(EngineProcess* process) { post({Do::kReap, process}); }
void Supervisor::release(EngineProcess* process) { post({Do::kRelease, process}); }

void Supervisor::shut_down() {
  if (!thread_.joinable()) return;
  post({Do::kShutDown, nullptr});
  flush();
  thread_.join();
}

void Supervisor::run() {
  looked_ = os::mono_now();
  look_at_heartbeats();
  loop_.run();
}

void Supervisor::carry_out_commands() {
  while (const auto command = commands_.pop()) carry_out(*command);
}

void Supervisor::carry_out(const Command& command) {
  switch (command.what) {
    case Do::kSpawn: {
      if (ending_) return;
      auto spawned = spawn_one();
      SpawnReport report;
      if (spawned) {
        report.process = spawned.value().get();
        processes_.push_back(std::move(spawned.value()));
      } else {
        report.error = spawned.error().text();
      }
      LEVI_CHECK(reports_.push(std::move(report)));
      return options_.notify();
    }
    case Do::kStop:
      return begin_stop(*command.process);
    case Do::kReap:
      command.process->reaped = command.process->child.wait(kBuryMax).has_value();
      return drop(*command.process);
    case Do::kRelease:
      command.process->released = true;
      return drop(*command.process);
    case Do::kShutDown:
      end_all();
      return loop_.stop();
  }
}

Result<std::unique_ptr<EngineProcess>> Supervisor::spawn_one() {
  auto process = std::make_unique<EngineProcess>();
  LEVI_TRY(memory, os::make_memfd("levi-engine", sizeof(ChannelMemory)));
  LEVI_TRY(mapping,
           os::Mapping::map(memory.get(), sizeof(ChannelMemory), true, "an engine's channel"));
  process->mapping = std::move(mapping);
  process->channel = create_channel(process->mapping.data());
  LEVI_TRY(sockets, os::make_socket_pair());
  process->life = std::move(sockets.first);
  os::SpawnOptions spawn;
  spawn.program = options_.engine_binary;
  spawn.descriptors = {{memory.get(), kChannelDescriptor},
                       {options_.wake_descriptor, kWakeDescriptor},
                       {sockets.second.get(), kLifeDescriptor}};
  if (!options_.log_folder.empty()) {
    spawn.stdout_path = spawn.stderr_path = options_.log_folder + "/levi-engine.log";
  }
  spawn.parent_death_signal = SIGKILL;
  LEVI_TRY(child, os::Child::spawn(spawn));
  process->child = std::move(child);
  process->pid = process->child.pid();
  process->watched_since = os::mono_now();
  process->pidfd.reset(::fcntl(process->child.pidfd(), F_DUPFD_CLOEXEC, 0));
  if (!process->pidfd) {
    const int why = errno;
    (void)process->child.kill(SIGKILL);
    (void)process->child.wait(kBuryMax);
    return io_error("cannot duplicate an engine's pidfd", why);
  }
  return process;
}

void Supervisor::begin_stop(EngineProcess& process) {
  if (process.reaped || process.kill_timer != 0) return;
  (void)process.child.kill(SIGTERM);
  process.kill_timer = loop_.after(kStopMax, [&process] { (void)process.child.kill(SIGKILL); });
}

void Supervisor::drop(EngineProcess& process) {
  if (process.reaped) {
    loop_.cancel(process.kill_timer);
    process.life.reset();
  }
  if (!process.reaped || !process.released) return;
  std::erase_if(processes_, [&](const auto& one) { return one.get() == &process; });
}

void Supervisor::look_at_heartbeats() {
  const MonoTime now = os::mono_now();
  // A watcher that was kept from running itself has seen nothing: everyone gets the time again.
  const bool late = now - looked_ > 2 * period_;
  looked_ = now;
  last_round_.store(now.ns, std::memory_order_relaxed);
  for (const auto& process : processes_) {
    if (process->reaped || process->hung.load(std::memory_order_relaxed)) continue;
    if (late) process->watched_since = now;
    const MonoTime beat{process->channel->heartbeat_ns.load(std::memory_order_relaxed)};
    const Nanos limit = beat.ns == 0 ? kStartMax : options_.heartbeat_max;
    if (now - std::max(beat, process->watched_since) <= limit) continue;
    if (os::wait_exit(process->child.pidfd(), Nanos{0}))
      continue;  // Dead, not hung; the trading thread will see it.
    process->hung.store(true, std::memory_order_seq_cst);
    (void)process->child.kill(SIGKILL);
  }
  loop_.at(now + period_, [this] { look_at_heartbeats(); });
}

void Supervisor::end_all() {
  ending_ = true;
  for (const auto& process : processes_) {
    loop_.cancel(process->kill_timer);
    if (!process->reaped) (void)process->child.kill(SIGTERM);
  }
  const MonoTime deadline = os::mono_now() + kStopMax;
  for (const auto& process : processes_) {
    if (process->reaped) continue;
    const Nanos left = std::max<Nanos>(deadline - os::mono_now(), Nanos{0});
    if (!process->child.wait(left)) {
      (void)process->child.kill(SIGKILL);
      (void)process->child.wait(kBuryMax);
    }
  }
  processes_.clear();
}

}  // namespace levi::engine
