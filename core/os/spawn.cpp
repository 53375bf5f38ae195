// Child::spawn: Boost.Process v2 with its vfork launcher. The only file that includes it.
//
// Boost 1.81 leaves six things to the caller, all done here by an initializer that runs in the
// vforked child, where only async-signal-safe calls are allowed because the memory is the parent's:
//
// 1. The launcher ends a child that could not exec with exit(), which would run the parent's
//    destructors: `on_exec_error` leaves by _exit instead, and `launch` reaps it.
// 2. It looks for `on_exec_error` with five parameters and calls it with four: both are there.
// 3. close_all compares an entry of its whitelist with itself and so leaves the gaps open: all is
//    made close-on-exec first.
// 4. There is no parent-death signal and no setsid.
// 5. A signal handler of ours could run in the child, on the parent's memory: all signals are
//    blocked, put back to their defaults in the child, and unblocked there.
// 6. A descriptor's number in the child may be another source's here: sources are moved away first.
#define BOOST_PROCESS_USE_STD_FS 1

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
// With std::filesystem Process v2 forgets to include these two itself, so they come first.
#include <boost/optional.hpp>
#include <boost/type_traits.hpp>
//
#include <boost/process/v2/process.hpp>
//
#include <boost/process/v2/posix/vfork_launcher.hpp>
#include <cerrno>
#include <climits>
#include <csignal>

#include "core/base/check.h"
#include "core/os/process.h"

namespace levi::os {
namespace {

namespace process = boost::process::v2;
using boost::system::error_code;
using CommandLine = const char* const*;

struct Redirect {
  int source = -1;
  int target = -1;
  int moved = -1;
};

// The initializer. Everything it needs in the child is allocated before vfork.
class ChildSetup {
 public:
  ChildSetup(const SpawnOptions& options, std::vector<Redirect> redirects)
      : death_signal_(options.parent_death_signal.value_or(0)),
        new_session_(options.new_session),
        parent_(::getpid()),
        redirects_(std::move(redirects)) {}

  template <class Launcher>
  error_code on_setup(Launcher& launcher, const process::filesystem::path&, CommandLine&) {
    for (const Redirect& redirect : redirects_) {
      highest_target_ = std::max(highest_target_, redirect.target);
      if (redirect.target > STDERR_FILENO) launcher.fd_whitelist.push_back(redirect.target);
    }
    return {};
  }

  template <class Launcher>
  error_code on_exec_setup(Launcher&, const process::filesystem::path&, CommandLine&) {
    if (die_with_parent() && (!new_session_ || ::setsid() >= 0) && redirect() && reset_signals()) {
      return {};
    }
    return error_code(errno, boost::system::system_category());
  }

  template <class Launcher>
  void on_exec_error(Launcher&, const process::filesystem::path&, CommandLine&, const error_code&) {
    ::_exit(127);  // `ec` was assigned in the shared memory: the parent sees why.
  }
  // Never called: 1.81 looks for this signature and then calls the one above.
  template <class Launcher>
  void on_exec_error(Launcher&, const error_code&, const process::filesystem::path&, CommandLine&,
                     const error_code&);

 private:
  bool die_with_parent() {
    if (death_signal_ == 0) return true;
    if (::prctl(PR_SET_PDEATHSIG, death_signal_) != 0) return false;
    if (::getppid() == parent_) return true;
    ::_exit(127);  // It died before we asked to be told.
  }

  bool redirect() {
    for (Redirect& redirect : redirects_) {
      redirect.moved = ::fcntl(redirect.source, F_DUPFD_CLOEXEC, highest_target_ + 1);
      if (redirect.moved < 0) return false;
    }
    for (const Redirect& redirect : redirects_) {
      if (::dup2(redirect.moved, redirect.target) < 0) return false;
    }
    // Refused by kernels before 5.11; all of our descriptors are close-on-exec anyway, this is for
    // a library's.
    ::syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    for (const Redirect& redirect : redirects_) {
      if (::fcntl(redirect.target, F_SETFD, 0) != 0) return false;
    }
    return true;
  }

  static bool reset_signals() {
    for (int signal = 1; signal < NSIG; ++signal) {
      struct sigaction action {};
      if (::sigaction(signal, nullptr, &action) != 0) continue;  // glibc keeps two for itself
      // An ignored signal stays ignored (nohup), but not SIGPIPE: writers expect to die of it.
      const bool ignored = action.sa_handler == SIG_IGN && signal != SIGPIPE;
      if (action.sa_handler == SIG_DFL || ignored) continue;
      action = {};
      action.sa_handler = SIG_DFL;
      ::sigaction(signal, &action, nullptr);
    }
    sigset_t none;
    sigemptyset(&none);
    return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
  }

