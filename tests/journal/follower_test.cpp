// Followers of the ring, and Readers that fall back to the segments.
#include <gtest/gtest.h>

#include "core/os/thread.h"
#include "tests/journal/support.h"

namespace levi::journal {
namespace {

namespace fs = std::filesystem;
using namespace test;  // NOLINT: the fixtures of this folder

// Reads all there is; returns how far it came. Every record is checked.
template <class Source>
std::uint64_t drain(Source& source, std::uint64_t last) {
  for (;;) {
    const auto record = source.next();
    if (!record) ADD_FAILURE() << record.error().text();
    if (!record || !record.value()) return last;
    EXPECT_TRUE(is_record(*record.value(), last + 1));
    ++last;
  }
}

TEST(Follower, BeginsBehindAnySequenceThatTheRingStillHas) {
  JournalFolder folder;
  Writer writer = open_writer(folder);
  append(writer, 2000);
  for (const std::uint64_t after : {0u, 1u, 2u, 777u, 1998u, 1999u, 2000u}) {
    auto follower = Follower::open(folder.paths.ring, {after});
    ASSERT_TRUE(follower) << after << follower.error().text();
    EXPECT_EQ(drain(follower.value(), after), 2000u);
  }
}

TEST(Follower, TheFutureAndTheOverwrittenPastAreErrors) {
  JournalFolder folder(64u << 10);
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  for (int i = 0; i < 100; ++i) {
    append(writer, 100);
    persist_all(persister);
  }
  EXPECT_EQ(Follower::open(writer.ring(), {10'001}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(Follower::open(writer.ring(), {1}).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(Follower::open(writer.ring(), {9'900}));
  EXPECT_EQ(Follower::open(folder.memory / "no.ring", {0}).error().code, ErrorCode::kNotFound);
}

// The header's last sequence is stored behind the record: whoever looks meanwhile finds it a record
// behind the ring's end (the persister may even have made that one durable), or one ahead of the
// end that it saw a moment ago. Neither says anything about where the journal ends.
TEST(Follower, BeginsAtTheEndWhateverTheHeadersLastSequenceSaysMeanwhile) {
  constexpr std::uint64_t kLastSequenceAt = 80;  // docs/journal-format.md
  JournalFolder folder;
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  append(writer, 10);
  persist_all(persister);
  for (const std::uint64_t told : {9u, 11u}) {
    const std::string bytes(reinterpret_cast<const char*>(&told), sizeof told);
    overwrite(folder.paths.ring, kLastSequenceAt, bytes);
    auto follower = Follower::open(folder.paths.ring, {10});
    ASSERT_TRUE(follower) << told << ": " << follower.error().text();
    EXPECT_EQ(drain(follower.value(), 10), 10u);
  }
  EXPECT_EQ(Follower::open(folder.paths.ring, {11}).error().code, ErrorCode::kInvalid);
  auto follower = Follower::open(folder.paths.ring, {10});
  append(writer, 1);
  EXPECT_EQ(drain(follower.value(), 10), 11u);
}

TEST(Follower, IsToldWhenTheWriterLapsIt) {
  JournalFolder folder(64u << 10);
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  append(writer, 10);
  auto follower = Follower::open(writer.ring(), {5});
  ASSERT_TRUE(follower);
  for (int i = 0; i < 20; ++i) {
    append(writer, 100);
    persist_all(persister);
  }
  for (int i = 0; i < 2; ++i) {
    const auto record = follower.value().next();
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().code, ErrorCode::kConflict);
  }
}

TEST(Follower, StaysGoodWhileLevidDiesAndIsStartedAgain) {
  JournalFolder folder;
  auto writer = std::make_unique<Writer>(open_writer(folder, 1));
  append(*writer, 10);
  auto follower = Follower::open(folder.paths.ring, {0});
  ASSERT_TRUE(follower);
  std::uint64_t seen = drain(follower.value(), 0);
  for (std::uint32_t life = 2; life < 6; ++life) {
    writer.reset();
    EXPECT_EQ(drain(follower.value(), seen), seen);
    writer = std::make_unique<Writer>(open_writer(folder, life));
    append(*writer, 10);
    seen = drain(follower.value(), seen);
    EXPECT_EQ(seen, life * 10u);
  }
}

TEST(Follower, TurnsToANewRingThatAStartPutInItsPlace) {
  JournalFolder folder(64u << 10);
  std::uint64_t seen = 0;
  {
    Writer writer = open_writer(folder);
    Persister persister = open_persister(folder);
    append(writer, 10);
    persist_all(persister);
  }
  auto follower = Follower::open(folder.paths.ring, {0});
  ASSERT_TRUE(follower);
  seen = drain(follower.value(), seen);
  folder.options.ring_bytes = 128u << 10;
  Writer writer = open_writer(folder, 2);
  append(writer, 5);
  follower.value().wait(30s);
  EXPECT_EQ(drain(follower.value(), seen), 15u);
}

TEST(Follower, IsWokenByAnAppendInAnotherProcess) {
  JournalFolder folder;
  {
    Writer writer = open_writer(folder);
    append(writer, 1);
  }
  constexpr std::uint64_t kRecords = 2000;
  const Signal go;
  Forked levid([&] {
    Writer writer = open_writer(folder, 2);
    for (std::uint64_t i = 0; i < kRecords; ++i) {
      go.take();
      append(writer, 1);
    }
    return 0;
  });
  auto follower = Follower::open(folder.paths.ring, {1});
  ASSERT_TRUE(follower);
  std::uint64_t seen = 1;
  while (seen < 1 + kRecords) {  // a wake-up that got lost would end at the test's deadline
    go.give();
    const std::uint64_t before = seen;
    while (seen == before) {
      follower.value().wait(60s);
      seen = drain(follower.value(), seen);
    }
  }
  EXPECT_TRUE(levid.exited_with(0));
}

TEST(Follower, WaitEndsWithItsTimeout) {
  JournalFolder folder;
  Writer writer = open_writer(folder);
  auto follower = Follower::open(folder.paths.ring, {0});
  ASSERT_TRUE(follower);
  follower.value().wait(1ms);
  EXPECT_EQ(drain(follower.value(), 0), 0u);
}

TEST(Follower, SeveralThreadsFollowOneWriter) {
  JournalFolder folder(256u << 10);
  Writer writer = open_writer(folder);
  constexpr std::uint64_t kRecords = 30'000;
  std::vector<os::Thread> threads;
  std::atomic<int> whole{0};
  std::atomic<bool> failed{false};
  for (int i = 0; i < 2; ++i) {
    threads.push_back(os::start_thread("follower", [&] {
      auto reader = Reader::open(folder.paths, writer.ring(), {0});
      std::uint64_t seen = 0;
      while (reader && seen < kRecords && !failed) {
        const auto record = reader.value().next();
        if (!record) failed = true;
        if (!record || !record.value()) continue;
        if (!is_record(*record.value(), ++seen)) failed = true;
      }
      if (seen == kRecords) ++whole;
    }));
  }
  threads.push_back(os::start_thread("persist", [&] {
    auto persister = Persister::open(writer.ring(), folder.paths, folder.options);
    while (persister && persister.value().durable().value < kRecords && !failed) {
      if (!persister.value().run_once()) failed = true;
    }
    if (persister) ++whole;
  }));
  for (std::uint64_t n = 1; n <= kRecords && !failed;) {
    if (writer.append(type_of(n), body_of(n), instant_of(n)).value != 0) ++n;  // else: full for now
  }
  for (os::Thread& thread : threads) thread.join();
  EXPECT_FALSE(failed);
  EXPECT_EQ(whole, 3);
}

TEST(Reader, ReadsSegmentsThenTheRing) {
  JournalFolder folder(64u << 10, 32u << 10);
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  for (int i = 0; i < 50; ++i) {
    append(writer, 100);
    persist_all(persister);
  }
  append(writer, 100);  // in the ring alone
  for (const std::uint64_t after : {0u, 1u, 300u, 4999u, 5000u, 5050u, 5100u}) {
    auto reader = Reader::open(folder.paths, writer.ring(), {after});
    ASSERT_TRUE(reader) << reader.error().text();
    EXPECT_EQ(drain(reader.value(), after), 5100u);
    append(writer, 0);
  }
}

TEST(Reader, GoesBackToTheSegmentsWhenItIsLapped) {
  JournalFolder folder(64u << 10, 32u << 10);
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  auto reader = Reader::open(folder.paths, nullptr, {0});
  ASSERT_TRUE(reader);
  std::uint64_t seen = 0;
  for (int round = 0; round < 10; ++round) {
    append(writer, 10);
    seen = drain(reader.value(), seen);
    for (int i = 0; i < 20; ++i) {
      append(writer, 100);
      persist_all(persister);
    }
  }
  EXPECT_EQ(drain(reader.value(), seen), writer.last().value);
}

// levid's long-lived readers go on asking after an error: no descriptor left, a disk that does not
// answer, a file that retention took a moment ago.
TEST(Reader, AnErrorLeavesItReadyToBeAskedAgain) {
  JournalFolder folder(64u << 10, 32u << 10);
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  auto in_ring = Reader::open(folder.paths, writer.ring(), {0});
  ASSERT_TRUE(in_ring);
  const auto lap = [&] {
    for (int i = 0; i < 20; ++i) {
      append(writer, 100);
      persist_all(persister);
    }
  };
  lap();
  auto in_segment = Reader::open(folder.paths, writer.ring(), {0});
  ASSERT_TRUE(in_segment);
  const std::string away = folder.disk / "away";
  fs::rename(folder.paths.segments, away);
  std::uint64_t seen = 0;  // of the first segment, which is still open
  auto record = in_segment.value().next();
  for (; record && record.value(); record = in_segment.value().next()) ++seen;
  EXPECT_GT(seen, 0u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(in_ring.value().next());
    EXPECT_FALSE(in_segment.value().next());
  }
  fs::rename(away, folder.paths.segments);
  EXPECT_EQ(drain(in_ring.value(), 0), writer.last().value);
  EXPECT_EQ(drain(in_segment.value(), seen), writer.last().value);
}

// A segment is read in large pieces: one may have been read when its end was still empty.
TEST(Reader, ReadsOnWhereTheFileHasGrownSinceItWasBuffered) {
  JournalFolder folder(64u << 10, 1u << 20);
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  const auto lap = [&] {  // twice the ring, all of it into the first segment
    const std::uint64_t enough = writer.last().value + 1500;
    while (writer.last().value < enough) {
      append(writer, 100);
      persist_all(persister);
    }
  };
  lap();
  auto reader = Reader::open(folder.paths, writer.ring(), {0});
  ASSERT_TRUE(reader) << reader.error().text();
  const auto first = reader.value().next();
  ASSERT_TRUE(first && first.value());
  lap();
  ASSERT_TRUE(fs::exists(folder.segment(1)) && !fs::exists(folder.segment(2)));
  EXPECT_EQ(drain(reader.value(), 1), writer.last().value);
}

TEST(Reader, SaysHowFarTheJournalReachesBack) {
  JournalFolder folder(64u << 10, 32u << 10);
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  for (int i = 0; i < 50; ++i) {
    append(writer, 100);
    persist_all(persister);
    ASSERT_TRUE(persister.write_snapshot(1, writer.last(), "x"));
  }
  const auto oldest = oldest_record(folder.paths);
  ASSERT_TRUE(oldest);
  EXPECT_GT(oldest.value().value, 1u);
  const auto reader = Reader::open(folder.paths, writer.ring(), {0});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::kNotFound);
  EXPECT_NE(
      reader.error().message.find("reaches back to record " + std::to_string(oldest.value().value)),
      std::string::npos);
  EXPECT_TRUE(Reader::open(folder.paths, writer.ring(), {oldest.value().value - 1}));
}

}  // namespace
}  // namespace levi::journal
