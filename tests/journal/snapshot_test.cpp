// Snapshots and retention.
#include <gtest/gtest.h>

#include "tests/journal/support.h"

namespace levi::journal {
namespace {

namespace fs = std::filesystem;
using namespace test;  // NOLINT: the fixtures of this folder

std::string snapshot_file(const JournalFolder& folder, std::uint64_t at) {
  char name[64];
  std::snprintf(name, sizeof name, "/snapshot-%020llu.snap", static_cast<unsigned long long>(at));
  return folder.paths.segments + name;
}

struct Running : JournalFolder {
  Writer writer;
  Persister persister;
  Running() : writer(open_writer(*this)), persister(open_persister(*this)) {}
  void go_to(std::uint64_t record) {
    append(writer, record - writer.last().value);
    persist_all(persister);
  }
  void snapshot(std::uint64_t at) {
    const Status written = persister.write_snapshot(1, {at}, "state at " + std::to_string(at));
    LEVI_CHECK(written);
  }
};

TEST(Snapshot, ReplayBeginsBehindTheNewest) {
  Running folder;
  folder.go_to(100);
  folder.snapshot(60);
  folder.snapshot(90);
  append(folder.writer, 20);
  for (const bool rebooted : {false, true}) {
    if (rebooted) folder.reboot();
    const Replayed seen = replay_all(folder);
    ASSERT_TRUE(seen.result) << seen.result.error().text();
    EXPECT_EQ(seen.snapshot, "state at 90");
    EXPECT_EQ(seen.result.value().snapshot, RecordSequence{90});
    EXPECT_EQ(seen.first, 91u);
    EXPECT_EQ(seen.last, rebooted ? 100u : 120u);
    EXPECT_TRUE(seen.whole);
  }
}

TEST(Snapshot, ADamagedOneIsPassedOverForTheOneBefore) {
  for (const std::uint64_t offset : {0u, 9u, 30u, 60u, 64u, 70u}) {
    SCOPED_TRACE(offset);
    Running folder;
    folder.go_to(100);
    folder.snapshot(60);
    folder.snapshot(90);
    flip_bit(snapshot_file(folder, 90), offset);
    const Replayed seen = replay_all(folder);
    ASSERT_TRUE(seen.result) << seen.result.error().text();
    EXPECT_EQ(seen.snapshot, "state at 60");
    EXPECT_EQ(seen.result.value().snapshots_refused, 1u);
    EXPECT_EQ(seen.last, 100u);
    EXPECT_TRUE(seen.whole);
  }
}

TEST(Snapshot, AShortOneIsPassedOverToo) {
  Running folder;
  folder.go_to(100);
  folder.snapshot(90);
  for (const std::size_t size : {70u, 64u, 10u, 0u}) {
    fs::resize_file(snapshot_file(folder, 90), size);
    const Replayed seen = replay_all(folder);
    ASSERT_TRUE(seen.result);
    EXPECT_EQ(seen.first, 1u);
    EXPECT_EQ(seen.last, 100u);
  }
}

TEST(Snapshot, OneThatTheMachineRefusesIsPassedOver) {
  Running folder;
  folder.go_to(100);
  folder.snapshot(90);
  ReplayHandlers handlers;
  std::uint64_t records = 0;
  handlers.on_snapshot = [](std::uint32_t, RecordSequence, std::string_view) -> Status {
    return error(ErrorCode::kUnsupported, "an older machine");
  };
  handlers.on_record = [&](const Record&) {
    ++records;
    return ok();
  };
  const auto replayed = replay(folder.paths, folder.options, handlers);
  ASSERT_TRUE(replayed);
  EXPECT_EQ(records, 100u);
  EXPECT_EQ(replayed.value().snapshots_refused, 1u);
}

TEST(Snapshot, OneAheadOfTheWatermarkIsRefused) {
  Running folder;
  folder.go_to(100);
  append(folder.writer, 10);
  const Status written = folder.persister.write_snapshot(1, {105}, "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kInvalid);
}

TEST(Snapshot, SegmentsGoOnlyWhenTwoSnapshotsMakeThemUnnecessary) {
  Running folder;
  folder.go_to(3000);
  folder.snapshot(2500);
  EXPECT_TRUE(fs::exists(folder.segment(1)));  // one alone may be damaged
  folder.snapshot(2900);
  EXPECT_FALSE(fs::exists(folder.segment(1)));
  folder.snapshot(3000);
  EXPECT_FALSE(fs::exists(snapshot_file(folder, 2500)));
  EXPECT_TRUE(fs::exists(snapshot_file(folder, 2900)));
  flip_bit(snapshot_file(folder, 3000), 66);
  const Replayed seen = replay_all(folder);
  ASSERT_TRUE(seen.result) << seen.result.error().text();
  EXPECT_EQ(seen.snapshot, "state at 2900");
  EXPECT_EQ(seen.last, 3000u);
}

TEST(Snapshot, TheNewestSegmentsAreKeptHoweverManySnapshotsThereAre) {
  Running folder;
  folder.options.segments_kept_min = 3;
  folder.persister = open_persister(folder);
  folder.go_to(5000);
  folder.snapshot(4990);
  folder.snapshot(5000);
  std::size_t segments = 0;
  for (const auto& entry : fs::directory_iterator(folder.paths.segments)) {
    segments += entry.path().extension() == ".log" ? 1 : 0;
  }
  EXPECT_EQ(segments, 3u);
}

TEST(Snapshot, WithoutAnyThatCanBeUsedTheErrorSaysWhy) {
  Running folder;
  folder.go_to(3000);
  folder.snapshot(2900);
  folder.snapshot(3000);
  flip_bit(snapshot_file(folder, 2900), 66);
  flip_bit(snapshot_file(folder, 3000), 66);
  folder.reboot();
  const Replayed seen = replay_all(folder);
  ASSERT_FALSE(seen.result);
  EXPECT_EQ(seen.result.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(seen.result.error().message.find("begins at record"), std::string::npos);
  EXPECT_NE(seen.result.error().message.find("snapshot 2900"), std::string::npos);
  EXPECT_NE(seen.result.error().message.find("body's CRC"), std::string::npos);
}

TEST(Snapshot, ReadsBackWhatWasWritten) {
  Running folder;
  folder.go_to(10);
  std::string body(100'000, '\0');
  Random random(1);
  for (char& c : body) c = static_cast<char>(random.next());
  ASSERT_TRUE(folder.persister.write_snapshot(7, {10}, body));
  const auto snapshots = list_snapshots(folder.paths);
  ASSERT_TRUE(snapshots);
  ASSERT_EQ(snapshots.value(), (std::vector<RecordSequence>{{10}}));
  const auto snapshot = read_snapshot(folder.paths, {10});
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot.value().body, body);
  EXPECT_EQ(snapshot.value().machine_version, 7u);
  EXPECT_EQ(snapshot.value().instant, instant_of(10));
}

TEST(Snapshot, LeftoversOfAPredecessorThatDiedHalfWayAreRemoved) {
  Running folder;
  folder.go_to(10);
  const std::string leftover = folder.paths.segments + "/segment-00000002.log.tmp";
  fs::copy_file(folder.segment(1), leftover);
  open_persister(folder);
  EXPECT_FALSE(fs::exists(leftover));
}

}  // namespace
}  // namespace levi::journal
