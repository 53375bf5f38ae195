// What disks, power cuts and people do to the files. Below the watermark: refused, with file and
// offset. Above it: cut and counted. In neither case a wrong record.
#include <gtest/gtest.h>

#include "tests/journal/support.h"

namespace levi::journal {
namespace {

namespace fs = std::filesystem;
using namespace test;  // NOLINT: the fixtures of this folder

// Three segments of one life: records up to `durable` are there on disk, and known to be.
struct Durable : JournalFolder {
  std::uint64_t durable = 0;

  explicit Durable(std::uint64_t records = 2500) {
    Writer writer = open_writer(*this);
    Persister persister = open_persister(*this);
    append(writer, records);
    persist_all(persister);
    durable = records;
    LEVI_CHECK(fs::exists(segment(2)));
  }
  std::uint32_t last_segment() const {
    std::uint32_t number = 1;
    while (fs::exists(segment(number + 1))) ++number;
    return number;
  }
};

void expect_corrupt(const Replayed& seen, const std::string& path) {
  ASSERT_FALSE(seen.result);
  EXPECT_EQ(seen.result.error().code, ErrorCode::kCorrupt) << seen.result.error().text();
  EXPECT_NE(seen.result.error().message.find(path), std::string::npos)
      << seen.result.error().text();
  EXPECT_TRUE(seen.whole);
}

TEST(Damage, ABitFlipBelowTheWatermarkIsRefusedWithFileAndOffset) {
  Durable folder;
  folder.reboot();
  for (const std::uint64_t n : {std::uint64_t{7}, folder.durable / 2, folder.durable - 1}) {
    const std::string path = segment_with(folder, n + 1);
    const std::uint64_t at = offset_of(path, n + 1);
    for (const std::uint64_t offset : {at, at + 5, at + 9, at + 24, at + 44}) {
      flip_bit(path, offset);
      const Replayed seen = replay_all(folder);
      expect_corrupt(seen, path + " at offset " + std::to_string(at));
      EXPECT_EQ(seen.last, n);
      flip_bit(path, offset);
    }
    EXPECT_TRUE(replay_all(folder).result);
  }
}

TEST(Damage, NoBitFlipAnywhereEverYieldsAWrongRecord) {
  Durable folder(1000);
  folder.reboot();
  Random random(17);
  int refused = 0;
  for (int i = 0; i < 600; ++i) {
    const std::string path = folder.segment(1 + static_cast<std::uint32_t>(random.below(2)));
    const std::uint64_t offset = random.below(fs::file_size(path));
    const int bit = static_cast<int>(random.below(8));
    SCOPED_TRACE(path + " " + std::to_string(offset) + " " + std::to_string(bit));
    flip_bit(path, offset, bit);
    const Replayed seen = replay_all(folder);
    EXPECT_TRUE(seen.whole);
    if (seen.result) {
      EXPECT_EQ(seen.last, folder.durable);
    } else {
      ++refused;
    }
    flip_bit(path, offset, bit);
  }
  EXPECT_GT(refused, 300);
}

TEST(Damage, AboveTheWatermarkIsCutCountedAndNotSeenAgain) {
  Durable folder;
  std::string path;
  {
    Writer writer = open_writer(folder, 2);
    Persister persister = open_persister(folder);
    append(writer, 30);
    ASSERT_TRUE(persister.run_once());  // durable, but only the ring knows
  }
  folder.reboot();
  path = folder.segment(folder.last_segment());
  flip_bit(path, offset_of(path, folder.durable + 11) + 44);
  Replayed seen = replay_all(folder);
  ASSERT_TRUE(seen.result) << seen.result.error().text();
  EXPECT_TRUE(seen.whole);
  EXPECT_EQ(seen.last, folder.durable + 10);
  EXPECT_EQ(seen.result.value().records_cut, 20u);
  {
    Writer writer = open_writer(folder, 3);
    Persister persister = open_persister(folder);
    append(writer, 5);
    persist_all(persister);
  }
  for (const bool rebooted : {false, true}) {
    if (rebooted) folder.reboot();
    seen = replay_all(folder);
    ASSERT_TRUE(seen.result) << seen.result.error().text();
    EXPECT_TRUE(seen.whole);
    EXPECT_EQ(seen.last, folder.durable + 15);
    EXPECT_EQ(seen.result.value().records_cut, 0u);
  }
}

TEST(Damage, AHoleOfZeroesBelowTheWatermarkIsRefused) {
  Durable folder;
  folder.reboot();
  const std::string path = segment_with(folder, folder.durable - 100);
  const std::uint64_t at = offset_of(path, folder.durable - 100);
  overwrite(path, at, std::string(4096, '\0'));
  expect_corrupt(replay_all(folder), path + " at offset " + std::to_string(at));
}

TEST(Damage, AZeroFilledTailIsTheEnd) {
  Durable folder;
  {
    Writer writer = open_writer(folder, 2);
    Persister persister = open_persister(folder);
    append(writer, 200);
    ASSERT_TRUE(persister.run_once());
  }
  folder.reboot();
  const std::string path = folder.segment(folder.last_segment());
  const std::uint64_t at = offset_of(path, folder.durable + 51);
  overwrite(path, at, std::string(fs::file_size(path) - at, '\0'));
  const Replayed seen = replay_all(folder);
  ASSERT_TRUE(seen.result) << seen.result.error().text();
  EXPECT_EQ(seen.last, folder.durable + 50);
  EXPECT_EQ(seen.result.value().records_cut, 0u);
}

// A segment turns where the next record does not fit: what is left may hold no header.
TEST(Damage, ATailTooShortForAHeaderIsTheEndOfItsSegment) {
  constexpr std::uint64_t kSegmentBytes = 16u << 10;
  constexpr std::size_t kLongBody = 3960;
  for (const std::size_t left : {8u, 16u, 24u, 32u}) {
    JournalFolder folder(1u << 20, kSegmentBytes);
    Writer writer = open_writer(folder);
    Persister persister = open_persister(folder);
    const std::size_t last_body = kSegmentBytes - kSegmentHeaderBytes -
                                  3 * (sizeof(RecordHeader) + kLongBody) - sizeof(RecordHeader) -
                                  left;
    for (const std::size_t body : {kLongBody, kLongBody, kLongBody, last_body})
      ASSERT_NE(writer.append(7, std::string(body, 'x'), {1}).value, 0u);
    persist_all(persister);
    folder.reboot();
    const auto seen = replay(folder.paths, folder.options, {});
    ASSERT_TRUE(seen) << seen.error().text();
    EXPECT_EQ(seen.value().last.value, 4u);
    EXPECT_EQ(seen.value().records_cut, 0u) << left << " bytes are left";
  }
}

TEST(Damage, ATornLastRecordIsCut) {
  Durable folder;
  {
    Writer writer = open_writer(folder, 2);
    Persister persister = open_persister(folder);
    append(writer, 10);
    ASSERT_TRUE(persister.run_once());
  }
  folder.reboot();
  const std::string path = folder.segment(folder.last_segment());
  const std::uint64_t at = offset_of(path, folder.durable + 10);
  overwrite(path, at + 44, std::string(8, '\0'));
  const Replayed seen = replay_all(folder);
  ASSERT_TRUE(seen.result) << seen.result.error().text();
  EXPECT_EQ(seen.last, folder.durable + 9);
  EXPECT_EQ(seen.result.value().records_cut, 1u);
}

TEST(Damage, ATruncatedSegmentIsRefusedWhereDurableRecordsAreMissing) {
  Durable folder;
  folder.reboot();
  const std::string path = segment_with(folder, folder.durable - 3);
  const std::uint64_t at = offset_of(path, folder.durable - 3);
  fs::resize_file(path, at + 20);
  expect_corrupt(replay_all(folder), path + " at offset " + std::to_string(at));
}

// A record's filling is not covered by its CRC, so the file may be cut inside it.
TEST(Damage, ASegmentCutInsideTheFillingOfItsLastRecordIsReadToItsEnd) {
  JournalFolder folder;
  {
    Writer writer = open_writer(folder);
    Persister persister = open_persister(folder);
    ASSERT_EQ(writer.append(7, "12345", {1}).value, 1u);
    persist_all(persister);
  }
  folder.reboot();
  fs::resize_file(folder.segment(1), kSegmentHeaderBytes + sizeof(RecordHeader) + 5);
  const auto seen = replay(folder.paths, folder.options, {});
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen.value().last.value, 1u);
  EXPECT_EQ(seen.value().records_cut, 0u);
}

TEST(Damage, AMissingSegmentIsRefused) {
  for (const int which : {1, 2, 0}) {  // 0: the last
    SCOPED_TRACE(which);
    Durable folder;
    if (which != 0) folder.reboot();
    fs::remove(
        folder.segment(which != 0 ? static_cast<std::uint32_t>(which) : folder.last_segment()));
    const Replayed seen = replay_all(folder);
    ASSERT_FALSE(seen.result);
    EXPECT_EQ(seen.result.error().code, ErrorCode::kCorrupt);
    EXPECT_TRUE(seen.whole);
  }
}

TEST(Damage, ASegmentInAnothersPlaceIsRefused) {
  Durable folder;
  folder.reboot();
  fs::copy_file(folder.segment(1), folder.segment(2), fs::copy_options::overwrite_existing);
  expect_corrupt(replay_all(folder), folder.segment(2));
}

TEST(Damage, ABadSegmentHeaderIsRefused) {
  Durable folder;
  folder.reboot();
  flip_bit(folder.segment(2), 33);
  expect_corrupt(replay_all(folder), folder.segment(2) + " at offset 0");
}

TEST(Damage, AFormatOfAnotherBuildIsSaidToBeOne) {
  Durable folder;
  const std::uint32_t version = 9;
  const std::string_view bytes(reinterpret_cast<const char*>(&version), 4);
  overwrite(folder.paths.ring, 8, bytes);
  EXPECT_EQ(replay_all(folder).result.error().code, ErrorCode::kUnsupported);
  folder.reboot();
  overwrite(folder.segment(1), 8, bytes);
  EXPECT_EQ(replay_all(folder).result.error().code, ErrorCode::kUnsupported);
}

TEST(Damage, AnotherInstancesRingAndSegmentsAreRefusedByName) {
  Durable folder;
  folder.options.identity->instance = InstanceId("zzzzzzz");
  Replayed seen = replay_all(folder);
  ASSERT_FALSE(seen.result);
  EXPECT_EQ(seen.result.error().code, ErrorCode::kConflict);
  EXPECT_NE(seen.result.error().message.find("'abcdefg', not to 'zzzzzzz'"), std::string::npos);
  folder.reboot();
  seen = replay_all(folder);
  ASSERT_FALSE(seen.result);
  EXPECT_EQ(seen.result.error().code, ErrorCode::kConflict);
  folder.options.identity->ancestors = {InstanceId("abcdefg")};  // a restored copy
  EXPECT_EQ(replay_all(folder).last, folder.durable);
}

}  // namespace
}  // namespace levi::journal
