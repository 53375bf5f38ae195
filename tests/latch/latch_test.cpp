#include "core/latch/latch.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <set>

#include "core/os/process.h"
#include "tests/latch/support.h"

namespace {
std::size_t allocations = 0;  // counted in the whole binary: seal must not add to it
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace levi::latch {
namespace {

using test::open_latch;
using test::TempFolder;

constexpr Instant kSealedAt{1'700'000'000'000'000'000};

TEST(Latch, IsBornSealedByItsNewInstance) {
  const TempFolder folder(test::kTmpfs);
  auto latch = Latch::create(latch_path(folder.path()));
  ASSERT_TRUE(latch) << latch.error().text();
  EXPECT_TRUE(latch.value().load().sealed());
  EXPECT_TRUE(latch.value().load().held_by(Holder::kNewInstance));
  EXPECT_EQ(latch.value().load().epoch(), 1u);
  EXPECT_EQ(latch.value().slot(Holder::kNewInstance).actor, "levid");
  EXPECT_FALSE(latch.value().begin_send(1));
  EXPECT_EQ(latch.value().in_flight(), 0u);
}

TEST(Latch, CountsOnFromTheEpochThatTheJournalSaw) {
  const TempFolder folder(test::kTmpfs);
  auto latch = Latch::create(latch_path(folder.path()), {{}, Holder::kLatchFile, 41});
  ASSERT_TRUE(latch);
  EXPECT_EQ(latch.value().load().epoch(), 42u);
  EXPECT_TRUE(latch.value().load().held_by(Holder::kLatchFile));
}

TEST(Latch, LetsOrdersPassOnlyWhenEveryBitIsClear) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  EXPECT_TRUE(latch.begin_send(1));
  EXPECT_EQ(latch.in_flight(), 1u);
  latch.end_send(1, true);
  EXPECT_EQ(latch.last_sequence(), 1u);
  EXPECT_EQ(latch.in_flight(), 0u);
  latch.seal(Holder::kOperator, "ann", "drill", kSealedAt, 0ns);
  latch.seal(Holder::kDailyLoss, "levid", "-200", kSealedAt, 0ns);
  EXPECT_FALSE(latch.begin_send(2));
  ASSERT_TRUE(latch.release(Holder::kOperator, 0));
  EXPECT_FALSE(latch.begin_send(2));
  ASSERT_TRUE(latch.release(Holder::kDailyLoss, 0));
  EXPECT_TRUE(latch.begin_send(2));
}

TEST(Latch, CountsOnlyWhatWasSent) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  ASSERT_TRUE(latch.begin_send(5));
  latch.end_send(5, false);
  EXPECT_EQ(latch.last_sequence(), 0u);
}

TEST(Latch, SealAcksTheHighestSequenceThatMayHaveLeft) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  ASSERT_TRUE(latch.begin_send(8));
  latch.end_send(8, true);
  EXPECT_EQ(latch.seal(Holder::kOperator, "ann", "a", kSealedAt, 0ns).sequence, 8u);
  ASSERT_TRUE(latch.release(Holder::kOperator, 0));
  ASSERT_TRUE(latch.begin_send(9));
  const Sealed sealed = latch.seal(Holder::kOperator, "ann", "b", kSealedAt, 100us);
  EXPECT_EQ(sealed.sequence, 9u);
  EXPECT_FALSE(sealed.in_flight_zero);
  latch.end_send(9, true);
  EXPECT_TRUE(latch.wait_drained(0ns));
}

TEST(Latch, SealingASealedLatchAdvancesTheEpochAgain) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  const Word first = latch.seal(Holder::kOperator, "ann", "a", kSealedAt, 0ns).word;
  const Word second = latch.seal(Holder::kOperator, "bob", "b", kSealedAt, 0ns).word;
  EXPECT_EQ(second.epoch(), first.epoch() + 1);
  EXPECT_TRUE(second.held_by(Holder::kOperator));
  EXPECT_EQ(latch.slot(Holder::kOperator).actor, "bob");
}

TEST(Latch, ReleaseFailsWhenSomebodySealedSince) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  const Word seen = latch.seal(Holder::kOperator, "ann", "a", kSealedAt, 0ns).word;
  latch.seal(Holder::kChaos, "chaos:r1", "C-6", kSealedAt, 0ns);
  const auto released = latch.release(Holder::kOperator, seen.epoch());
  ASSERT_FALSE(released);
  EXPECT_EQ(released.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(latch.load().held_by(Holder::kOperator));
  EXPECT_TRUE(latch.release(Holder::kOperator, latch.load().epoch()));
}

TEST(Latch, TwoHoldersOfOneEpochAreReleasedOneAfterTheOther) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  latch.seal(Holder::kOperator, "ann", "a", kSealedAt, 0ns);
  const Word seen = latch.seal(Holder::kChaos, "chaos:r1", "C-6", kSealedAt, 0ns).word;
  ASSERT_TRUE(latch.release(Holder::kOperator, seen.epoch()));
  const auto word = latch.release(Holder::kChaos, seen.epoch());
  ASSERT_TRUE(word);
  EXPECT_FALSE(word.value().sealed());
  EXPECT_EQ(word.value().epoch(), seen.epoch());
}

