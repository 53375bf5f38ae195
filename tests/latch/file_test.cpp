// Missing, short, damaged, replaced: all of them mean sealed, and none of them ends the process.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>

#include "tests/latch/support.h"

namespace levi::latch {
namespace {

namespace fs = std::filesystem;
using test::Forked;
using test::open_latch;
using test::poke;
using test::TempFolder;

constexpr Instant kWall{1};

TEST(LatchFile, IsRefusedOffTmpfs) {
  const auto latch = Latch::create("/proc/levi/kill.latch");
  ASSERT_FALSE(latch);
  EXPECT_EQ(latch.error().code, ErrorCode::kUnsupported);
}

TEST(LatchFile, MakesItsFolderForThisUserOnly) {
  const TempFolder folder(test::kTmpfs);
  const auto latch = Latch::create(folder / "run/levi/kill.latch");
  ASSERT_TRUE(latch) << latch.error().text();
  struct stat info {};
  ASSERT_EQ(stat((folder / "run/levi").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  ASSERT_EQ(stat((folder / "run/levi/kill.latch").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(LatchFile, MissingIsNotFound) {
  const TempFolder folder(test::kTmpfs);
  const auto latch = Latch::attach(folder / "kill.latch");
  ASSERT_FALSE(latch);
  EXPECT_EQ(latch.error().code, ErrorCode::kNotFound);
}

// Before the next send, or by `path_is_ours`, twice a second: the word itself was not touched.
enum class Seen { kAtOnce, kByCheck };
struct Damage {
  const char* name;
  Seen seen;
  std::function<void(const std::string& path)> make;
};

void replace_by_copy(const std::string& path) {
  fs::copy_file(path, path + ".copy");
  fs::rename(path + ".copy", path);
}

std::vector<Damage> damages() {
  const std::uint64_t zero = 0;
  const std::uint32_t version = 77;
  return {
      {"empty", Seen::kAtOnce, [](const std::string& path) { fs::resize_file(path, 0); }},
      {"short", Seen::kByCheck, [](const std::string& path) { fs::resize_file(path, 100); }},
      {"one page", Seen::kByCheck, [](const std::string& path) { fs::resize_file(path, 4096); }},
      {"long", Seen::kByCheck, [](const std::string& path) { fs::resize_file(path, 1 << 20); }},
      {"zero-filled", Seen::kAtOnce,
       [](const std::string& path) {
         fs::resize_file(path, 0);
         fs::resize_file(path, 20480);
       }},
      {"wrong magic", Seen::kAtOnce,
       [=](const std::string& path) { poke(path, test::kOffsetMagic, &zero, 8); }},
      {"other version", Seen::kAtOnce,
       [=](const std::string& path) { poke(path, test::kOffsetVersion, &version, 4); }},
      {"other inode", Seen::kByCheck,
       [=](const std::string& path) { poke(path, test::kOffsetInode, &zero, 8); }},
      {"word of zeroes", Seen::kAtOnce,
       [=](const std::string& path) { poke(path, test::kOffsetWord, &zero, 8); }},
      {"a copy in its place", Seen::kByCheck, replace_by_copy},
      {"a pipe", Seen::kByCheck,
       [](const std::string& path) {
         fs::remove(path);
         ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
       }},
  };
}

TEST(LatchFile, DamageIsSeenByKillersAndByTheNextLevid) {
  for (const Damage& damage : damages()) {
    SCOPED_TRACE(damage.name);
    const TempFolder folder(test::kTmpfs);
    const std::string path = latch_path(folder.path());
    { open_latch(folder); }
    damage.make(path);
    const auto attached = Latch::attach(path);
    ASSERT_FALSE(attached);
    EXPECT_EQ(attached.error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(kill_by_file(path, Holder::kOperator, "ann", "x", kWall, 0ns, true).error().code,
              ErrorCode::kCorrupt);
    auto made = Latch::create(path);
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_TRUE(made.value().load().held_by(Holder::kLatchFile));
    EXPECT_FALSE(made.value().begin_send(1));
    EXPECT_TRUE(Latch::attach(path));
  }
}

TEST(LatchFile, TruncationUnderTheGatewaySealsItAndDoesNotEndIt) {
  for (const Damage& damage : damages()) {
    SCOPED_TRACE(damage.name);
    const TempFolder folder(test::kTmpfs);
    const std::string path = latch_path(folder.path());
    Latch latch = open_latch(folder);
    ASSERT_TRUE(latch.begin_send(1));
    latch.end_send(1, true);
    damage.make(path);
    EXPECT_EQ(latch.begin_send(2), damage.seen == Seen::kByCheck);
    EXPECT_FALSE(latch.path_is_ours()) << "no killer can open it";
    (void)latch.seal(Holder::kLatchFile, "levid", "the path is no longer our mapping", kWall, 0ns);
    EXPECT_FALSE(latch.begin_send(2));
    EXPECT_TRUE(latch.load().sealed());
    (void)latch.slot(Holder::kLatchFile);
    (void)latch.gateway();
  }
}

TEST(LatchFile, DamagedLatchCannotBeReleased) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  fs::resize_file(latch.path(), 0);
  const auto released = latch.release(Holder::kLatchFile, 0);
  ASSERT_FALSE(released);
  EXPECT_EQ(released.error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(latch.begin_send(1));
}

TEST(LatchFile, SealOnATruncatedFileDoesNotClaimThatNothingIsInFlight) {
  const TempFolder folder(test::kTmpfs);
  Latch gateway = open_latch(folder);
  auto killer = Latch::attach(gateway.path());
  ASSERT_TRUE(killer);
  ASSERT_TRUE(gateway.begin_send(7));
  fs::resize_file(gateway.path(), 0);
  EXPECT_FALSE(killer.value().seal(Holder::kOperator, "ann", "x", kWall, 0ns).in_flight_zero);
}

TEST(LatchFile, SigbusElsewhereStillEndsTheProcess) {
  const TempFolder folder(test::kTmpfs);
  Forked child([&] {
    Latch latch = open_latch(folder);
    const int fd = open((folder / "other").c_str(), O_RDWR | O_CREAT, 0600);
    auto* bytes = static_cast<char*>(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0));
    return bytes[0] == 0 ? 1 : 2;
  });
  EXPECT_TRUE(child.killed_by(SIGBUS));
}

TEST(LatchFile, ASecondLevidIsRefusedWhileTheFirstLives) {
  const TempFolder folder(test::kTmpfs);
  const std::string path = latch_path(folder.path());
  {
    Latch first = open_latch(folder);
    const auto second = Latch::create(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kBusy);
    EXPECT_FALSE(first.load().sealed());
  }
  EXPECT_TRUE(Latch::create(path));
}

TEST(LatchFile, ARestartedLevidFindsTheLatchAsItStood) {
  const TempFolder folder(test::kTmpfs);
  const std::string path = latch_path(folder.path());
  Word sealed;
  {
    Latch latch = open_latch(folder);
    ASSERT_TRUE(latch.begin_send(3));
    latch.end_send(3, true);
    sealed = latch.seal(Holder::kOperator, "ann", "for the night", kWall, 0ns).word;
  }
  auto latch = Latch::create(path);
  ASSERT_TRUE(latch);
  EXPECT_EQ(latch.value().load().raw, sealed.raw);
  EXPECT_EQ(latch.value().slot(Holder::kOperator).reason, "for the night");
  EXPECT_EQ(latch.value().last_sequence(), 3u);
}

TEST(LatchFile, ASendThatDiedHalfWayCountsAsSentAfterTheRestart) {
  const TempFolder folder(test::kTmpfs);
  const std::string path = latch_path(folder.path());
  Forked gateway([&] {
    Latch latch = open_latch(folder);
    latch.begin_send(12);
    raise(SIGKILL);
    return 1;
  });
  ASSERT_TRUE(gateway.killed_by(SIGKILL));
  auto latch = Latch::create(path);
  ASSERT_TRUE(latch);
  EXPECT_EQ(latch.value().last_sequence(), 12u);
  EXPECT_EQ(latch.value().in_flight(), 0u);
  EXPECT_FALSE(latch.value().load().sealed());
  EXPECT_EQ(latch.value().gateway().pid, getpid());
}

TEST(LatchFile, AnotherInstanceOnTheSameFileIsSealedAndCountsFromZero) {
  const TempFolder folder(test::kTmpfs);
  const std::string path = latch_path(folder.path());
  {
    auto latch = Latch::create(path, {"aaaaaaa", Holder::kNewInstance, 0});
    ASSERT_TRUE(latch);
    ASSERT_TRUE(latch.value().release(Holder::kNewInstance, 0));
    ASSERT_TRUE(latch.value().begin_send(500));
    latch.value().end_send(500, true);
  }
  {
    auto same = Latch::create(path, {"aaaaaaa", Holder::kNewInstance, 0});
    ASSERT_TRUE(same);
    EXPECT_FALSE(same.value().load().sealed());
  }
  auto other = Latch::create(path, {"bbbbbbb", Holder::kNewInstance, 0});
  ASSERT_TRUE(other);
  EXPECT_TRUE(other.value().load().held_by(Holder::kNewInstance));
  EXPECT_EQ(other.value().last_sequence(), 0u);
}

TEST(LatchFile, EpochsBeginAgainAtOneNotAtZero) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  const std::uint64_t last = ~std::uint64_t{0} << kHolderBits;
  poke(latch.path(), test::kOffsetWord, &last, 8);
  const Word word = latch.seal(Holder::kChaos, "chaos:r", "x", kWall, 0ns).word;
  EXPECT_EQ(word.epoch(), 1u);
  EXPECT_EQ(word.holders(), 1u << static_cast<unsigned>(Holder::kChaos));
}

}  // namespace
}  // namespace levi::latch
