// Poller: epoll with a fixed event array, and the three calls that move bytes. For the control
// thread (DESIGN §2), which may not allocate or meet another thread's lock after its start, as
// os::Loop does when its tables grow.
//
// Owned and used by one thread. Level-triggered. A descriptor stays the caller's and must be
// removed before it is closed.
#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
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
  static constexpr std::uint32_t kRead = EPOLLIN | EPOLLRDHUP;
  static constexpr std::uint32_t kWrite = EPOLLOUT;
  static constexpr int kEventsPerRound = 64;

  static Result<Poller> create() {
    Fd fd(::epoll_create1(EPOLL_CLOEXEC));
    if (!fd) return io_error("cannot create an epoll descriptor", errno);
    return Poller(std::move(fd));
  }

  // False where the kernel has no memory or watches left.
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

// What one call on a non-blocking socket gave.
struct Moved {
  std::size_t bytes = 0;
  bool again = false;   // nothing now
  bool closed = false;  // end of stream
  bool failed = false;  // reset, or another error: the connection is of no use
};

inline Moved moved(ssize_t result, bool sending) {
  if (result > 0) return {.bytes = static_cast<std::size_t>(result)};
  if (result == 0) return sending ? Moved{} : Moved{.closed = true};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {.again = true};
  return {.failed = true};
}
inline Moved receive_some(int fd, char* into, std::size_t size) {
  return moved(::recv(fd, into, size, MSG_DONTWAIT), false);
}
inline Moved send_some(int fd, const char* from, std::size_t size) {
  return moved(::send(fd, from, size, MSG_DONTWAIT | MSG_NOSIGNAL), true);
}
inline void end_sending(int fd) { ::shutdown(fd, SHUT_WR); }  // FIN; what is queued still arrives

// An eventfd: any thread signals, one poller sees it as readable.
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
