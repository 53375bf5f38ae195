// The persist thread: when it writes snapshots.
#include "core/levid/persist.h"

#include "tests/levid/trading_rig.h"

namespace levi::levid {
namespace {

constexpr int kRecords = 10'001;  // more than a start may replay without a snapshot

PersistOptions options_of(const test::TradingRig& rig) {
  PersistOptions options;
  options.paths = rig.startup->journal_paths;
  options.journal = rig.startup->journal_options;
  options.store = store_path(rig.config);
  options.snapshot_every = 24h;
  return options;
}

void append(test::TradingRig& rig, int records) {
  const machine::Event second = machine::Timer{};
  const Instant now = os::wall_now();
  for (int i = 0; i < records; ++i) {
    ASSERT_NE(
        rig.startup->writer.append(machine::event_type(second), machine::event_bytes(second), now)
            .value,
        0u);
  }
}

std::size_t snapshots(const test::TradingRig& rig) {
  return journal::list_snapshots(rig.startup->journal_paths).value().size();
}

TEST(Persist, ACoreThatNeverLivesForLongStillSnapshotsWhatItReplayed) {
  test::TradingRig rig;
  ASSERT_NO_FATAL_FAILURE(append(rig, kRecords));
  PersistOptions options = options_of(rig);
  options.replayed_to = rig.startup->writer.last();
  auto persist = Persist::start(options, rig.startup->writer.ring(), rig.status);
  ASSERT_TRUE(persist) << persist.error().text();
  EXPECT_TRUE(rig.wait([&] { return snapshots(rig) == 1; }));
  persist.value()->stop();
  EXPECT_EQ(snapshots(rig), 1u) << "nothing is new since";
}

TEST(Persist, LeavesASnapshotAtACleanStop) {
  test::TradingRig rig;
  PersistOptions options = options_of(rig);
  options.replayed_to = {~std::uint64_t{0}};
  auto persist = Persist::start(options, rig.startup->writer.ring(), rig.status);
  ASSERT_TRUE(persist) << persist.error().text();
  ASSERT_NO_FATAL_FAILURE(append(rig, kRecords));
  ASSERT_TRUE(rig.wait([&] { return rig.status.journal_durable.load() >= kRecords; }));
  EXPECT_EQ(snapshots(rig), 0u);
  persist.value()->stop();
  EXPECT_EQ(snapshots(rig), 1u);
}

}  // namespace
}  // namespace levi::levid
