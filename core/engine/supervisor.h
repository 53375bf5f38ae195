// Supervisor: the thread that engine processes are children of.
//
// It spawns (the parent-death signal follows the spawning thread, and this one lives as long as
// levid), reaps, and kills what does not beat its heart. It decides nothing else: which engine a
// process runs is the trading thread's business, over the channel.
//
// A process is lent to the trading thread by a report, and comes back by `reap` (it is dead) and
// `release` (its channel is not needed any more); only then is its memory unmapped, on this thread.
// If the trading thread never gives it back, shut_down ends it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/channel.h"
#include "core/os/file.h"
#include "core/os/loop.h"
#include "core/os/process.h"
#include "core/os/queue.h"
#include "core/os/thread.h"

namespace levi::engine {

struct EngineProcess {
  // Written before it is lent, then constant.
  pid_t pid = 0;
  os::Fd pidfd;  // the trading loop's own
  os::Mapping mapping;
  ChannelMemory* channel = nullptr;

  // Says "hung" to whoever reads how it died: set before the SIGKILL, by either thread.
  std::atomic<bool> hung{false};

  // The supervisor's.
  os::Child child;
  os::Fd life;  // closing it tells the process that we are gone
  MonoTime watched_since;
  bool reaped = false;
  bool released = false;
  os::Loop::TimerId kill_timer = 0;
};

struct SpawnReport {
  EngineProcess* process = nullptr;  // nullptr: it failed, and `error` says why
  std::string error;
};

class Supervisor {
 public:
  struct Options {
    std::string engine_binary;
    std::string log_folder;
    Nanos heartbeat_max{250ms};
    int wake_descriptor = -1;      // the trading loop's eventfd: handed to every engine
    std::size_t commands_max = 0;  // how many may be outstanding
    std::function<void()> notify;  // a report waits
  };

  static std::unique_ptr<Supervisor> start(Options options);
  ~Supervisor();

  // Trading thread. What is asked for waits until `flush`: in a takeover the heir is woken first,
  // and this thread does not compete with it for a CPU.
  void flush();
  void spawn();
  void stop(EngineProcess* process);  // SIGTERM; SIGKILL when it is not reaped a second later
  void reap(EngineProcess* process);
  void release(EngineProcess* process);
  std::optional<SpawnReport> next_report() { return reports_.pop(); }
  void shut_down();  // SIGTERM to all, a second, SIGKILL, reap all, join. Idempotent.

  MonoTime last_round() const { return {last_round_.load(std::memory_order_relaxed)}; }

 private:
  enum class Do { kSpawn, kStop, kReap, kRelease, kShutDown };
  struct Command {
    Do what = Do::kSpawn;
    EngineProcess* process = nullptr;
  };

  explicit Supervisor(Options options);
  void post(Command command);
  void run();
  void carry_out_commands();
  void carry_out(const Command& command);
  Result<std::unique_ptr<EngineProcess>> spawn_one();
  void begin_stop(EngineProcess& process);
  void drop(EngineProcess& process);
  void look_at_heartbeats();
  void end_all();

  const Options options_;
  const Nanos period_;
  os::SpscQueue<Command> commands_;
  os::SpscQueue<SpawnReport> reports_;
  os::Loop loop_;
  os::Waker waker_;
  std::vector<std::unique_ptr<EngineProcess>> processes_;
  MonoTime looked_;
  bool ending_ = false;
  bool unflushed_ = false;  // the trading thread's
  std::atomic<std::int64_t> last_round_{0};
  os::Thread thread_;
};

}  // namespace levi::engine
