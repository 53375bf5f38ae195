// The journal as it is used: append, persist, die, replay, go on.
#include "core/journal/journal.h"

#include <gtest/gtest.h>

#include "tests/journal/support.h"

namespace levi::journal {
namespace {

using namespace test;  // NOLINT: the fixtures of this folder

TEST(Journal, AnEmptyFolderReplaysToNothing) {
  JournalFolder folder;
  const Replayed seen = replay_all(folder);
  ASSERT_TRUE(seen.result) << seen.result.error().text();
  EXPECT_EQ(seen.result.value().last.value, 0u);
  EXPECT_FALSE(seen.result.value().ring_found);
}

TEST(Journal, WhatWasAppendedIsReplayedFromTheRingAlone) {
  JournalFolder folder;
  {
    Writer writer = open_writer(folder);
    append(writer, 1000);
  }
  const Replayed seen = replay_all(folder);
  ASSERT_TRUE(seen.result) << seen.result.error().text();
  EXPECT_TRUE(seen.whole);
  EXPECT_EQ(seen.last, 1000u);
  EXPECT_EQ(seen.result.value().records_replayed, 1000u);
  EXPECT_EQ(seen.result.value().last_instant, instant_of(1000));
  EXPECT_TRUE(seen.result.value().ring_found);
  EXPECT_EQ(seen.result.value().records_cut, 0u);
}

TEST(Journal, WhatIsDurableSurvivesARebootAndTheRestIsGone) {
  JournalFolder folder;
  {
    Writer writer = open_writer(folder);
    Persister persister = open_persister(folder);
    append(writer, 700);
    persist_all(persister);
    EXPECT_EQ(persister.durable().value, 700u);
    append(writer, 50);
  }
  folder.reboot();
  const Replayed seen = replay_all(folder);
  ASSERT_TRUE(seen.result) << seen.result.error().text();
  EXPECT_TRUE(seen.whole);
  EXPECT_EQ(seen.last, 700u);
  EXPECT_EQ(seen.result.value().durable.value, 700u);
  EXPECT_FALSE(seen.result.value().ring_found);
}

TEST(Journal, GoesOnThroughManyLivesWithAndWithoutTheRing) {
  JournalFolder folder(64u << 10, 16u << 10);
  std::uint64_t expected = 0;
  Random random(7);
  for (std::uint32_t life = 1; life <= 40; ++life) {
    SCOPED_TRACE(life);
    const Replayed seen = replay_all(folder);
    ASSERT_TRUE(seen.result) << seen.result.error().text();
    ASSERT_TRUE(seen.whole);
    ASSERT_EQ(seen.last, expected);
    Writer writer = open_writer(folder, life);
    Persister persister = open_persister(folder);
    for (std::uint64_t batch = random.below(6); batch > 0; --batch) {
      append(writer, random.below(300));
      persist_all(persister);
    }
    const std::uint64_t durable = persister.durable().value;
    append(writer, random.below(200));
    const bool rebooted = random.below(3) == 0;
    expected = rebooted ? durable : writer.last().value;
    if (rebooted) folder.reboot();
  }
  EXPECT_GT(expected, 5000u);
}

TEST(Journal, WrapsItsRingManyTimesAndFollowersSeeEveryRecord) {
  JournalFolder folder(64u << 10, 1u << 20);
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  auto follower = Follower::open(writer.ring(), {0});
  ASSERT_TRUE(follower);
  std::uint64_t seen = 0;
  for (int round = 0; round < 500; ++round) {
    append(writer, 40);
    persist_all(persister);
    for (;;) {
      const auto record = follower.value().next();
      ASSERT_TRUE(record) << record.error().text();
      if (!record.value()) break;
      ASSERT_TRUE(is_record(*record.value(), ++seen));
    }
  }
  EXPECT_EQ(seen, 20000u);
}

TEST(Journal, AFullRingRefusesAndRecoversWhenItIsPersisted) {
  JournalFolder folder(64u << 10);
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  std::uint64_t appended = 0;
  const std::string body(100, 'x');
  while (writer.append(1, body, {1}).value != 0) ++appended;
  EXPECT_GT(appended, 400u);
  EXPECT_GT(writer.fill(), 0.99);
  EXPECT_EQ(writer.append(1, body, {1}).value, 0u);
  EXPECT_EQ(writer.last().value, appended);
  persist_all(persister);
  EXPECT_EQ(writer.fill(), 0.0);
  EXPECT_EQ(writer.append(1, body, {1}).value, appended + 1);
}

TEST(Journal, ARecordOfEverySizeFitsEverywhereInTheRing) {
  JournalFolder folder(64u << 10, 64u << 10);
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  auto follower = Follower::open(writer.ring(), {0});
  ASSERT_TRUE(follower);
  Random random(3);
  for (std::size_t i = 0; i < 5000; ++i) {
    const std::string body(i < 200 ? i : random.below(kBodyBytesMax + 1), static_cast<char>(i));
    ASSERT_NE(writer.append(9, body, {1}).value, 0u);
    ASSERT_TRUE(persister.run_once());
    const auto record = follower.value().next();
    ASSERT_TRUE(record && record.value());
    ASSERT_EQ(record.value()->body, body);
  }
}

TEST(Journal, StartsASegmentForEachIncarnation) {
  JournalFolder folder;
  for (std::uint32_t life = 1; life <= 3; ++life) {
    Writer writer = open_writer(folder, life);
    Persister persister = open_persister(folder);
    append(writer, 10);
    persist_all(persister);
  }
  for (std::uint32_t number = 1; number <= 3; ++number) {
    EXPECT_TRUE(std::filesystem::exists(folder.segment(number))) << number;
  }
  EXPECT_FALSE(std::filesystem::exists(folder.segment(4)));
}

TEST(Journal, TakesAnotherRingSizeOnceEverythingIsDurable) {
  JournalFolder folder(64u << 10);
  {
    Writer writer = open_writer(folder);
    append(writer, 100);
  }
  folder.options.ring_bytes = 256u << 10;
  {
    Writer writer = open_writer(folder, 2);  // not yet: the ring holds what is nowhere else
    EXPECT_EQ(std::filesystem::file_size(folder.paths.ring), (64u << 10) + 8192);
    Persister persister = open_persister(folder);
    persist_all(persister);
  }
  Writer writer = open_writer(folder, 3);
  EXPECT_EQ(std::filesystem::file_size(folder.paths.ring), (256u << 10) + 8192);
  append(writer, 5);
  EXPECT_EQ(replay_all(folder).last, 105u);
}

TEST(Journal, RecordsCarryTheirIncarnation) {
  JournalFolder folder;
  for (std::uint32_t life = 1; life <= 2; ++life) {
    Writer writer = open_writer(folder, life);
    append(writer, 1);
  }
  std::vector<std::uint32_t> incarnations;
  ReplayHandlers handlers;
  handlers.on_record = [&](const Record& record) {
    incarnations.push_back(record.incarnation.value);
    return ok();
  };
  ASSERT_TRUE(replay(folder.paths, folder.options, handlers));
  EXPECT_EQ(incarnations, (std::vector<std::uint32_t>{1, 2}));
}

TEST(Journal, AHandlersErrorNamesFileOffsetAndRecord) {
  JournalFolder folder;
  {
    Writer writer = open_writer(folder);
    append(writer, 3);
  }
  ReplayHandlers handlers;
  handlers.on_record = [&](const Record& record) -> Status {
    if (record.sequence.value == 2) return error(ErrorCode::kCorrupt, "no such side");
    return ok();
  };
  const auto replayed = replay(folder.paths, folder.options, handlers);
  ASSERT_FALSE(replayed);
  EXPECT_EQ(replayed.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(replayed.error().message.find(folder.paths.ring + " at offset "), std::string::npos);
  EXPECT_NE(replayed.error().message.find("record 2: no such side"), std::string::npos);
}

// Each start begins a segment: what was reserved for the one before it must not stay reserved.
TEST(Journal, ASegmentThatIsLeftGivesItsUnusedSpaceBack) {
  JournalFolder folder(1u << 20, 64u << 10);
  for (std::uint32_t life = 1; life < 6; ++life) {
    Writer writer = open_writer(folder, life);
    Persister persister = open_persister(folder);
    append(writer, 10);
    persist_all(persister);
    append(writer, 10);  // killed before these are copied: the next life does it
  }
  Writer writer = open_writer(folder, 6);
  Persister persister = open_persister(folder);
  append(writer, 1);
  persist_all(persister);
  for (std::uint32_t number = 1; number <= 5; ++number) {
    EXPECT_LT(std::filesystem::file_size(folder.segment(number)), 8192u) << number;
  }
  EXPECT_EQ(std::filesystem::file_size(folder.segment(6)), 64u << 10);
  EXPECT_EQ(replay_all(folder).last, 101u);
  folder.reboot();
  const Replayed seen = replay_all(folder);
  EXPECT_TRUE(seen.result && seen.whole);
  EXPECT_EQ(seen.last, 101u);
}

// The watermark says where a segment's records end. Should it lie, they stay.
TEST(Journal, ASegmentIsNotCutWhereSomethingStands) {
  JournalFolder folder(1u << 20, 64u << 10);
  {
    Writer writer = open_writer(folder);
    Persister persister = open_persister(folder);
    append(writer, 10);
    persist_all(persister);
  }
  const auto early = static_cast<std::uint32_t>(offset_of(folder.segment(1), 5));
  for (const std::uint64_t offset_at : {212u, 244u}) {  // of both watermarks
    overwrite(folder.paths.ring, offset_at,
              std::string(reinterpret_cast<const char*>(&early), sizeof early));
  }
  Writer writer = open_writer(folder, 2);
  Persister persister = open_persister(folder);
  append(writer, 1);
  persist_all(persister);
  folder.reboot();
  EXPECT_EQ(replay_all(folder).last, 11u);
}

}  // namespace
}  // namespace levi::journal
