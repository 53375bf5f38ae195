// Forked: a child process that runs one function of the test, dies with the test, and is reaped.
//
// Fork from the test's main thread only. The child leaves by _exit: no destructor of the parent
// runs twice.
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "core/base/check.h"

namespace levi::test {

inline constexpr int kDeadlineMs =
    30'000;  // of every wait for an event: reaching it is a failure, not a measure

class Forked {
 public:
  template <class Body>  // int(): the exit code
  explicit Forked(Body body) {
    const pid_t parent = getpid();
    pid_ = fork();
    LEVI_CHECK(pid_ >= 0);
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(99);
      _exit(body());
    }
    pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    LEVI_CHECK(pidfd_ >= 0);
  }
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;
  ~Forked() {
    if (!status_) {
      ::kill(pid_, SIGKILL);
      reap();
    }
    close(pidfd_);
  }

  pid_t pid() const { return pid_; }
  void signal(int number) const { ::kill(pid_, number); }
  bool runs() const {
    pollfd watched{pidfd_, POLLIN, 0};
    return poll(&watched, 1, 0) == 0;
  }
  // The wait status; nothing when the deadline passed (the child is then killed by the destructor).
  std::optional<int> wait(int timeout_ms = kDeadlineMs) {
    pollfd watched{pidfd_, POLLIN, 0};
    if (poll(&watched, 1, timeout_ms) != 1) return std::nullopt;
    reap();
    return status_;
  }
  bool exited_with(int code) {
    const auto status = wait();
    return status && WIFEXITED(*status) && WEXITSTATUS(*status) == code;
  }
  bool killed_by(int number) {
    const auto status = wait();
    return status && WIFSIGNALED(*status) && WTERMSIG(*status) == number;
  }
  // Until the child has stopped itself (SIGSTOP). False if it ended instead.
  bool wait_stopped() {
    int status = 0;
    while (waitpid(pid_, &status, WUNTRACED) == -1 && errno == EINTR) {
    }
    if (!WIFSTOPPED(status)) status_ = status;
    return WIFSTOPPED(status);
  }

 private:
  void reap() {
    int status = 0;
    while (waitpid(pid_, &status, 0) == -1 && errno == EINTR) {
    }
    status_ = status;
  }

  pid_t pid_ = 0;
  int pidfd_ = -1;
  std::optional<int> status_;
};

// A pipe for "I have come so far". One byte says one thing.
class Signal {
 public:
  Signal() { LEVI_CHECK(pipe(ends_) == 0); }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal() {
    close(ends_[0]);
    close(ends_[1]);
  }
  void give(char what = '.') const { LEVI_CHECK(write(ends_[1], &what, 1) == 1); }
  std::optional<char> take(int timeout_ms = kDeadlineMs) const {
    pollfd watched{ends_[0], POLLIN, 0};
    char what = 0;
    if (poll(&watched, 1, timeout_ms) != 1 || read(ends_[0], &what, 1) != 1) return std::nullopt;
    return what;
  }

 private:
  int ends_[2] = {-1, -1};
};

}  // namespace levi::test
