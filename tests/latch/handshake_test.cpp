// The handshake between a gateway and killers that live in different processes
// (docs/kill-latch.md).
//
// The sender's "venue" is an array in shared memory: what stands there was sent. The killer seals
// at random moments and looks at it: no entry above S, at no time; and once drained, no entry that
// was not there when the seal returned.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <new>
#include <vector>

#include "core/base/random.h"
#include "tests/latch/support.h"

namespace levi::latch {
namespace {

using test::Forked;
using test::open_latch;
using test::Signal;
using test::TempFolder;

constexpr Instant kWall{1};
constexpr std::size_t kVenueSlots = 1 << 16;
constexpr std::uint64_t kSealsWithFlow =
    200'000;  // orders left while the seal was on its way: these are the test
constexpr std::uint64_t kSealsMax = 3'000'000;
constexpr std::uint64_t kSeed = 20261121;

struct Venue {
  std::atomic<std::uint64_t> orders{0};  // how many; the newest is at (orders - 1) mod kVenueSlots
  std::atomic<std::uint64_t> rounds{0};
  std::atomic<bool> stop{false};
  std::array<std::atomic<std::uint64_t>, kVenueSlots> sequences{};

  void accept(std::uint64_t sequence) {
    const std::uint64_t count = orders.load(std::memory_order_relaxed);
    sequences[count % kVenueSlots].store(sequence, std::memory_order_relaxed);
    orders.store(count + 1, std::memory_order_release);
  }
  std::uint64_t newest() const {
    const std::uint64_t count = orders.load(std::memory_order_acquire);
    return count == 0 ? 0 : sequences[(count - 1) % kVenueSlots].load(std::memory_order_relaxed);
  }
};

// The scheduler may keep both processes on one CPU, where nothing is concurrent. False where there
// is only one.
bool run_on_cpu(int ordinal) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) return false;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || ordinal-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0;
  }
  return false;
}

template <class T>
T* shared() {
  void* memory =
      mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  LEVI_CHECK(memory != MAP_FAILED);
  return new (memory) T;
}

int send_for_ever(const TempFolder& folder, Venue& venue, const Signal& ready) {
  run_on_cpu(1);
  Latch latch = open_latch(folder);
  ready.give();
  for (std::uint64_t sequence = 1; !venue.stop.load(std::memory_order_relaxed); ++sequence) {
    const bool open = latch.begin_send(sequence);
    if (open) {
      venue.accept(sequence);
      latch.end_send(sequence, true);
    }
    venue.rounds.fetch_add(1, std::memory_order_relaxed);
  }
  return 0;
}

struct Counts {
  std::uint64_t seals = 0, above = 0, late = 0, undrained = 0, with_flow = 0;
};

void spin(std::uint64_t rounds) {
  for (; rounds > 0; --rounds) __asm__ volatile("");
}

void seal_once(Latch& latch, const Venue& venue, Random& random, Counts& counts) {
  spin(random.below(200));
  const std::uint64_t before = venue.orders.load();
  const Sealed sealed = latch.seal(Holder::kOperator, "killer", "now", kWall, 200us);
  const std::uint64_t orders = venue.orders.load();
  if (!sealed.in_flight_zero) ++counts.undrained;
  spin(random.below(200));
  if (sealed.in_flight_zero && venue.orders.load() != orders) ++counts.late;
  LEVI_CHECK(latch.wait_drained(30s));
  if (venue.newest() > sealed.sequence) ++counts.above;
  if (orders != before) ++counts.with_flow;
  LEVI_CHECK(latch.release(Holder::kOperator, 0));
  ++counts.seals;
}

int kill_often(const TempFolder& folder, Venue& venue) {
  const bool parallel = run_on_cpu(0);
  auto latch = Latch::attach(latch_path(folder.path()));
  LEVI_CHECK(latch);
  Random random(kSeed);
  Counts counts;
  while (counts.seals < kSealsMax && counts.with_flow < kSealsWithFlow) {
    seal_once(latch.value(), venue, random, counts);
  }
  venue.stop.store(true);
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "%llu seals, %llu of them with orders on their way, against %llu attempts and %llu orders; "
      "%llu undrained\n",
      number(counts.seals), number(counts.with_flow), number(venue.rounds.load()),
      number(venue.orders.load()), number(counts.undrained));
  std::fflush(stdout);
  EXPECT_EQ(counts.above, 0u) << "orders above S";
  EXPECT_EQ(counts.late, 0u) << "orders after a drained seal had returned";
  EXPECT_GT(counts.with_flow, parallel ? 1000u : 0u) << "no contention: the check proves nothing";
  return testing::Test::HasFailure() ? 1 : 0;
}

TEST(LatchHandshake, NothingAboveSAndNothingAfterTheSealUnderContention) {
  const TempFolder folder(test::kTmpfs);
  const Signal ready;
  Venue* venue = shared<Venue>();
  Forked sender([&] { return send_for_ever(folder, *venue, ready); });
  ASSERT_TRUE(ready.take());
  Forked killer([&] { return kill_often(folder, *venue); });
  EXPECT_TRUE(killer.exited_with(0));
  EXPECT_TRUE(sender.exited_with(0));
}

struct Ledger {
  static constexpr std::size_t kKillers = 4, kSealsEach = 20'000;
  std::array<std::array<std::atomic<std::uint64_t>, kSealsEach>, kKillers> epochs{};
};

int seal_often(const std::string& path, Ledger& ledger, std::size_t killer) {
  auto latch = Latch::attach(path);
  if (!latch) return 1;
  const std::string actor = "killer" + std::to_string(killer);
  for (auto& epoch : ledger.epochs[killer]) {
    const Sealed sealed = latch.value().seal(Holder::kOperator, actor, actor, kWall, 0ns);
    if (!sealed.word.held_by(Holder::kOperator)) return 2;
    epoch.store(sealed.word.epoch());
    const Slot slot = latch.value().slot(Holder::kOperator);  // another's, or ours; never a mixture
    if (slot.actor != slot.reason) return 3;
  }
  return 0;
}

TEST(LatchHandshake, KillersThatSealAtOnceEachGetTheirOwnEpochAndNoTextIsMixed) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  Ledger* ledger = shared<Ledger>();
  {
    std::vector<std::unique_ptr<Forked>> killers;
    for (std::size_t i = 0; i < Ledger::kKillers; ++i) {
      killers.push_back(
          std::make_unique<Forked>([&, i] { return seal_often(latch.path(), *ledger, i); }));
    }
    for (auto& killer : killers) EXPECT_TRUE(killer->exited_with(0));
  }
  std::vector<std::uint64_t> epochs;
  for (const auto& mine : ledger->epochs) {
    for (const auto& epoch : mine) epochs.push_back(epoch.load());
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end(),
                               [](const auto& a, const auto& b) { return a.load() < b.load(); }));
  }
  std::sort(epochs.begin(), epochs.end());
  EXPECT_EQ(std::adjacent_find(epochs.begin(), epochs.end()), epochs.end());
  EXPECT_EQ(epochs.back(), latch.load().epoch());
  EXPECT_EQ(epochs.size(), Ledger::kKillers * Ledger::kSealsEach);
}

}  // namespace
}  // namespace levi::latch
