// The limit of tick -> intent: a futex wakes another process, which wakes us back. Where the kernel
// puts the two is the kernel's choice, here as in levid; between two trials both sleep, as they do
// between two ticks.
#include "bench/limits/limit.h"

namespace {

using namespace levi::limit;

struct Page {
  alignas(64) Word there{0};
  alignas(64) Word back{0};
};

constexpr std::int64_t kSettle = 200'000;

}  // namespace

int main(int argc, char** argv) {
  Page& page = shared<Page>();
  fork_child([&page] {
    for (std::uint32_t round = 0;; ++round) {
      wait_while(page.there, round);
      page.back.store(round + 1, std::memory_order_release);
      wake(page.back);
    }
  });
  std::uint32_t round = 0;
  return run("futex_roundtrip", 3000, argc, argv, [&] {
    rest(kSettle);
    const std::int64_t begin = now_ns();
    page.there.store(round + 1, std::memory_order_release);
    wake(page.there);
    wait_while(page.back, round);
    ++round;
    return now_ns() - begin;
  });
}
