#include "core/store/projector.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/store/support.h"
#include "tests/support/small_disk.h"

namespace levi::store {
namespace {

namespace fs = std::filesystem;
using namespace test;  // NOLINT: the fixtures of this folder

TEST(Projector, SaysWhatTheMachineSaysForRandomStreams) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    StoreFolder folder(seed);
    Projector projector = folder.open_projector();
    for (int part = 0; part < 10; ++part) {
      folder.feed(400);
      ASSERT_TRUE(folder.catch_up(projector));
      ASSERT_EQ(projector.machine().state_hash(), folder.stream.machine().state_hash());
      Sql database(folder.options.path);
      ASSERT_EQ(difference(database, projector.machine().state()), "");
    }
    EXPECT_EQ(projector.committed(), folder.writer->last());
    EXPECT_EQ(projector.lag(folder.writer->last()), 0u);
    Sql database(folder.options.path);
    EXPECT_GT(database.number("SELECT count(*) FROM fills"), 5);
    EXPECT_GT(database.number("SELECT count(*) FROM signals WHERE outcome = 'accepted'"), 20);
    EXPECT_GT(database.number("SELECT count(*) FROM signals WHERE outcome <> 'accepted'"), 0);
    EXPECT_GT(database.number("SELECT count(*) FROM commands WHERE outcome IS NOT NULL"), 0);
  }
}

TEST(Projector, NeverGoesBeyondWhatIsDurable) {
  StoreFolder folder;
  folder.feed(100);
  const RecordSequence durable = folder.persister->durable();
  for (int i = 0; i < 50; ++i) {
    const TimedEvent next = folder.stream.next();
    folder.writer->append(machine::event_type(next.event), machine::event_bytes(next.event),
                          next.now);
  }
  Projector projector = folder.open_projector();
  ASSERT_TRUE(projector.step(durable));
  EXPECT_EQ(projector.committed(), durable);
  EXPECT_EQ(projector.machine_at(), durable);
  EXPECT_EQ(projector.lag(folder.writer->last()), 50u);
}

TEST(Projector, GoesOnWhereItWasAfterARestart) {
  StoreFolder folder;
  for (int life = 0; life < 5; ++life) {
    Projector projector = folder.open_projector();
    folder.feed(300);
    ASSERT_TRUE(folder.catch_up(projector));
  }
  Sql database(folder.options.path);
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
}

// The database is opened in a child that is killed while it writes; the parent opens it again.
TEST(Projector, IsExactlyOnceWhenItIsKilledInTheMiddleOfABatch) {
  StoreFolder folder(11);
  Random random(5);
  for (int life = 0; life < 25; ++life) {
    folder.feed(200);
    Forked child([&] {
      Projector projector = folder.open_projector();
      for (std::uint64_t to = projector.committed().value;
           to < folder.persister->durable().value;) {
        to = std::min(to + 1 + random.below(7), folder.persister->durable().value);
        if (!projector.step({to})) return 1;
      }
      return 0;
    });
    // Some of them at once, some on their way, some at the end.
    for (std::uint64_t spin = random.below(40'000'000); spin > 0; --spin) __asm__ volatile("");
    child.signal(SIGKILL);
    ASSERT_TRUE(child.wait());
    random.next();
  }
  Projector projector = folder.open_projector();
  ASSERT_TRUE(folder.catch_up(projector));
  Sql database(folder.options.path);
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
}

TEST(Projector, ALockedDatabaseCostsFreshnessAndNothingElse) {
  StoreFolder folder(3);
  Projector projector = folder.open_projector();
  folder.feed(300);
  ASSERT_TRUE(folder.catch_up(projector));
  const RecordSequence before = projector.committed();
  Sql other(folder.options.path);
  other.run("BEGIN EXCLUSIVE");
  folder.feed(2000);
  for (int i = 0; i < 5; ++i) {
    const Status stepped = projector.step(folder.persister->durable());
    ASSERT_FALSE(stepped);
    EXPECT_EQ(stepped.error().code, ErrorCode::kBusy);
  }
  EXPECT_EQ(projector.committed(), before);
  EXPECT_EQ(projector.lag(folder.writer->last()), 2000u);
  EXPECT_EQ(projector.machine_at(), folder.writer->last());  // the replica went on
  EXPECT_EQ(projector.machine().state_hash(), folder.stream.machine().state_hash());
  other.run("COMMIT");
  ASSERT_TRUE(folder.catch_up(projector));
  EXPECT_EQ(difference(other, folder.stream.machine().state()), "");
}

