// The slot protocol between the trading thread and those that abort.
#include "core/venue/order_sockets.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <vector>

#include "core/base/check.h"
#include "core/os/clock.h"
#include "core/os/process.h"
#include "core/os/thread.h"

namespace levi::venue {
namespace {

std::array<os::Fd, 2> socket_pair() {
  auto pair = os::make_socket_pair();
  LEVI_CHECK(pair);
  return {std::move(pair.value().first), std::move(pair.value().second)};
}

bool carries_a_byte(const std::array<os::Fd, 2>& pair) {
  char byte = 'x';
  return ::send(pair[0].get(), &byte, 1, MSG_NOSIGNAL) == 1 &&
         ::recv(pair[1].get(), &byte, 1, MSG_DONTWAIT) == 1;
}

TEST(OrderSockets, AbortsEveryOpenConnectionAndRemembersIt) {
  OrderSockets sockets;
  auto one = socket_pair();
  auto two = socket_pair();
  const auto first = sockets.add(std::move(one[0]));
  const auto second = sockets.add(std::move(two[0]));
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(sockets.was_aborted(*first));
  EXPECT_EQ(sockets.abort_all(), 2u);
  EXPECT_TRUE(sockets.was_aborted(*first) && sockets.was_aborted(*second));
  char byte;
  EXPECT_EQ(::recv(one[1].get(), &byte, 1, MSG_DONTWAIT), 0);
}

TEST(OrderSockets, AClosedSlotIsNotAbortedAndTakesTheNextDescriptor) {
  OrderSockets sockets;
  auto one = socket_pair();
  const auto first = sockets.add(std::move(one[0]));
  sockets.close(*first);
  EXPECT_EQ(sockets.abort_all(), 0u);
  auto two = socket_pair();
  EXPECT_EQ(sockets.add(std::move(two[0])), first);
  EXPECT_FALSE(sockets.was_aborted(*first));
}

TEST(OrderSockets, RefusesMoreThanItHasSlotsFor) {
  OrderSockets sockets;
  std::vector<os::Fd> others;
  for (std::size_t i = 0; i < OrderSockets::kSlots; ++i) {
    auto pair = socket_pair();
    ASSERT_TRUE(sockets.add(std::move(pair[0])));
    others.push_back(std::move(pair[1]));
  }
  auto pair = socket_pair();
  EXPECT_FALSE(sockets.add(std::move(pair[0])));
}

// The numbers of closed descriptors are taken at once by other sockets: no abort may ever hit
// those.
TEST(OrderSockets, NeverAbortsADescriptorThatWasClosedAndGivenToAnother) {
  OrderSockets sockets;
  std::atomic<bool> over{false};
  std::atomic<unsigned> aborted{0};
  std::vector<os::Thread> aborters;
  for (int i = 0; i < 2; ++i) {
    aborters.push_back(os::start_thread("abort", [&] {
      while (!over.load()) aborted += sockets.abort_all();
    }));
  }
  unsigned broken = 0;
  const MonoTime deadline = os::mono_now() + 20s;
  constexpr unsigned kRounds = 20'000;
  constexpr unsigned kMeetingEvery = 200;  // by chance alone, a busy machine has too few
  for (unsigned round = 0; round < kRounds; ++round) {
    auto order = socket_pair();
    const unsigned before = aborted.load();
    const auto slot = sockets.add(std::move(order[0]));
    ASSERT_TRUE(slot);
    while (round % kMeetingEvery == 0 && aborted.load() == before && os::mono_now() < deadline) {
      sched_yield();
    }
    sockets.close(*slot);
    const auto bystander = socket_pair();  // takes the freed numbers
    broken += carries_a_byte(bystander) ? 0 : 1;
  }
  over = true;
  for (auto& thread : aborters) thread.join();
  EXPECT_EQ(broken, 0u);
  EXPECT_GE(aborted.load(), kRounds / kMeetingEvery) << "no abort met an open slot: nothing tried";
}

}  // namespace
}  // namespace levi::venue
