// <data>/incarnation: never the same pair twice, and a copy is somebody else.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/journal/support.h"

namespace levi::journal {
namespace {

namespace fs = std::filesystem;
using namespace test;  // NOLINT: the fixtures of this folder

TEST(Incarnation, CountsUpWithinOneInstance) {
  const TempFolder folder;
  const auto first = take_incarnation(folder.path());
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_TRUE(first.value().created);
  EXPECT_FALSE(first.value().copied);
  EXPECT_EQ(first.value().incarnation.value, 1u);
  EXPECT_EQ(first.value().instance.view().size(), kInstanceIdLength);
  for (std::uint32_t n = 2; n < 5; ++n) {
    const auto next = take_incarnation(folder.path());
    ASSERT_TRUE(next);
    EXPECT_FALSE(next.value().created);
    EXPECT_EQ(next.value().instance, first.value().instance);
    EXPECT_EQ(next.value().incarnation.value, n);
    EXPECT_TRUE(next.value().ancestors.empty());
  }
}

TEST(Incarnation, EveryDataFolderIsAnInstanceOfItsOwn) {
  const TempFolder one;
  const TempFolder two;
  EXPECT_NE(take_incarnation(one.path()).value().instance,
            take_incarnation(two.path()).value().instance);
}

TEST(Incarnation, ARestoredCopyIsANewInstanceThatKnowsItsAncestor) {
  const TempFolder folder;
  fs::create_directory(folder / "data");
  const auto original = take_incarnation(folder / "data");
  ASSERT_TRUE(original);
  fs::copy(folder / "data", folder / "copy", fs::copy_options::recursive);
  const auto copy = take_incarnation(folder / "copy");
  ASSERT_TRUE(copy);
  EXPECT_TRUE(copy.value().created);
  EXPECT_TRUE(copy.value().copied);
  EXPECT_NE(copy.value().instance, original.value().instance);
  EXPECT_EQ(copy.value().ancestors, (std::vector<InstanceId>{original.value().instance}));
  EXPECT_EQ(copy.value().incarnation.value, 2u);
  const auto again = take_incarnation(folder / "copy");
  ASSERT_TRUE(again);
  EXPECT_FALSE(again.value().created);
  EXPECT_EQ(again.value().instance, copy.value().instance);
  EXPECT_EQ(again.value().ancestors.size(), 1u);
  EXPECT_EQ(take_incarnation(folder / "data").value().instance, original.value().instance);
}

TEST(Incarnation, ABackupPutBackInTheSamePlaceIsANewInstance) {
  const TempFolder folder;
  fs::create_directory(folder / "data");
  const auto original = take_incarnation(folder / "data");
  ASSERT_TRUE(original);
  fs::copy(folder / "data", folder / "backup", fs::copy_options::recursive);
  fs::remove_all(folder / "data");
  fs::copy(folder / "backup", folder / "data", fs::copy_options::recursive);
  const auto restored = take_incarnation(folder / "data");
  ASSERT_TRUE(restored);
  EXPECT_TRUE(restored.value().copied);
  EXPECT_NE(restored.value().instance, original.value().instance);
}

TEST(Incarnation, AMovedFolderStaysItself) {
  const TempFolder folder;
  fs::create_directory(folder / "data");
  const auto original = take_incarnation(folder / "data");
  ASSERT_TRUE(original);
  fs::rename(folder / "data", folder / "moved");
  const auto moved = take_incarnation(folder / "moved");
  ASSERT_TRUE(moved);
  EXPECT_FALSE(moved.value().created);
  EXPECT_EQ(moved.value().instance, original.value().instance);
}

TEST(Incarnation, AnUnreadableFileIsAnErrorNotANewInstance) {
  const char* const bad[] = {"",
                             "instance abcdefg\n",
                             "incarnation 3\n",
                             "instance abcdefg\nincarnation 0\n",
                             "instance abcdefg\nincarnation 99999999\n",
                             "instance ABCDEFG\nincarnation 3\n",
                             "instance abcdefg\nincarnation 3\nwhat is this\n",
                             "instance abcdefg\nincarnation three\n"};
  for (const char* text : bad) {
    SCOPED_TRACE(text);
    const TempFolder folder;
    std::ofstream(folder / "incarnation") << text;
    const auto taken = take_incarnation(folder.path());
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::kCorrupt);
  }
}

TEST(Incarnation, TheLastOneIsNotPassed) {
  const TempFolder folder;
  ASSERT_TRUE(take_incarnation(folder.path()));
  std::ifstream in(folder / "incarnation");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  text.replace(text.find("incarnation 1"), 13, "incarnation 16777215");
  std::ofstream(folder / "incarnation") << text;
  EXPECT_EQ(take_incarnation(folder.path()).error().code, ErrorCode::kInvalid);
}

TEST(Incarnation, AMissingDataFolderIsAnError) {
  EXPECT_FALSE(take_incarnation("/proc/no/such/folder"));
}

}  // namespace
}  // namespace levi::journal
