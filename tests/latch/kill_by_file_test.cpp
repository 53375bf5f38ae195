// `levictl kill`'s way by file against a gateway that is alive, stopped, frozen in its section, or
// dead.
#include <gtest/gtest.h>

#include "core/os/process.h"
#include "tests/latch/support.h"

namespace levi::latch {
namespace {

using test::Forked;
using test::open_latch;
using test::Signal;
using test::TempFolder;

constexpr Instant kDrillAt{1};
constexpr Nanos kFenceAfter = 20ms;

Result<FileKill> kill_it(const TempFolder& folder, bool may_fence = true) {
  return kill_by_file(latch_path(folder.path()), Holder::kOperator, "ann", "drill", kDrillAt,
                      kFenceAfter, may_fence);
}

struct Gateway {
  const TempFolder folder{test::kTmpfs};
  const Signal ready, go, sent;

  // Sends sequence 7, stops itself inside its section, then tries sequence 8.
  int stop_inside() const {
    Latch latch = open_latch(folder);
    if (!latch.begin_send(7)) return 1;
    raise(SIGSTOP);
    sent.give();
    latch.end_send(7, true);
    return latch.begin_send(8) ? 2 : 0;
  }
};

TEST(KillByFile, AStoppedGatewayInsideItsSectionIsFenced) {
  const Gateway gateway;
  Forked child([&] { return gateway.stop_inside(); });
  ASSERT_TRUE(child.wait_stopped());
  const auto killed = kill_it(gateway.folder);
  ASSERT_TRUE(killed) << killed.error().text();
  EXPECT_EQ(killed.value().fence, Fence::kFenced);
  EXPECT_EQ(killed.value().sealed.sequence, 7u);
  EXPECT_EQ(killed.value().gateway.pid, child.pid());
  EXPECT_TRUE(child.killed_by(SIGKILL));
  EXPECT_EQ(gateway.sent.take(0), std::nullopt);
}

TEST(KillByFile, WithoutFencingItStaysAndSendsAtMostTheOneOrder) {
  const Gateway gateway;
  Forked child([&] { return gateway.stop_inside(); });
  ASSERT_TRUE(child.wait_stopped());
  const auto killed = kill_it(gateway.folder, false);
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed.value().fence, Fence::kUndrained);
  EXPECT_EQ(killed.value().sealed.sequence, 7u);
  ASSERT_TRUE(child.runs());
  child.signal(SIGCONT);
  EXPECT_TRUE(gateway.sent.take());   // 7 leaves: it is not above S
  EXPECT_TRUE(child.exited_with(0));  // 8 was refused
}

TEST(KillByFile, ADeadGatewayIsDrained) {
  const TempFolder folder(test::kTmpfs);
  Forked child([&] {
    Latch latch = open_latch(folder);
    latch.begin_send(9);
    raise(SIGKILL);
    return 1;
  });
  ASSERT_TRUE(child.killed_by(SIGKILL));
  const auto killed = kill_it(folder);
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed.value().fence, Fence::kGatewayDead);
  EXPECT_EQ(killed.value().sealed.sequence, 9u);
  EXPECT_TRUE(Latch::attach(latch_path(folder.path())).value().load().sealed());
}

TEST(KillByFile, AGatewayStoppedOutsideItsSectionIsLeftAlone) {
  const TempFolder folder(test::kTmpfs);
  Forked child([&] {
    Latch latch = open_latch(folder);
    raise(SIGSTOP);
    return latch.begin_send(1) ? 1 : 0;
  });
  ASSERT_TRUE(child.wait_stopped());
  const auto killed = kill_it(folder);
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed.value().fence, Fence::kDrained);
  ASSERT_TRUE(child.runs());
  child.signal(SIGCONT);
  EXPECT_TRUE(child.exited_with(0));
}

TEST(KillByFile, AGatewayThatIsOnlySlowIsNotKilled) {
  const Gateway gateway;
  Forked child([&] {
    Latch latch = open_latch(gateway.folder);
    if (!latch.begin_send(4)) return 1;
    gateway.ready.give();
    while (!gateway.go.take(0)) {  // runnable all the time, like one that is starved of its CPU
    }
    latch.end_send(4, true);
    return 0;
  });
  ASSERT_TRUE(gateway.ready.take());
  const auto killed = kill_it(gateway.folder);
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed.value().fence, Fence::kUndrained);
  EXPECT_EQ(killed.value().sealed.sequence, 4u);
  ASSERT_TRUE(child.runs());
  gateway.go.give();
  EXPECT_TRUE(child.exited_with(0));
}

TEST(KillByFile, AnotherProcessWithTheGatewaysPidIsNotTouched) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  ASSERT_TRUE(latch.begin_send(2));
  latch.set_gateway({getpid(), os::identify_self().start_ticks + 1});
  const auto killed = kill_it(folder);  // would kill this test
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed.value().fence, Fence::kGatewayDead);
}

TEST(KillByFile, SealsEvenWhereTheGatewayIsUnknown) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  ASSERT_TRUE(latch.begin_send(2));
  latch.set_gateway({});
  const auto killed = kill_it(folder);
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed.value().fence, Fence::kUndrained);
  EXPECT_TRUE(latch.load().sealed());
}

}  // namespace
}  // namespace levi::latch
