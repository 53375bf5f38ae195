// What becomes of a damaged ring: its tail is cut, its loss is a reboot's, and nothing that is
// wrong goes on to a segment.
#include <gtest/gtest.h>

#include <functional>

#include "tests/journal/support.h"

namespace levi::journal {
namespace {

namespace fs = std::filesystem;
using namespace test;  // NOLINT: the fixtures of this folder

TEST(RingDamage, TheRingsTailIsCutWhereItIsDamagedAndNeverComesBack) {
  JournalFolder folder;
  {
    Writer writer = open_writer(folder);
    Persister persister = open_persister(folder);
    append(writer, 100);
    persist_all(persister);
    append(writer, 100);
  }
  flip_bit(folder.paths.ring, offset_of(folder.paths.ring, 151) + 44);
  Replayed seen = replay_all(folder);
  ASSERT_TRUE(seen.result) << seen.result.error().text();
  EXPECT_TRUE(seen.whole);
  EXPECT_EQ(seen.last, 150u);
  EXPECT_EQ(seen.result.value().records_cut, 50u);
  Writer writer = open_writer(folder, 2);
  append(writer, 1);
  seen = replay_all(folder);
  EXPECT_EQ(seen.last, 151u);
  EXPECT_EQ(seen.result.value().records_cut, 0u);
  Persister persister = open_persister(folder);
  append(writer, 1000);
  persist_all(persister);
  folder.reboot();
  EXPECT_EQ(replay_all(folder).last, 1151u);
}

TEST(RingDamage, AnErasedFirstWordInTheRingIsCounted) {
  JournalFolder folder;
  {
    Writer writer = open_writer(folder);
    append(writer, 100);
  }
  overwrite(folder.paths.ring, offset_of(folder.paths.ring, 61), std::string(8, '\0'));
  const Replayed seen = replay_all(folder);
  ASSERT_TRUE(seen.result);
  EXPECT_EQ(seen.last, 60u);
  EXPECT_EQ(seen.result.value().records_cut, 40u);
}

TEST(RingDamage, ThePersisterCopiesNoDamagedRecord) {
  JournalFolder folder;
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  append(writer, 10);
  flip_bit(folder.paths.ring, offset_of(folder.paths.ring, 5) + 44);
  const auto done = persister.run_once();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(persister.durable().value, 0u);
}

// What a ring alone holds is above the watermark: losing it is what a reboot does too. It is said,
// and the file is kept.
TEST(RingDamage, ARingWithADamagedHeaderIsKeptBesideAndTheSegmentsGoOn) {
  const auto cut_to = [](std::size_t size) {
    return [size](const std::string& ring) { fs::resize_file(ring, size); };
  };
  const std::function<void(const std::string&)> damages[] = {
      cut_to(0),
      cut_to(100),
      cut_to(8192),
      cut_to(8192 + (1u << 20) - 1),
      [](const std::string& ring) { flip_bit(ring, 3); },   // magic
      [](const std::string& ring) { flip_bit(ring, 17); },  // capacity
      [](const std::string& ring) { flip_bit(ring, 32); },  // CRC
      [](const std::string& ring) {                         // both watermarks
        flip_bit(ring, 192);
        flip_bit(ring, 224);
      },
  };
  for (std::size_t i = 0; i < std::size(damages); ++i) {
    SCOPED_TRACE(i);
    JournalFolder folder;
    {
      Writer writer = open_writer(folder);
      Persister persister = open_persister(folder);
      append(writer, 50);
      persist_all(persister);
      append(writer, 10);
    }
    damages[i](folder.paths.ring);
    const std::string damaged = bytes_of(folder.paths.ring);
    Replayed seen = replay_all(folder);
    ASSERT_TRUE(seen.result) << seen.result.error().text();
    EXPECT_FALSE(seen.result.value().ring_found);
    EXPECT_NE(seen.result.value().ring_damaged.find(folder.paths.ring), std::string::npos);
    EXPECT_EQ(seen.last, 50u);
    EXPECT_EQ(bytes_of(folder.paths.ring), damaged) << "a replay changes nothing";
    Writer writer = open_writer(folder, 2);
    EXPECT_EQ(bytes_of(folder.paths.ring + ".damaged-1"), damaged);
    append(writer, 3);
    seen = replay_all(folder);
    ASSERT_TRUE(seen.result) << seen.result.error().text();
    EXPECT_TRUE(seen.whole && seen.result.value().ring_found);
    EXPECT_EQ(seen.result.value().ring_damaged, "");
    EXPECT_EQ(seen.last, 53u);
  }
}

TEST(RingDamage, OnlyAFewDamagedRingsAreKept) {
  JournalFolder folder;
  std::uint32_t life = 0;
  while (++life < 8) {
    {
      Writer writer = open_writer(folder, life);
      append(writer, 1);
    }
    flip_bit(folder.paths.ring, 0);
  }
  const auto files = fs::directory_iterator(folder.memory / "");
  EXPECT_LE(std::distance(fs::begin(files), fs::end(files)), 4);
}

TEST(RingDamage, ARingLeftOverFromAnEarlierLifeElsewhereIsNotReplayed) {
  JournalFolder folder;
  {
    Writer writer = open_writer(folder, 1);
    append(writer, 50);
  }
  const std::string kept = folder.paths.ring;
  folder.paths.ring = folder.memory / "elsewhere.ring";
  {
    Writer writer = open_writer(folder, 2);
    Persister persister = open_persister(folder);
    append(writer, 80);
    persist_all(persister);
  }
  folder.paths.ring = kept;
  const Replayed seen = replay_all(folder);
  ASSERT_TRUE(seen.result) << seen.result.error().text();
  EXPECT_FALSE(seen.result.value().ring_found);
  EXPECT_EQ(seen.last, 80u);
  Writer writer = open_writer(folder, 3);
  append(writer, 1);
  EXPECT_EQ(replay_all(folder).last, 81u);
}

TEST(RingDamage, TruncatingTheRingUnderTheWriterStopsItAndDoesNotEndIt) {
  JournalFolder folder;
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  append(writer, 10);
  fs::resize_file(folder.paths.ring, 0);
  (void)writer.append(1, "x", instant_of(100));  // the first touch behind the end
  EXPECT_EQ(writer.append(1, "x", instant_of(100)).value, 0u);
  EXPECT_EQ(writer.fill(), 1.0);
  EXPECT_FALSE(persister.run_once());
}

}  // namespace
}  // namespace levi::journal