TEST(Projector, WhatIsTooMuchForMemoryIsProjectedAgainFromTheJournal) {
  StoreFolder folder(4);
  folder.options.pending_rows_max = 500;
  Projector projector = folder.open_projector();
  folder.feed(300);
  ASSERT_TRUE(folder.catch_up(projector));
  Sql other(folder.options.path);
  other.run("BEGIN EXCLUSIVE");
  std::size_t most = 0;
  bool dropped = false;
  for (int part = 0; part < 200 && !dropped; ++part) {
    folder.feed(200);
    ASSERT_EQ(projector.step(folder.persister->durable()).error().code, ErrorCode::kBusy);
    dropped = projector.pending_rows() < most;
    most = std::max(most, projector.pending_rows());
  }
  EXPECT_TRUE(dropped);
  EXPECT_LE(most, 500u);
  EXPECT_EQ(projector.machine().state_hash(), folder.stream.machine().state_hash());
  other.run("COMMIT");
  ASSERT_TRUE(folder.catch_up(projector));
  EXPECT_EQ(difference(other, folder.stream.machine().state()), "");
  EXPECT_EQ(other.number("SELECT count(*) FROM gaps"), 0);
}

TEST(Projector, ADatabaseLockedAtTheStartIsTakenUpLater) {
  StoreFolder folder(5);
  {
    Projector projector = folder.open_projector();
    folder.feed(300);
    ASSERT_TRUE(folder.catch_up(projector));
  }
  auto other = std::make_unique<Sql>(folder.options.path);
  other->run("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
  folder.feed(300);
  Projector projector = folder.open_projector();
  EXPECT_EQ(projector.step(folder.persister->durable()).error().code, ErrorCode::kBusy);
  EXPECT_EQ(projector.machine_at(), folder.writer->last());
  other.reset();
  ASSERT_TRUE(folder.catch_up(projector));
  Sql database(folder.options.path);
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
}

TEST(Projector, ADamagedDatabaseIsMovedAsideAndMadeAnew) {
  StoreFolder folder(6);
  {
    Projector projector = folder.open_projector();
    folder.feed(300);
    ASSERT_TRUE(folder.catch_up(projector));
  }
  std::ofstream(folder.options.path, std::ios::trunc)
      << "this is no database, but long enough to be read as one\n"
      << std::string(5000, 'x');
  Projector projector = folder.open_projector();
  EXPECT_TRUE(fs::exists(folder.options.path + ".corrupt-1"));
  const auto notices = projector.take_notices();
  ASSERT_EQ(notices.size(), 2u);
  EXPECT_NE(notices[1].find(".corrupt-1"), std::string::npos);
  EXPECT_TRUE(projector.take_notices().empty());
  ASSERT_TRUE(folder.catch_up(projector));
  Sql database(folder.options.path);
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
}

TEST(Projector, DamageThatIsFoundWhileWritingIsMovedAsideToo) {
  StoreFolder folder(7);
  Projector projector = folder.open_projector();
  folder.feed(300);
  ASSERT_TRUE(folder.catch_up(projector));
  {
    Sql other(folder.options.path);
    other.run("PRAGMA wal_checkpoint(TRUNCATE)");
    const auto page = static_cast<std::uint64_t>(
        other.number("SELECT rootpage FROM sqlite_master WHERE name = 'orders'"));
    overwrite(folder.options.path, (page - 1) * 4096, std::string(4096, '\xff'));
    other.run("UPDATE projection SET id = 1");  // everybody's cache is out of date
  }
  folder.feed(300);
  Status stepped = ok();
  for (int i = 0; i < 10 && projector.committed() < folder.writer->last(); ++i) {
    stepped = projector.step(folder.persister->durable());
    const ErrorCode code = stepped ? ErrorCode::kCorrupt : stepped.error().code;
    EXPECT_TRUE(code == ErrorCode::kCorrupt || code == ErrorCode::kConflict)
        << stepped.error().text();
  }
  EXPECT_TRUE(fs::exists(folder.options.path + ".corrupt-1"));
  Sql database(folder.options.path);
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
}

TEST(Projector, ADatabaseThatIsRemovedUnderItIsMadeAnew) {
  StoreFolder folder(8);
  Projector projector = folder.open_projector();
  folder.feed(300);
  ASSERT_TRUE(folder.catch_up(projector));
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(folder.options.path + suffix);
  folder.feed(300);
  ASSERT_TRUE(folder.catch_up(projector));
  Sql database(folder.options.path);
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
}

TEST(Projector, WhereSomebodyMovedTheProjectionItStartsAgainFromThere) {
  StoreFolder folder(9);
  Projector projector = folder.open_projector();
  folder.feed(300);
  ASSERT_TRUE(folder.catch_up(projector));
  {  // as a tool that wants everything projected anew
    Sql database(folder.options.path);
    for (const char* table : {"orders", "fills", "positions", "signals", "commands"})
      database.run(std::string("DELETE FROM ") + table);
    database.run("UPDATE projection SET last_sequence = 0, last_instant_ns = 0");
  }
  folder.feed(300);
  const Status stepped = projector.step(folder.persister->durable());
  ASSERT_FALSE(stepped);
  EXPECT_EQ(stepped.error().code, ErrorCode::kConflict);
  ASSERT_TRUE(folder.catch_up(projector));
  Sql database(folder.options.path);
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
  EXPECT_GT(database.number("SELECT count(*) FROM signals WHERE record < 300"), 0);
}

TEST(Projector, AnotherInstancesDatabaseIsRefusedAndAnAncestorsIsTaken) {
  StoreFolder folder(9);
  {
    Projector projector = folder.open_projector();
    folder.feed(50);
    ASSERT_TRUE(folder.catch_up(projector));
  }
  folder.options.identity.instance = InstanceId("zzzzzzz");
  const auto refused = Projector::open(folder.options, folder.writer->ring());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  folder.options.identity.ancestors = {InstanceId("abcdefg")};
  {
    Projector projector = folder.open_projector();
    folder.feed(50);
    ASSERT_TRUE(folder.catch_up(projector));
  }
  Sql database(folder.options.path);
  EXPECT_EQ(database.ask("SELECT instance FROM projection"), "zzzzzzz");
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
}

TEST(Projector, ANewerSchemaIsRefused) {
  StoreFolder folder(10);
  { Projector projector = folder.open_projector(); }
  Sql(folder.options.path).run("UPDATE projection SET schema = 2");
  const auto refused = Projector::open(folder.options, folder.writer->ring());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
}

TEST(Projector, ADatabaseAheadOfTheJournalIsMadeAnew) {
  StoreFolder folder(12);
  {
    Projector projector = folder.open_projector();
    folder.feed(200);
    ASSERT_TRUE(folder.catch_up(projector));
  }
  Sql(folder.options.path).run("UPDATE projection SET last_sequence = 100000");
  Projector projector = folder.open_projector();
  EXPECT_TRUE(fs::exists(folder.options.path + ".ahead-1"));
  ASSERT_TRUE(folder.catch_up(projector));
  Sql database(folder.options.path);
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
}

TEST(Projector, ADatabaseOfAnotherHistoryIsMadeAnew) {
  StoreFolder folder(13);
  {
    Projector projector = folder.open_projector();
    folder.feed(200);
    ASSERT_TRUE(folder.catch_up(projector));
  }
  Sql(folder.options.path).run("UPDATE projection SET last_instant_ns = last_instant_ns + 1");
  folder.feed(100);
  Projector projector = folder.open_projector();
  ASSERT_TRUE(folder.catch_up(projector));
  EXPECT_TRUE(fs::exists(folder.options.path + ".ahead-1"));
  Sql database(folder.options.path);
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
}

TEST(Projector, CommitNowWaitsForTheLockAndThenHasIt) {
  StoreFolder folder(15);
  Projector projector = folder.open_projector();
  folder.feed(100);
  const Signal locked;
  const Signal release;
  Forked holder([&] {
    Sql other(folder.options.path);
    other.run("BEGIN EXCLUSIVE");
    locked.give();
    release.take();
    other.run("COMMIT");
    return 0;
  });
  ASSERT_TRUE(locked.take());
  EXPECT_EQ(projector.commit_now(folder.writer->last(), 1ms).error().code, ErrorCode::kBusy);
  release.give();
  ASSERT_TRUE(projector.commit_now(folder.writer->last(), 30s));
  EXPECT_EQ(projector.committed(), folder.writer->last());
  EXPECT_EQ(projector.commit_now({folder.writer->last().value + 1}, 1ms).error().code,
            ErrorCode::kInvalid);
  EXPECT_TRUE(holder.exited_with(0));
}

TEST(Projector, ADatabaseThatCannotBeOpenedIsTakenUpLater) {
  StoreFolder folder(16);
  folder.options.path = folder.data / "not-there-yet/levi.db";
  folder.feed(100);
  Projector projector = folder.open_projector();
  EXPECT_EQ(projector.step(folder.persister->durable()).error().code, ErrorCode::kIo);
  EXPECT_EQ(projector.machine_at(), folder.writer->last());
  fs::create_directory(folder.data / "not-there-yet");
  ASSERT_TRUE(folder.catch_up(projector));
  Sql database(folder.options.path);
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
}

TEST(Projector, AFullDiskCostsFreshnessAndNothingElse) {
  StoreFolder folder(17);
  SmallDisk disk(256u << 10);
  if (!disk) GTEST_SKIP() << "mounting is not permitted here";
  folder.options.path = disk.path() + "/levi.db";
  Projector projector = folder.open_projector();
  Status stepped = ok();
  for (int part = 0; part < 100 && stepped; ++part) {
    folder.feed(500);
    stepped = projector.step(folder.persister->durable());
  }
  ASSERT_FALSE(stepped);
  EXPECT_EQ(stepped.error().code, ErrorCode::kIo);
  EXPECT_EQ(projector.machine().state_hash(), folder.stream.machine().state_hash());
  disk.resize(64u << 20);
  ASSERT_TRUE(folder.catch_up(projector));
  Sql database(folder.options.path);
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
}

}  // namespace
}  // namespace levi::store
