// A disk that takes no more: trading halts, /health says why, the kill still works, and once the
// disk can be written again nothing has been lost.
#include <signal.h>

#include "tests/integration/accounts.h"
#include "tests/integration/lone_core.h"
#include "tests/support/failing_disk.h"

namespace levi::test {
namespace {

class FullDiskTest : public LoneCoreTest {
 protected:
  // levid's data on a disk of its own.
  void data_on(const std::string& disk) {
    stage_.data = disk + "/data";
    write_files();
  }
  void trade();
  void expect_halted_by_the_journal();
  void expect_the_kill_to_work();
  void expect_nothing_lost(LedgerReader& ledger);
};

void FullDiskTest::trade() {
  ASSERT_NO_FATAL_FAILURE(start_exchange());
  ASSERT_NO_FATAL_FAILURE(start_ready_levid());
  ASSERT_TRUE(ready());
  ASSERT_NO_FATAL_FAILURE(open_latch());
}

void FullDiskTest::expect_halted_by_the_journal() {
  ASSERT_TRUE(eventually([&] { return latch()["sealed"].get<bool>(); }, 60s)) << latch().dump();
  EXPECT_EQ(latch()["holders"][0]["holder"], "journal") << latch().dump();
  EXPECT_TRUE(eventually(
      [&] { return control("GET", "/live/status").body.value("trading_state", "") == "HALTED"; }));
  EXPECT_TRUE(eventually([&] { return component("journal")["status"] == "unhealthy"; }))
      << component("journal").dump();
}

void FullDiskTest::expect_the_kill_to_work() {
  const Answer killed = control("POST", "/live/kill?reason=test&actor=test");
  EXPECT_EQ(killed.status, 200) << killed.text;
  EXPECT_TRUE(killed.body.value("sealed", false));
  EXPECT_EQ(api("POST", "/live/kill?reason=test&actor=test").status, 200);
  EXPECT_TRUE(eventually([&] { return witness().open_orders() == 0; }));
  const std::uint64_t arrival = witness().last_arrival();
  ASSERT_TRUE(witness().market_moves(100));
  EXPECT_EQ(witness().accepted_after(arrival), 0u);
  EXPECT_TRUE(levid_.runs());
}

// The disk is as it should be: opened again, it trades, and everything is accounted for.
void FullDiskTest::expect_nothing_lost(LedgerReader& ledger) {
  ASSERT_TRUE(eventually([&] { return component("journal")["status"] == "healthy"; }))
      << component("journal").dump();
  ASSERT_NO_FATAL_FAILURE(open_latch());
  ASSERT_TRUE(witness().orders_flow()) << latch().dump();
  ASSERT_TRUE(control("POST", "/live/kill?reason=end&actor=test").body.value("sealed", false));
  ASSERT_TRUE(eventually([&] { return witness().open_orders() == 0; }));
  Accounts(stage_).expect_reconciled(ledger);
}

TEST_F(FullDiskTest, AFullDiskHaltsTradingAsTheJournalTheKillStillWorksAndNothingIsLost) {
  SmallDisk disk(8 << 20);
  if (!disk) GTEST_SKIP() << "mounting a small disk is not permitted here";
  ASSERT_NO_FATAL_FAILURE(data_on(disk.path()));
  std::string config = read_all(config_file());
  config += "journal: {ring_mib: 4, segment_mib: 1, segments_kept: 4, snapshot_every: 10m}\n";
  ASSERT_TRUE(os::write_file_atomic(config_file(), config));
  ASSERT_NO_FATAL_FAILURE(trade());
  // Its own records fill the disk.
  ASSERT_NO_FATAL_FAILURE(expect_halted_by_the_journal());
  ASSERT_NO_FATAL_FAILURE(expect_the_kill_to_work());
  ASSERT_TRUE(disk.resize(256 << 20));
  const Witness exchange = witness();
  LedgerReader ledger(exchange);
  expect_nothing_lost(ledger);
}

TEST_F(FullDiskTest, ADiskThatTurnsReadOnlyUnderFlowHaltsTradingAndNothingIsLost) {
  FailingDisk disk(256 << 20);
  if (!disk) GTEST_SKIP() << "needs root, a loop device and mkfs.ext4";
  ASSERT_NO_FATAL_FAILURE(data_on(disk.path()));
  ASSERT_NO_FATAL_FAILURE(trade());
  ASSERT_TRUE(witness().orders_flow(200));
  ASSERT_TRUE(disk.fail());
  ASSERT_NO_FATAL_FAILURE(expect_halted_by_the_journal());
  ASSERT_NO_FATAL_FAILURE(expect_the_kill_to_work());
  // What the disk did not take is in the ring: repaired, and started again, it is all there.
  ASSERT_TRUE(levid_.child().kill(SIGKILL));
  EXPECT_EQ(end_of_levid(), -1);
  ASSERT_TRUE(eventually([&] { return disk.repair(); })) << "its engines hold a file open";
  ASSERT_NO_FATAL_FAILURE(start_ready_levid());
  ASSERT_TRUE(ready()) << control("GET", "/readyz").text;
  const Witness exchange = witness();
  LedgerReader ledger(exchange);
  expect_nothing_lost(ledger);
}

TEST_F(FullDiskTest, AReadOnlyDataFolderIsNamedAndNothingIsStarted) {
  constexpr std::size_t kBytes = 8 << 20;
  const SmallDisk disk(kBytes);
  if (!disk) GTEST_SKIP() << "mounting a small disk is not permitted here";
  ASSERT_NO_FATAL_FAILURE(data_on(disk.path()));
  ASSERT_TRUE(disk.make_read_only(kBytes));
  start_levid();
  EXPECT_NE(end_of_levid(), 0);
  EXPECT_NE(log().find(stage_.data), std::string::npos) << log();
  EXPECT_NE(log().find("ead-only"), std::string::npos) << log();
  EXPECT_FALSE(os::exists(stage_.runtime + "/kill.latch"));
}

}  // namespace
}  // namespace levi::test
