#include "core/os/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include "core/base/check.h"
#include "core/os/address.h"
#include "core/os/clock.h"
#include "core/os/file.h"

namespace levi::os {
namespace {

struct Stat {
  char state = '?';
  std::uint64_t start_ticks = 0;
};

Error no_process(pid_t pid) {
  return error(ErrorCode::kNotFound, "there is no process " + std::to_string(pid));
}

Result<Stat> read_stat(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  // No descriptor left, or no permission, says nothing about the process.
  if (!text && ::kill(pid, 0) != 0 && errno == ESRCH) return no_process(pid);
  if (!text) return text.error();
  // The command name (field 2) may hold blanks and parentheses itself: what counts starts behind
  // the last one.
  std::string_view rest = text.value();
  const std::size_t end = rest.rfind(") ");
  if (end == std::string_view::npos) return no_process(pid);
  rest.remove_prefix(end + 2);
  Stat stat;
  constexpr int kStateField = 3;
  constexpr int kStartField = 22;
  for (int field = kStateField; !rest.empty(); ++field) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (field == kStateField && !word.empty()) stat.state = word.front();
    if (field == kStartField) {
      const char* last = word.data() + word.size();
      if (std::from_chars(word.data(), last, stat.start_ticks).ptr == last) return stat;
      break;
    }
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  }
  return error(ErrorCode::kCorrupt, "/proc/" + std::to_string(pid) + "/stat has another layout");
}

bool is_gone(char state) { return state == 'Z' || state == 'X' || state == 'x'; }

Fd open_pidfd(pid_t pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

}  // namespace

Result<ProcessIdentity> identify(pid_t pid) {
  LEVI_TRY(stat, read_stat(pid));
  return ProcessIdentity{pid, stat.start_ticks, boot_id()};
}

ProcessIdentity identify_self() {
  const auto identity = identify(::getpid());
  LEVI_CHECK(identity);
  return identity.value();
}

Result<Fd> open_process(const ProcessIdentity& identity) {
  Fd pidfd = open_pidfd(identity.pid);
  if (!pidfd) {
    if (errno == ESRCH || errno == EINVAL) return no_process(identity.pid);
    return io_error("cannot open process " + std::to_string(identity.pid), errno);
  }
  // Looked at after opening: from here on the number can't change hands unnoticed.
  LEVI_TRY(found, identify(identity.pid));
  if (found != identity) return no_process(identity.pid);
  return pidfd;
}

bool is_alive(const ProcessIdentity& identity) {
  const auto stat = read_stat(identity.pid);
  if (!stat && stat.error().code != ErrorCode::kNotFound) return true;  // nothing says otherwise
  return stat && stat.value().start_ticks == identity.start_ticks && !is_gone(stat.value().state) &&
         identity.boot_id == boot_id();
}

Result<char> process_state(pid_t pid) {
  LEVI_TRY(stat, read_stat(pid));
  return stat.state;
}

Status send_signal(int pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0) return ok();
  const int why = errno;
  Error e = io_error("cannot send " + std::string(::strsignal(signal)), why);
  if (why == ESRCH) e.code = ErrorCode::kNotFound;
  if (why == EPERM) e.code = ErrorCode::kRefused;
  return e;
}

bool wait_exit(int pidfd, Nanos timeout) {
  const auto ready = wait_ready(pidfd, POLLIN, mono_now() + timeout);
  LEVI_CHECK(ready);
  return ready.value();
}

std::uint64_t anonymous_bytes(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  if (!text) return 0;
  constexpr std::string_view kField = "\nAnonymous:";
  const std::size_t at = text.value().find(kField);
  if (at == std::string::npos) return 0;
  return std::strtoull(text.value().c_str() + at + kField.size(), nullptr, 10) * 1024;
}

std::string ExitStatus::text() const {
  if (exited) return "exit code " + std::to_string(code);
  const char* name = ::sigabbrev_np(code);
  return name != nullptr ? "killed by SIG" + std::string(name)
                         : "killed by signal " + std::to_string(code);
}

std::optional<ExitStatus> peek_exit(int pidfd) {
  siginfo_t info{};
  int result = -1;
  do {
    result = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG | WNOWAIT);
  } while (result != 0 && errno == EINTR);
  if (result != 0 || info.si_pid == 0) return std::nullopt;
  return ExitStatus{info.si_code == CLD_EXITED, info.si_status};
}

std::optional<ExitStatus> Child::wait(Nanos timeout) {
  if (status_) return status_;
  if (!pidfd_ || !wait_exit(pidfd_.get(), timeout)) return std::nullopt;
  siginfo_t info{};
  int result = -1;
  do {
    result = ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED);
  } while (result != 0 && errno == EINTR);
  LEVI_CHECK(result == 0);  // `spawn` saw to it that nobody else reaps it.
  status_ = ExitStatus{info.si_code == CLD_EXITED, info.si_status};
  return status_;
}

Result<std::pair<Fd, Fd>> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return io_error("cannot create a pipe", errno);
  return std::pair(Fd(ends[0]), Fd(ends[1]));
}

Result<std::pair<Fd, Fd>> make_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return io_error("cannot create a socket pair", errno);
  }
  return std::pair(Fd(ends[0]), Fd(ends[1]));
}

}  // namespace levi::os
