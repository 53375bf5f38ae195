// Disks that are full or take nothing: an error, and the next attempt goes on where this one
// stopped.
#include "tests/support/small_disk.h"

#include <gtest/gtest.h>

#include "tests/journal/support.h"

namespace levi::journal {
namespace {

using namespace test;  // NOLINT: the fixtures of this folder

TEST(SmallDisk, AFullDiskLeavesTheWatermarkAndMayBeTriedAgain) {
  SmallDisk disk(128u << 10);
  if (!disk) GTEST_SKIP() << "mounting is not permitted here";
  JournalFolder folder(1u << 20, 64u << 10);
  folder.paths.segments = disk.path() + "/journal";
  Writer writer = open_writer(folder);
  Persister persister = open_persister(folder);
  append(writer, 2000);
  Result<std::uint64_t> done = persister.run_once();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kIo);
  EXPECT_NE(done.error().message.find("No space left"), std::string::npos) << done.error().text();
  EXPECT_EQ(persister.durable().value, 0u);
  EXPECT_GT(writer.fill(), 0.1);
  EXPECT_EQ(replay_all(folder).last, 2000u);  // all of it is in the ring
  ASSERT_TRUE(disk.resize(16u << 20));
  persist_all(persister);
  EXPECT_EQ(persister.durable().value, 2000u);
  folder.reboot();
  EXPECT_EQ(replay_all(folder).last, 2000u);
}

TEST(SmallDisk, AReadOnlyDiskIsAnErrorThatMayPass) {
  SmallDisk disk(4u << 20);
  if (!disk) GTEST_SKIP() << "mounting is not permitted here";
  JournalFolder folder(1u << 20, 64u << 10);
  folder.paths.segments = disk.path() + "/journal";
  Writer writer = open_writer(folder);
  {
    Persister persister = open_persister(folder);
    append(writer, 10);
    persist_all(persister);
    append(writer, 1000);
  }
  ASSERT_TRUE(disk.make_read_only(4u << 20));
  {
    Persister persister = open_persister(folder);
    const auto done = persister.run_once();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::kIo);
    EXPECT_EQ(persister.durable().value, 10u);
  }
  ASSERT_TRUE(disk.resize(4u << 20));
  Persister persister = open_persister(folder);
  persist_all(persister);
  EXPECT_EQ(persister.durable().value, 1010u);
}

TEST(SmallDisk, AFullMemoryFilesystemIsAClearErrorAtTheStart) {
  SmallDisk memory(256u << 10);
  if (!memory) GTEST_SKIP() << "mounting is not permitted here";
  JournalFolder folder(1u << 20);
  folder.paths.ring = memory.path() + "/journal.ring";
  const auto writer =
      Writer::open(folder.paths, folder.options, replay_all(folder).result.value(), {1});
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, ErrorCode::kIo);
  EXPECT_NE(writer.error().message.find("No space left"), std::string::npos);
}

}  // namespace
}  // namespace levi::journal