TEST(Latch, FlattenPassesExactlyTheEpochOfItsGrant) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  const Word granted = latch.seal(Holder::kOperator, "ann", "a", kSealedAt, 0ns).word;
  EXPECT_FALSE(latch.begin_send(1));
  ASSERT_TRUE(latch.begin_send(1, granted.epoch()));
  latch.end_send(1, true);
  latch.seal(Holder::kOperator, "bob", "stop that too", kSealedAt, 0ns);
  EXPECT_FALSE(latch.begin_send(2, granted.epoch()));
  EXPECT_EQ(latch.in_flight(), 0u);
}

TEST(Latch, SealAllocatesNothing) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  ASSERT_TRUE(latch.begin_send(1));
  const std::size_t before = allocations;
  latch.seal(Holder::kOperator, "ann", "no memory is needed to stop", kSealedAt, 50us);
  EXPECT_EQ(allocations, before);
}

TEST(Latch, CutsTextAtACharacterAndKeepsTheRest) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  const std::string reason =
      std::string(126, 'x') + "\xc3\xa4\xc3\xb6";  // the 127th byte is half of an "ä"
  latch.seal(Holder::kEnvironment, std::string(40, 'a'), reason, kSealedAt, 0ns);
  const Slot slot = latch.slot(Holder::kEnvironment);
  EXPECT_EQ(slot.actor, std::string(31, 'a'));
  EXPECT_EQ(slot.reason, std::string(126, 'x'));
  EXPECT_EQ(slot.wall, kSealedAt);
  EXPECT_EQ(slot.epoch, latch.load().epoch());
}

TEST(Latch, EveryHolderHasANameThatLeadsBack) {
  std::set<std::string> names;
  for (unsigned i = 0; i < static_cast<unsigned>(Holder::kCount); ++i) {
    const auto holder = static_cast<Holder>(i);
    EXPECT_EQ(parse_holder(to_string(holder)), holder);
    names.insert(to_string(holder));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Holder::kCount));
  EXPECT_EQ(parse_holder("nobody"), std::nullopt);
}

TEST(Latch, KnowsItsGateway) {
  const TempFolder folder(test::kTmpfs);
  Latch latch = open_latch(folder);
  EXPECT_EQ(latch.gateway().pid, getpid());
  EXPECT_EQ(latch.gateway().start_ticks, os::identify_self().start_ticks);
  latch.set_gateway({});
  EXPECT_EQ(latch.gateway().pid, 0);
}

TEST(Latch, RuntimeFolderIsOnTmpfsAndDistinctPerDataFolder) {
  const char* standing = std::getenv("XDG_RUNTIME_DIR");
  const std::string saved = standing != nullptr ? standing : "";
  unsetenv("XDG_RUNTIME_DIR");
  const std::string one = default_runtime_folder("/srv/levi/one");
  EXPECT_EQ(one.rfind("/dev/shm/levi-", 0), 0u);
  EXPECT_EQ(one, default_runtime_folder("/srv/levi/x/../one/"));
  EXPECT_NE(one, default_runtime_folder("/srv/levi/two"));
  setenv("XDG_RUNTIME_DIR", "/dev/shm", 1);
  EXPECT_EQ(default_runtime_folder("/srv/levi/one"), "/dev/shm/levi");
  setenv("XDG_RUNTIME_DIR", "/proc", 1);  // not tmpfs
  EXPECT_EQ(default_runtime_folder("/srv/levi/one"), one);
  if (standing != nullptr) {
    setenv("XDG_RUNTIME_DIR", saved.c_str(), 1);
  } else {
    unsetenv("XDG_RUNTIME_DIR");
  }
}

// An operator's shell has another user and environment than levid: the record tells, not a guess.
TEST(RuntimeFolder, IsTheOneThatLevidRecordedInItsDataFolder) {
  const TempFolder data;
  EXPECT_EQ(runtime_folder_of(data.path()).value(), default_runtime_folder(data.path()));
  ASSERT_TRUE(record_runtime_folder(data.path(), "/dev/shm/of-another-user"));
  EXPECT_EQ(runtime_folder_of(data.path()).value(), "/dev/shm/of-another-user");
  for (const char* damaged : {"", "relative\n", "/dev/shm/a\n/dev/shm/b\n"}) {
    ASSERT_TRUE(os::write_file_atomic(data / "runtime", damaged));
    const auto found = runtime_folder_of(data.path());
    ASSERT_FALSE(found) << damaged;
    EXPECT_EQ(found.error().code, ErrorCode::kCorrupt);
  }
}

TEST(Latch, TellsWhichInstanceItIsOf) {
  const TempFolder folder(test::kTmpfs);
  CreateOptions options;
  options.instance = InstanceId("abcdefg");
  const auto made = Latch::create(latch_path(folder.path()), options);
  ASSERT_TRUE(made);
  const auto latch = Latch::attach(latch_path(folder.path()));
  ASSERT_TRUE(latch);
  EXPECT_EQ(latch.value().instance(), InstanceId("abcdefg"));
}

}  // namespace
}  // namespace levi::latch
