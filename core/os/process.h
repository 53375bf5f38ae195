// Processes: spawning (Boost.Process v2, vfork launcher), pidfds, identity. Processes are (pid,
// start time, boot id), never a bare pid: pids are reused.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/os/fd.h"

namespace levi::os {

struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  // /proc/<pid>/stat field 22
  std::string boot_id;
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

Result<ProcessIdentity> identify(pid_t pid);
ProcessIdentity identify_self();
// A pidfd for exactly this process; kNotFound when it is gone or the pid is another's now.
Result<Fd> open_process(const ProcessIdentity& identity);
bool is_alive(const ProcessIdentity& identity);  // false for a zombie
Result<char> process_state(pid_t pid);           // 'R', 'S', 'D', 'T', 'Z', ...
Status send_signal(int pidfd, int signal);
bool wait_exit(int pidfd, Nanos timeout);  // true once it is dead (pidfd readable)
std::uint64_t anonymous_bytes(pid_t pid);  // Anonymous: of smaps_rollup, 0 if unreadable

// Standard input is /dev/null; signals are unblocked and at their defaults (ignored ones stay so,
// but SIGPIPE).
struct SpawnOptions {
  std::string program = {};                 // absolute path
  std::vector<std::string> arguments = {};  // without argv[0]
  std::vector<std::pair<std::string, std::string>> environment_add = {};
  std::vector<std::pair<int, int>> descriptors = {};  // (ours, number in the child), beyond 0..2
  std::string stdout_path = {};                       // "" inherits; appended
  std::string stderr_path = {};
  std::optional<int> parent_death_signal = {};  // follows the spawning *thread*
  bool new_session = false;                     // outlives our terminal and our process group
};

struct ExitStatus {
  bool exited = false;       // else killed by a signal
  int code = 0;              // exit code or signal number
  std::string text() const;  // "exit code 2", "killed by SIGKILL"
};

// How a child of ours ended, without reaping it (its Child does that, maybe on another thread);
// nullopt while it runs, or once it was reaped.
std::optional<ExitStatus> peek_exit(int pidfd);

// A child of ours. Destruction neither kills nor waits: say which.
class Child {
 public:
  static Result<Child> spawn(const SpawnOptions& options);
  pid_t pid() const { return identity_.pid; }
  const ProcessIdentity& identity() const { return identity_; }
  int pidfd() const { return pidfd_.get(); }
  Status kill(int signal) { return send_signal(pidfd_.get(), signal); }
  // Reaps; nullopt while it runs or on timeout.
  std::optional<ExitStatus> wait(Nanos timeout);

 private:
  ProcessIdentity identity_;
  Fd pidfd_;
  std::optional<ExitStatus> status_;
};

// A pipe or socket pair, both ends close-on-exec.
Result<std::pair<Fd, Fd>> make_pipe();
Result<std::pair<Fd, Fd>> make_socket_pair();

}  // namespace levi::os