  const int death_signal_;
  const bool new_session_;
  const pid_t parent_;
  std::vector<Redirect> redirects_;
  int highest_target_ = STDERR_FILENO;
};

class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    LEVI_CHECK(::pthread_sigmask(SIG_SETMASK, &all, &before_) == 0);
  }
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& additions) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(additions.begin(), additions.end(),
                                      [&](const auto& pair) { return pair.first == name; });
    if (!replaced) environment.emplace_back(text);
  }
  for (const auto& [name, value] : additions) environment.push_back(name + '=' + value);
  return environment;
}

// A program whose parent ignores SIGCHLD (the disposition survives exec) could not wait for its own
// children.
void keep_exit_statuses() {
  struct sigaction action {};
  LEVI_CHECK(::sigaction(SIGCHLD, nullptr, &action) == 0);
  if (action.sa_handler != SIG_IGN) return;
  action.sa_handler = SIG_DFL;
  LEVI_CHECK(::sigaction(SIGCHLD, &action, nullptr) == 0);
}

Result<Fd> open_output(const std::string& path) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd) return io_error("cannot open " + path, errno);
  return fd;
}

// The files behind standard input, output and error; kept open until the child has its copies.
struct StandardFiles {
  Fd in;
  Fd out;
  Fd err;
};

Result<StandardFiles> open_standard_files(const SpawnOptions& options) {
  StandardFiles files;
  files.in.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!files.in) return io_error("cannot open /dev/null", errno);
  if (!options.stdout_path.empty()) {
    LEVI_TRY(out, open_output(options.stdout_path));
    files.out = std::move(out);
  }
  if (!options.stderr_path.empty()) {
    LEVI_TRY(err, open_output(options.stderr_path));
    files.err = std::move(err);
  }
  return files;
}

// Before the child runs, all that is needed then is asked for: Boost opens a pidfd, an epoll, an
// eventfd and a timerfd behind the fork, and loses one of them where it throws.
Status check_descriptors(const Fd& any, const SpawnOptions& options) {
  constexpr int kNeeded = 8;
  std::vector<Fd> spare;
  for (int i = 0; i < kNeeded; ++i) {
    spare.emplace_back(::fcntl(any.get(), F_DUPFD_CLOEXEC, 0));
    if (!spare.back()) return io_error("cannot start " + options.program, errno);
  }
  return ok();
}

// Nobody would know of a child that runs but could not be returned: another thread took the
// descriptors meanwhile.
Error end_unreturned(pid_t pid, Error why) {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return why;
}

Result<pid_t> launch(const SpawnOptions& options, ChildSetup& setup) {
  error_code failure;
  process::posix::vfork_launcher launcher;
  try {
    // A context of its own for each spawn: the launcher tells it of the fork from inside the child,
    // and a context with a reactor would then swap its epoll descriptor in the parent's memory.
    boost::asio::io_context context;
    const std::vector<std::string> environment = environment_with(options.environment_add);
    std::vector<const char*> entries;
    for (const std::string& entry : environment) entries.push_back(entry.c_str());
    entries.push_back(nullptr);
    launcher.env = entries.data();
    const AllSignalsBlocked blocked;
    auto child =
        launcher(context.get_executor(), failure, options.program, options.arguments, setup);
    if (!failure) child.detach();      // It would kill the child when it goes.
  } catch (const std::exception& e) {  // also behind the fork: it opens descriptors of its own
    Error why = error(ErrorCode::kIo, "cannot start " + options.program + ": " + e.what());
    return launcher.pid > 0 ? end_unreturned(launcher.pid, std::move(why)) : why;
  }
  if (!failure) return pid_t{launcher.pid};
  if (launcher.pid > 0) {
    while (::waitpid(launcher.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Error e = io_error("cannot start " + options.program, failure.value());
  if (failure.value() == ENOENT) e.code = ErrorCode::kNotFound;
  return e;
}

}  // namespace

Result<Child> Child::spawn(const SpawnOptions& options) {
  LEVI_CHECK(!options.program.empty() && options.program.front() == '/');
  keep_exit_statuses();
  LEVI_TRY(files, open_standard_files(options));
  LEVI_TRY_STATUS(check_descriptors(files.in, options));
  std::vector<Redirect> redirects = {{files.in.get(), STDIN_FILENO}};
  if (files.out) redirects.push_back({files.out.get(), STDOUT_FILENO});
  if (files.err) redirects.push_back({files.err.get(), STDERR_FILENO});
  for (const auto& [ours, theirs] : options.descriptors) {
    LEVI_CHECK(theirs > STDERR_FILENO);
    redirects.push_back({ours, theirs});
  }
  ChildSetup setup(options, std::move(redirects));
  LEVI_TRY(pid, launch(options, setup));
  Child child;
  child.pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!child.pidfd_) {
    return end_unreturned(
        pid, io_error("cannot open a descriptor of process " + options.program, errno));
  }
  auto identity = identify(pid);  // A zombie has one too: nobody but us reaps it.
  if (!identity) return end_unreturned(pid, identity.error());
  child.identity_ = std::move(identity.value());
  return child;
}

}  // namespace levi::os
