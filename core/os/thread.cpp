#include "core/os/thread.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "core/base/check.h"
#include "core/os/file.h"

namespace levi::os {
namespace {

constexpr std::size_t kThreadNameMax = 15;
// Far below the kernel's own threads (50 and up): a spinning thread of ours must not starve
// interrupts.
constexpr int kTradingFifo = 10;
constexpr int kControlFifo = 20;
constexpr int kTradingNice = -5;
constexpr int kControlNice = -10;

std::atomic<bool> interrupt_seen{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // written in a signal handler

// A terminal that is closed stops as Ctrl-C does; under nohup SIGHUP is ignored, and stays so (a
// blocked one would be queued all the same).
sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  struct sigaction hang_up {};
  LEVI_CHECK(::sigaction(SIGHUP, nullptr, &hang_up) == 0);
  if (hang_up.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);
  return set;
}

bool may_lock_memory() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY) return true;
  constexpr unsigned kCapIpcLock = 14;
  constexpr std::string_view kField = "CapEff:\t";
  const auto status = read_file("/proc/self/status");
  if (!status) return false;
  const std::size_t at = status.value().find(kField);
  if (at == std::string::npos) return false;
  const auto mask = std::strtoull(status.value().c_str() + at + kField.size(), nullptr, 16);
  return (mask >> kCapIpcLock & 1) != 0;
}

}  // namespace

Thread start_thread(const std::string& name, std::function<void()> body) {
  Thread thread(std::move(body));
  ::pthread_setname_np(thread.native_handle(), name.substr(0, kThreadNameMax).c_str());
  return thread;
}

PriorityGranted raise_priority(Priority priority) {
  PriorityGranted granted;
  if (priority == Priority::kNormal) return granted;
  const bool control = priority == Priority::kControl;
  sched_param parameters{};
  parameters.sched_priority = control ? kControlFifo : kTradingFifo;
  // Reset on fork: a process spawned from here must not inherit the privilege.
  if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) == 0) {
    granted.real_time = true;
    return granted;
  }
  const auto self = static_cast<id_t>(::syscall(SYS_gettid));
  const int nice = control ? kControlNice : kTradingNice;
  if (::setpriority(PRIO_PROCESS, self, nice) == 0) granted.nice = nice;
  return granted;
}

bool lock_memory() {
  // With a small limit MCL_FUTURE would make later mappings fail, in the middle of trading.
  if (!may_lock_memory()) return false;
  // ONFAULT: locks what is touched. Without it every thread's whole stack would be filled in.
  return ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

int signal_descriptor() {
  const sigset_t set = stop_signals();
  LEVI_CHECK(::pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  const int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  LEVI_CHECK(fd >= 0);
  return fd;
}

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupt_seen = true; };
  // No SA_RESTART: a blocking call ends with EINTR, and its caller looks at interrupted().
  LEVI_CHECK(::sigaction(SIGINT, &action, nullptr) == 0);
  LEVI_CHECK(::sigaction(SIGTERM, &action, nullptr) == 0);
}

bool interrupted() { return interrupt_seen; }

}  // namespace levi::os
