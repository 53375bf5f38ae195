#include "core/os/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <vector>

#include "core/base/check.h"
#include "core/os/clock.h"
#include "core/os/timers.h"

namespace levi::os {
namespace {

constexpr int kEventsPerRound = 64;

// A watch lives behind a pointer: its handler may be running while the table grows or its number is
// watched anew.
struct Watch {
  Loop::Handler handler;
  std::uint32_t interest = 0;
  std::uint32_t generation = 0;
};

std::uint32_t to_epoll(std::uint32_t interest) {
  std::uint32_t events = 0;
  if (interest & kReadable) events |= EPOLLIN;
  if (interest & kWritable) events |= EPOLLOUT;
  if (interest & kHangUp) events |= EPOLLRDHUP;
  return events;
}

std::uint32_t to_ready(std::uint32_t events) {
  std::uint32_t ready = 0;
  if (events & EPOLLIN) ready |= kReadable;
  if (events & EPOLLOUT) ready |= kWritable;
  if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) ready |= kHangUp;
  return ready;
}

// epoll_wait rounds to milliseconds; epoll_pwait2 (Linux 5.11) does not.
int wait_for_events(int epoll, epoll_event* events, Nanos timeout) {
  static std::atomic<bool> precise{true};
  const auto ns = std::max<std::int64_t>(timeout.count(), 0);
  if (precise.load(std::memory_order_relaxed)) {
    timespec limit{};
    limit.tv_sec = ns / 1'000'000'000;
    limit.tv_nsec = ns % 1'000'000'000;
    const int count = ::epoll_pwait2(epoll, events, kEventsPerRound, &limit, nullptr);
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
    precise = false;
  }
  const auto ms = std::min<std::int64_t>((ns + 999'999) / 1'000'000, 60'000);
  return ::epoll_wait(epoll, events, kEventsPerRound, static_cast<int>(ms));
}

}  // namespace

struct Loop::Impl {
  Fd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  Fd stop_event{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  std::atomic<bool> stopping{false};
  std::vector<std::unique_ptr<Watch>> watches;  // by descriptor
  std::vector<std::unique_ptr<Watch>> removed;  // their handlers may still be on the stack
  std::vector<std::unique_ptr<Watch>> spare;
  std::uint32_t generation = 0;
  Timers timers;
  std::vector<Task> round_tasks;
  MonoTime now = mono_now();
  int depth = 0;  // of rounds: a handler may run one itself

  Watch* find(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    return fd >= 0 && index < watches.size() ? watches[index].get() : nullptr;
  }

  void control(int operation, int fd, const Watch& watch) {
    epoll_event event{};
    event.events = to_epoll(watch.interest);
    event.data.u64 = std::uint64_t{watch.generation} << 32 | static_cast<std::uint32_t>(fd);
    LEVI_CHECK(::epoll_ctl(epoll.get(), operation, fd, &event) == 0);
  }

  void dispatch(const epoll_event& event) {
    const auto fd = static_cast<int>(event.data.u64 & 0xffffffffu);
    Watch* watch = find(fd);
    // Gone, or the number is another descriptor's since this round began.
    if (watch == nullptr || watch->generation != event.data.u64 >> 32) return;
    watch->handler(to_ready(event.events));
  }

  void bury() {
    // By index: the destructor of what a handler captured may remove further watches.
    for (std::size_t i = 0; i < removed.size(); ++i) {
      std::unique_ptr<Watch> watch = std::move(removed[i]);
      watch->handler = nullptr;
      spare.push_back(std::move(watch));
    }
    removed.clear();
  }
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  LEVI_CHECK(impl_->epoll && impl_->stop_event);
  watch(impl_->stop_event.get(), kReadable, [this](std::uint32_t) {
    std::uint64_t count = 0;
    (void)!::read(impl_->stop_event.get(), &count, sizeof count);
  });
}

Loop::~Loop() { LEVI_CHECK(impl_->depth == 0); }

void Loop::watch(int fd, std::uint32_t interest, Handler handler) {
  LEVI_CHECK(fd >= 0 && impl_->find(fd) == nullptr);
  const auto index = static_cast<std::size_t>(fd);
  if (index >= impl_->watches.size()) impl_->watches.resize(index + 1);
  std::unique_ptr<Watch> watch;
  if (impl_->spare.empty()) {
    watch = std::make_unique<Watch>();
  } else {
    watch = std::move(impl_->spare.back());
    impl_->spare.pop_back();
  }
  watch->handler = std::move(handler);
  watch->interest = interest;
  watch->generation = ++impl_->generation;
  impl_->control(EPOLL_CTL_ADD, fd, *watch);
  impl_->watches[index] = std::move(watch);
}

void Loop::change(int fd, std::uint32_t interest) {
  Watch* watch = impl_->find(fd);
  LEVI_CHECK(watch != nullptr);
  if (watch->interest == interest) return;
  watch->interest = interest;
  impl_->control(EPOLL_CTL_MOD, fd, *watch);
}

void Loop::unwatch(int fd) {
  Watch* watch = impl_->find(fd);
  LEVI_CHECK(watch != nullptr);
  impl_->control(EPOLL_CTL_DEL, fd, *watch);
  impl_->removed.push_back(std::move(impl_->watches[static_cast<std::size_t>(fd)]));
  if (impl_->depth == 0) impl_->bury();
}

Loop::TimerId Loop::at(MonoTime deadline, Task task) {
  return impl_->timers.add(deadline, std::move(task));
}

Loop::TimerId Loop::after(Nanos delay, Task task) {
  // The clock itself, not the round's time: a long handler would otherwise shorten the delay.
  return impl_->timers.add(mono_now() + delay, std::move(task));
}

void Loop::cancel(TimerId id) { impl_->timers.cancel(id); }

void Loop::each_round(Task task) { impl_->round_tasks.push_back(std::move(task)); }

bool Loop::run_once(Nanos timeout_max) {
  Impl& impl = *impl_;
  Nanos timeout = timeout_max;
  if (!impl.timers.empty()) timeout = std::min(timeout, impl.timers.next() - mono_now());
  if (impl.stopping) timeout = Nanos{0};
  epoll_event events[kEventsPerRound];
  const int count = wait_for_events(impl.epoll.get(), events, timeout);
  LEVI_CHECK(count >= 0 || errno == EINTR);
  impl.now = mono_now();
  ++impl.depth;
  for (int i = 0; i < count; ++i) impl.dispatch(events[i]);
  // After the descriptors: an answer that came in the same round as its time-out wins.
  const bool fired = impl.timers.run_due(impl.now);
  for (std::size_t i = 0; i < impl.round_tasks.size(); ++i) impl.round_tasks[i]();
  if (--impl.depth == 0) impl.bury();
  return count > 0 || fired;
}

void Loop::run() { run_until(kNever); }

void Loop::run_until(MonoTime deadline) {
  while (!impl_->stopping) {
    const Nanos left = deadline - mono_now();
    if (left <= Nanos{0}) break;
    run_once(std::min<Nanos>(left, 3600s));
  }
  // Reset on the way out, not in: a stop that comes before the run must not be lost.
  impl_->stopping = false;
}

void Loop::stop() {
  impl_->stopping = true;
  const std::uint64_t one = 1;
  (void)!::write(impl_->stop_event.get(), &one, sizeof one);
}

MonoTime Loop::now() const { return impl_->depth > 0 ? impl_->now : mono_now(); }

Waker::Waker(Loop& loop, Loop::Task on_wake)
    : loop_(loop), fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  LEVI_CHECK(fd_);
  loop_.watch(fd_.get(), kReadable, [fd = fd_.get(), task = std::move(on_wake)](std::uint32_t) {
    std::uint64_t count = 0;
    (void)!::read(fd, &count, sizeof count);
    task();
  });
}

Waker::~Waker() { loop_.unwatch(fd_.get()); }

void Waker::wake() const {
  const std::uint64_t one = 1;
  (void)!::write(fd_.get(), &one, sizeof one);
}

}  // namespace levi::os
