#include "core/os/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/temp_folder.h"

namespace levi::os {
namespace {

using test::TempFolder;

TEST(ReadFile, GivesTheWholeContent) {
  TempFolder folder;
  const std::string big(300'000, 'x');
  ASSERT_TRUE(write_file_atomic(folder / "big", big));
  EXPECT_EQ(read_file(folder / "big").value(), big);
  ASSERT_TRUE(write_file_atomic(folder / "empty", ""));
  EXPECT_EQ(read_file(folder / "empty").value(), "");
}

TEST(ReadFile, ReadsFilesThatSayTheyAreEmpty) {
  EXPECT_NE(read_file("/proc/self/status").value().find("Name:"), std::string::npos);
}

TEST(ReadFile, NamesThePathOfWhatIsMissing) {
  const auto content = read_file("/nowhere/at/all");
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, ErrorCode::kNotFound);
  EXPECT_NE(content.error().message.find("/nowhere/at/all"), std::string::npos);
  EXPECT_FALSE(read_file("/tmp")) << "a folder";
}

TEST(WriteFileAtomic, ReplacesAndLeavesNothingBeside) {
  TempFolder folder;
  const std::string path = folder / "file";
  ASSERT_TRUE(write_file_atomic(path, "old", 0600));
  ASSERT_TRUE(write_file_atomic(path, "new", 0640));
  EXPECT_EQ(read_file(path).value(), "new");
  EXPECT_EQ(list_folder(folder.path()).value(), std::vector<std::string>{"file"});
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST(WriteFileAtomic, LeavesTheOldContentWhenItFails) {
  TempFolder folder;
  const std::string path = folder / "file";
  ASSERT_TRUE(write_file_atomic(path, "old"));
  ASSERT_EQ(::mkdir((path + ".tmp").c_str(), 0755), 0);  // in the way
  const Status status = write_file_atomic(path, "new");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find(path), std::string::npos);
  EXPECT_EQ(read_file(path).value(), "old");
}

TEST(AppendLine, WritesOneLineAtATime) {
  TempFolder folder;
  const std::string path = folder / "lines";
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  ASSERT_TRUE(append_line_fsync(fd.get(), "one", path));
  ASSERT_TRUE(append_line_fsync(fd.get(), "two", path));
  EXPECT_EQ(read_file(path).value(), "one\ntwo\n");
}

TEST(AppendLine, SaysWhenThereIsNoRoom) {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  const Status status = append_line_fsync(full.get(), "x", "/dev/full");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("/dev/full"), std::string::npos);
}

TEST(MakeFolders, MakesAllThatAreMissing) {
  TempFolder folder;
  ASSERT_TRUE(make_folders(folder / "a/b/c"));
  ASSERT_TRUE(make_folders(folder / "a/b/c"));
  ASSERT_TRUE(make_folders(folder / "a/d/"));
  EXPECT_EQ(list_folder(folder / "a").value(), (std::vector<std::string>{"b", "d"}));
  ASSERT_TRUE(write_file_atomic(folder / "file", ""));
  EXPECT_FALSE(make_folders(folder / "file/x"));
  EXPECT_FALSE(make_folders(""));
}

TEST(RemoveTree, RemovesAllOfItAndNothingBehindLinks) {
  TempFolder folder;
  ASSERT_TRUE(make_folders(folder / "tree/a/b"));
  ASSERT_TRUE(make_folders(folder / "outside"));
  ASSERT_TRUE(write_file_atomic(folder / "outside/precious", "keep"));
  ASSERT_TRUE(write_file_atomic(folder / "tree/a/b/file", "x"));
  ASSERT_EQ(::symlink((folder / "outside").c_str(), (folder / "tree/a/link").c_str()), 0);
  ASSERT_EQ(::symlink("/nowhere", (folder / "tree/dangling").c_str()), 0);
  ASSERT_TRUE(remove_tree(folder / "tree"));
  EXPECT_FALSE(exists(folder / "tree"));
  EXPECT_EQ(read_file(folder / "outside/precious").value(), "keep");
}

TEST(RemoveTree, RemovesALinkItself) {
  TempFolder folder;
  ASSERT_TRUE(make_folders(folder / "outside"));
  ASSERT_TRUE(write_file_atomic(folder / "outside/precious", "keep"));
  ASSERT_EQ(::symlink((folder / "outside").c_str(), (folder / "link").c_str()), 0);
  ASSERT_TRUE(remove_tree(folder / "link"));
  EXPECT_FALSE(exists(folder / "link"));
  EXPECT_TRUE(exists(folder / "outside/precious"));
}

TEST(RemoveTree, RefusesTheRootAndToleratesWhatIsGone) {
  for (const char* path : {"", "/", "//", ".", "..", "/."}) EXPECT_FALSE(remove_tree(path)) << path;
  TempFolder folder;
  EXPECT_TRUE(remove_tree(folder / "never-was"));
  ASSERT_TRUE(write_file_atomic(folder / "file", ""));
  EXPECT_TRUE(remove_tree(folder / "file"));
  EXPECT_FALSE(exists(folder / "file"));
}

TEST(IsTmpfs, TellsMemoryFromDisk) {
  EXPECT_TRUE(is_tmpfs("/dev/shm").value());
  EXPECT_TRUE(is_tmpfs("/dev/shm/not-there-yet").value());
  EXPECT_FALSE(is_tmpfs("/proc").value());
  EXPECT_FALSE(is_tmpfs("/nowhere/at/all"));
}

TEST(FreeBytes, IsWhatTheFilesystemHas) {
  EXPECT_GT(free_bytes("/dev/shm").value(), 0u);
  EXPECT_FALSE(free_bytes("/nowhere/at/all"));
}

TEST(OwnExecutable, IsThisTest) {
  EXPECT_TRUE(exists(own_executable()));
  EXPECT_EQ(own_executable(), own_executable_folder() + "/os_test");
}

TEST(FileLock, IsHeldOnceAndGivenBack) {
  TempFolder folder;
  const std::string path = folder / "lock";
  {
    const auto first = FileLock::take(path);
    ASSERT_TRUE(first);
    const auto second = FileLock::take(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  }
  EXPECT_TRUE(FileLock::take(path));
  EXPECT_FALSE(FileLock::take("/nowhere/lock"));
}

TEST(Mapping, IsSharedBetweenItsUsers) {
  const Fd memory = make_memfd("test", 4096).value();
  Mapping first = Mapping::map(memory.get(), 4096, true, "test").value();
  const Mapping second = Mapping::map(memory.get(), 4096, false, "test").value();
  std::memcpy(first.data(), "hello", 6);
  EXPECT_STREQ(reinterpret_cast<const char*>(second.data()), "hello");
  Mapping moved = std::move(first);
  EXPECT_FALSE(first);
  EXPECT_EQ(moved.size(), 4096u);
  moved = Mapping();
  EXPECT_FALSE(moved);
  EXPECT_FALSE(Mapping::map(-1, 4096, true, "nothing"));
}

TEST(Fd, ClosesWhatItOwns) {
  int number = -1;
  {
    Fd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    number = fd.get();
    Fd other = std::move(fd);
    EXPECT_FALSE(fd);
    EXPECT_TRUE(other);
    EXPECT_EQ(::fcntl(number, F_GETFD), FD_CLOEXEC);
  }
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

}  // namespace
}  // namespace levi::os
