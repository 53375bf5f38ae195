// Poller: epoll with a fixed event array. For the control thread (DESIGN §2), which may not
// allocate or meet another thread's lock after its start, as os::Loop does when its tables grow.
// Signal wakes it from other threads.
//
// Owned and used by one thread. Level-triggered. A descriptor stays the caller's and must be
// removed before it is closed.
#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/check.h"
#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/os/fd.h"

namespace levi::os {

class Poller {
 public:
  static constexpr std::uint32_t kRead = EPOLLIN;
  static constexpr std::uint32_t kWrite = EPOLLOUT;
  static constexpr int kEventsPerRound = 64;

  static Result<Poller> create() {
    Fd fd(::epoll_create1(EPOLL_CLOEXEC));
    if (!fd) return io_error("cannot create an epoll descriptor", errno);
    return Poller(std::move(fd));
  }

  // False where the kernel has no memory or watches left. Errors and hang-ups are reported whatever
  // the interest.
  bool add(int fd, std::uint32_t interest, std::uint64_t token) {
    return control(EPOLL_CTL_ADD, fd, interest, token);
  }
  bool change(int fd, std::uint32_t interest, std::uint64_t token) {
    return control(EPOLL_CTL_MOD, fd, interest, token);
  }
  void remove(int fd) { control(EPOLL_CTL_DEL, fd, 0, 0); }

  // What is ready; valid until the next call. Empty after the timeout (rounded up to a millisecond)
  // or a signal.
  std::span<const epoll_event> wait(Nanos timeout) {
    const auto ms = std::clamp<std::int64_t>((timeout.count() + 999'999) / 1'000'000, 0, 60'000);
    const int count =
        ::epoll_wait(fd_.get(), events_.data(), kEventsPerRound, static_cast<int>(ms));
    LEVI_CHECK(count >= 0 || errno == EINTR);
    return {events_.data(), static_cast<std::size_t>(std::max(count, 0))};
  }

 private:
  explicit Poller(Fd fd) : fd_(std::move(fd)) {}
  bool control(int operation, int fd, std::uint32_t interest, std::uint64_t token) {
    epoll_event event{};
    event.events = interest;
    event.data.u64 = token;
    return ::epoll_ctl(fd_.get(), operation, fd, &event) == 0;
  }

  Fd fd_;
  std::array<epoll_event, kEventsPerRound> events_{};
};

// An eventfd: any thread raises it, one poller sees it as readable.
class Signal {
 public:
  Signal() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { LEVI_CHECK(fd_); }
  void raise() const {
    const std::uint64_t one = 1;
    (void)!::write(fd_.get(), &one, sizeof one);
  }
  void clear() const {
    std::uint64_t count = 0;
    (void)!::read(fd_.get(), &count, sizeof count);
  }
  int fd() const { return fd_.get(); }

 private:
  Fd fd_;
};

}  // namespace levi::os
