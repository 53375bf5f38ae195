// The limit of a takeover: SIGKILL a process -> its pidfd is readable -> futex wake of a waiting
// process -> that runs.
//
// No memory to hand over, no decision, no journal: nothing but the kernel's share. The victim is as
// small as a fork of this static program is; its death is what levid's engine costs too.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "bench/limits/limit.h"

namespace {

using namespace levi::limit;

struct Page {
  Word go{0};   // round to run
  Word ran{0};  // round that ran
  std::atomic<std::int64_t> ran_ns{0};
};

constexpr std::int64_t kSettle =
    1'000'000;  // until everyone sleeps: the victim in pause, the waiter in its futex

}  // namespace

int main(int argc, char** argv) {
  Page& page = shared<Page>();
  fork_child([&page] {
    for (std::uint32_t round = 0;; ++round) {
      wait_while(page.go, round);
      page.ran_ns.store(now_ns(), std::memory_order_relaxed);
      page.ran.store(round + 1, std::memory_order_release);
      wake(page.ran);
    }
  });
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::uint32_t round = 0;
  return run("standby_wake", 300, argc, argv, [&] {
    const pid_t victim = fork_child([] {
      for (;;) pause();
    });
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, victim, 0));
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(epoll, EPOLL_CTL_ADD, pidfd, &event);
    rest(kSettle);
    const std::int64_t begin = now_ns();
    kill(victim, SIGKILL);
    while (epoll_wait(epoll, &event, 1, -1) != 1) {
    }
    page.go.store(round + 1, std::memory_order_release);
    wake(page.go);
    wait_while(page.ran, round);
    ++round;
    close(pidfd);
    waitpid(victim, nullptr, 0);
    return page.ran_ns.load(std::memory_order_relaxed) - begin;
  });
}
