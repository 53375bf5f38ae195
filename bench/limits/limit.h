// What the limit programs share. They use bare system calls only: what they measure is what the
// platform can do at best.
//
// Without arguments a limit program prints one line, {"limit":NAME,"ns_p50":N,"ns_p99":N}. With
// `--raw COUNT` it prints COUNT samples, one number of nanoseconds a line. With `--ask IN OUT` it
// reads 32-bit counts from one descriptor and writes that many 64-bit samples to the other, for a
// bench program that takes turns with it.
#pragma once

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace levi::limit {

inline std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

inline void rest(std::int64_t ns) {
  const timespec time{ns / 1'000'000'000, static_cast<long>(ns % 1'000'000'000)};
  nanosleep(&time, nullptr);
}

using Word = std::atomic<std::uint32_t>;

inline void wait_while(Word& word, std::uint32_t value) {
  while (word.load(std::memory_order_acquire) == value) {
    syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAIT, value, nullptr, nullptr,
            0);
  }
}

inline void wake(Word& word) {
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE, INT_MAX, nullptr, nullptr,
          0);
}

template <class T>
T& shared() {
  void* memory = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) std::exit(1);
  return *new (memory) T{};
}

// A child that runs `body` and dies with us.
template <class Body>
pid_t fork_child(Body body) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) std::exit(1);
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  body();
  _exit(0);
}

// Until nobody asks any more.
template <class Sample>
int answer(int in, int out, Sample sample) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::int32_t count = 0;
  while (read(in, &count, sizeof count) == sizeof count) {
    for (; count > 0; --count) {
      const std::int64_t ns = sample();
      if (write(out, &ns, sizeof ns) != sizeof ns) return 1;
    }
  }
  return 0;
}

// Runs `sample` (-> ns) as often as asked for and prints what the header says. Returns main's exit
// code.
template <class Sample>
int run(const char* name, int count_default, int argc, char** argv, Sample sample) {
  const bool raw = argc == 3 && std::strcmp(argv[1], "--raw") == 0;
  const int count = raw ? std::atoi(argv[2]) : count_default;
  const bool asked = argc == 4 && std::strcmp(argv[1], "--ask") == 0;
  if ((argc != 1 && !raw && !asked) || count < 1) {
    std::fprintf(stderr, "usage: %s [--raw COUNT | --ask IN OUT]\n", argv[0]);
    return 2;
  }
  constexpr int kWarmUp = 10;
  for (int i = 0; i < kWarmUp; ++i) sample();
  if (asked) return answer(std::atoi(argv[2]), std::atoi(argv[3]), sample);
  std::vector<std::int64_t> samples;
  for (int i = 0; i < count; ++i) samples.push_back(sample());
  if (raw) {
    for (const std::int64_t ns : samples) std::printf("%lld\n", static_cast<long long>(ns));
    return 0;
  }
  std::sort(samples.begin(), samples.end());
  std::printf("{\"limit\":\"%s\",\"ns_p50\":%lld,\"ns_p99\":%lld}\n", name,
              static_cast<long long>(samples[samples.size() / 2]),
              static_cast<long long>(samples[samples.size() * 99 / 100]));
  return 0;
}

}  // namespace levi::limit
