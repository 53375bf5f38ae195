// A disk that takes no more: trading halts, /health says why, and the kill still works.
#include "tests/integration/lone_core.h"
#include "tests/support/small_disk.h"

namespace levi::test {
namespace {

class FullDiskTest : public LoneCoreTest {
 protected:
  // levid's data on a disk of its own.
  void data_on(const SmallDisk& disk) {
    stage_.data = disk.path() + "/data";
    write_files();
  }
};

TEST_F(FullDiskTest, AFullDiskHaltsTradingAsTheJournalAndTheKillStillWorks) {
  const SmallDisk disk(8 << 20);
  if (!disk) GTEST_SKIP() << "mounting a small disk is not permitted here";
  ASSERT_NO_FATAL_FAILURE(data_on(disk));
  std::string config = read_all(config_file());
  config += "journal: {ring_mib: 4, segment_mib: 1, segments_kept: 4, snapshot_every: 10m}\n";
  ASSERT_TRUE(os::write_file_atomic(config_file(), config));
  ASSERT_NO_FATAL_FAILURE(start_exchange());
  ASSERT_NO_FATAL_FAILURE(start_ready_levid());
  ASSERT_TRUE(ready());
  ASSERT_NO_FATAL_FAILURE(open_latch());
  // Its own records fill the disk.
  ASSERT_TRUE(eventually([&] { return latch()["sealed"].get<bool>(); }, 60s)) << latch().dump();
  EXPECT_EQ(latch()["holders"][0]["holder"], "journal") << latch().dump();
  EXPECT_TRUE(eventually(
      [&] { return control("GET", "/live/status").body.value("trading_state", "") == "HALTED"; }));
  EXPECT_TRUE(eventually([&] { return component("journal")["status"] == "unhealthy"; }))
      << component("journal").dump();
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

TEST_F(FullDiskTest, AReadOnlyDataFolderIsNamedAndNothingIsStarted) {
  constexpr std::size_t kBytes = 8 << 20;
  const SmallDisk disk(kBytes);
  if (!disk) GTEST_SKIP() << "mounting a small disk is not permitted here";
  ASSERT_NO_FATAL_FAILURE(data_on(disk));
  ASSERT_TRUE(disk.make_read_only(kBytes));
  start_levid();
  EXPECT_NE(end_of_levid(), 0);
  EXPECT_NE(log().find(stage_.data), std::string::npos) << log();
  EXPECT_NE(log().find("ead-only"), std::string::npos) << log();
  EXPECT_FALSE(os::exists(stage_.runtime + "/kill.latch"));
}

}  // namespace
}  // namespace levi::test
