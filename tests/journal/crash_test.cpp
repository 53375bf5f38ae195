// SIGKILL of the writer at every instruction, of the persister at every system call; power cuts;
// children killed at random.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <atomic>
#include <functional>
#include <new>

#include "tests/journal/support.h"

namespace levi::journal {
namespace {

namespace fs = std::filesystem;
using namespace test;  // NOLINT: the fixtures of this folder

template <class T>
T& shared() {
  void* memory =
      mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  LEVI_CHECK(memory != MAP_FAILED);
  return *new (memory) T;
}

// Runs `body` in a child that is stopped after each instruction or at each system call between its
// two SIGSTOPs, and looks at the world each time. False where tracing is not permitted.
enum class Step : int { kInstruction = PTRACE_SINGLESTEP, kSystemCall = PTRACE_SYSCALL };
bool trace(Step step, const std::function<void(const std::function<void()>& stop)>& body,
           const std::function<void()>& look) {
  Forked child([&] {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) return 77;
    body([] { raise(SIGSTOP); });
    return 0;
  });
  int status = 0;
  bool between = false;
  for (;;) {
    LEVI_CHECK(waitpid(child.pid(), &status, __WALL) == child.pid());
    if (!WIFSTOPPED(status)) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (WSTOPSIG(status) == SIGSTOP) {
      if (between) return true;  // the destructor kills it
      between = true;
    } else {
      look();
    }
    LEVI_CHECK(ptrace(static_cast<__ptrace_request>(step), child.pid(), nullptr, nullptr) == 0);
  }
}

// A ring of 64 KiB that is filled so far that the next record fits, just fits, is skipped to the
// beginning, or padded.
struct EdgeOfRing {
  const char* name;
  std::size_t body_bytes;  // of the records that fill it
  std::uint64_t fill;      // how many
};
constexpr EdgeOfRing kEdges[] = {{"in the middle", 60, 300},
                                 {"the skipped end", 60, 629},  // 104 x 630 leaves 16 bytes
                                 {"the exact end", 84, 511},    // 128 x 512 fills it
                                 {"a record that needs padding", 64, 629}};  // 104 x 629 leaves 120

std::string sized_body(std::uint64_t n, std::size_t bytes) {
  std::string body(bytes, static_cast<char>(n));
  std::memcpy(body.data(), &n, 8);
  return body;
}

TEST(Crash, TheWriterMayBeKilledAtAnyInstruction) {
  for (const EdgeOfRing& edge : kEdges) {
    SCOPED_TRACE(edge.name);
    JournalFolder folder(64u << 10, 1u << 20);
    const bool padded = edge.body_bytes == 64;
    const auto body = [&](std::uint64_t n) {
      return sized_body(n, padded && n > edge.fill ? 150 : edge.body_bytes);
    };
    {
      auto opened = Writer::open(folder.paths, folder.options, Recovered{}, {1});
      ASSERT_TRUE(opened);
      Persister persister = open_persister(folder);
      for (std::uint64_t n = 1; n <= edge.fill; ++n) {
        ASSERT_EQ(opened.value().append(1, body(n), {1}).value, n);
      }
      persist_all(persister);
    }
    const int fd = open(folder.paths.ring.c_str(), O_RDONLY | O_CLOEXEC);
    const std::size_t size = fs::file_size(folder.paths.ring);
    const void* ring = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    ASSERT_NE(ring, MAP_FAILED);
    auto& acknowledged = shared<std::atomic<std::uint64_t>>();
    acknowledged = edge.fill;
    std::string image;
    std::uint64_t last = edge.fill;
    int images = 0;
    const auto look = [&] {
      if (image.size() == size && std::memcmp(image.data(), ring, size) == 0) return;
      image.assign(static_cast<const char*>(ring), size);
      ++images;
      const std::uint64_t known = acknowledged;
      std::uint64_t seen = 0;
      ReplayHandlers handlers;
      handlers.on_record = [&](const Record& record) {
        EXPECT_EQ(record.sequence.value, ++seen);
        EXPECT_EQ(record.body, body(seen));
        return ok();
      };
      const auto replayed = replay(folder.paths, folder.options, handlers);
      ASSERT_TRUE(replayed) << replayed.error().text();
      EXPECT_EQ(replayed.value().records_cut, 0u);
      EXPECT_GE(seen, known);
      EXPECT_GE(seen, last);
      last = seen;
    };
    const bool traced = trace(
        Step::kInstruction,
        [&](const auto& stop) {
          const auto found = replay(folder.paths, folder.options, {});
          auto writer = Writer::open(folder.paths, folder.options, found.value(), {2});
          LEVI_CHECK(writer);
          const std::string first = body(edge.fill + 1);
          const std::string second = body(edge.fill + 2);
          stop();
          acknowledged = writer.value().append(1, first, {1}).value;
          acknowledged = writer.value().append(1, second, {1}).value;
          stop();
        },
        look);
    munmap(const_cast<void*>(ring), size);
    close(fd);
    if (!traced) GTEST_SKIP() << "tracing is not permitted here";
    EXPECT_EQ(last, edge.fill + 2);
    EXPECT_GT(images, 20);
  }
}

// The state of all files at one moment, as somebody who was killed then would leave them.
struct Image {
  TempFolder memory{kTmpfs};
  TempFolder disk{kTmpfs};
  JournalFolder view;

  explicit Image(const JournalFolder& of) {
    view.paths = {memory / "journal.ring", disk / "journal"};
    view.options = of.options;
    fs::copy(of.paths.segments, view.paths.segments);
    fs::copy_file(of.paths.ring, view.paths.ring);
  }
};

TEST(Crash, ThePersisterMayBeKilledAtAnySystemCall) {
  JournalFolder folder(64u << 10, 16u << 10);
  Writer writer = open_writer(folder);
  {
    Persister persister = open_persister(folder);
    append(writer, 100);
    persist_all(persister);
    append(writer, 350);  // of several segments
  }
  const std::uint64_t before = 100;
  int looks = 0;
  const auto look = [&] {
    ++looks;
    Image image(folder);
    Replayed seen = replay_all(image.view);
    ASSERT_TRUE(seen.result) << seen.result.error().text();
    EXPECT_EQ(seen.last, 450u);
    EXPECT_TRUE(seen.whole);
    {
      Persister successor = open_persister(image.view);
      EXPECT_GE(successor.durable().value, before);
      persist_all(successor);
    }
    image.view.reboot();
    seen = replay_all(image.view);
    ASSERT_TRUE(seen.result) << seen.result.error().text();
    EXPECT_EQ(seen.last, 450u);
    EXPECT_TRUE(seen.whole);
    Image rebooted(folder);
    rebooted.view.reboot();
    seen = replay_all(rebooted.view);
    ASSERT_TRUE(seen.result) << seen.result.error().text();
    EXPECT_GE(seen.last, before);
    EXPECT_TRUE(seen.whole);
  };
  const bool traced = trace(
      Step::kSystemCall,
      [&](const auto& stop) {
        Persister persister = open_persister(folder);
        stop();
        persist_all(persister);
        (void)persister.write_snapshot(1, persister.durable(), "state");
        stop();
      },
      look);
  if (!traced) GTEST_SKIP() << "tracing is not permitted here";
  EXPECT_GT(looks, 60);
}

// The ring's watermarks as they are now, to put them back: as if levid had died in front of them.
std::string watermarks(const JournalFolder& folder) {
  return bytes_of(folder.paths.ring).substr(128, 128);
}

// Segments of several lives stand on the disk, and the watermark does not know it yet. Each vouches
// for the one in front of it: what a successor does to them must keep that true at any moment.
TEST(Crash, APersisterWhosePredecessorDiedBeforeTheWatermarkMayBeKilledToo) {
  JournalFolder folder(64u << 10, 16u << 10);
  for (std::uint32_t life = 1; life <= 3; ++life) {
    Writer writer = open_writer(folder, life);
    append(writer, 40);
    if (life == 1) {
      Persister persister = open_persister(folder);
      persist_all(persister);
    }
  }
  const std::string before = watermarks(folder);
  {
    Persister persister = open_persister(folder);
    ASSERT_TRUE(persister.run_once());
  }
  overwrite(folder.paths.ring, 128, before);
  int looks = 0;
  const auto look = [&] {
    ++looks;
    for (const bool rebooted : {false, true}) {
      Image image(folder);
      if (rebooted) image.view.reboot();
      const Replayed seen = replay_all(image.view);
      ASSERT_TRUE(seen.result) << seen.result.error().text();
      EXPECT_EQ(seen.last, 120u) << (rebooted ? "without the ring" : "with the ring");
      EXPECT_TRUE(seen.whole);
    }
  };
  const bool traced = trace(
      Step::kSystemCall,
      [&](const auto& stop) {
        Persister persister = open_persister(folder);
        stop();
        persist_all(persister);
        stop();
      },
      look);
  if (!traced) GTEST_SKIP() << "tracing is not permitted here";
  EXPECT_GT(looks, 10);
}

// Before an fdatasync has returned, each page of a file may have reached the disk or not.
void mix_pages(const std::string& before, const std::string& after, const std::string& out,
               Random& random) {
  const std::string from = bytes_of(before);
  const std::string to = bytes_of(after);
  ASSERT_EQ(from.size(), to.size());
  std::string mixed;
  for (std::size_t page = 0; page < to.size(); page += 4096) {
    mixed += (random.below(2) == 0 ? from : to).substr(page, 4096);
  }
  overwrite(out, 0, mixed);
}

TEST(Crash, APowerCutDuringTheSyncLosesNothingThatWasDurable) {
  Random random(23);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    JournalFolder folder(256u << 10, 256u << 10);
    Writer writer = open_writer(folder);
    Persister persister = open_persister(folder);
    for (std::uint64_t batches = 1 + random.below(3); batches > 0; --batches) {
      append(writer, 50 + random.below(300));
      ASSERT_TRUE(persister.run_once());
    }
    const std::uint64_t durable = persister.durable().value;
    const Image before(folder);
    append(writer, 1 + random.below(500));
    ASSERT_TRUE(persister.run_once());
    mix_pages(before.view.segment(1), folder.segment(1), folder.segment(1), random);
    folder.reboot();
    Replayed seen = replay_all(folder);
    ASSERT_TRUE(seen.result) << seen.result.error().text();
    EXPECT_TRUE(seen.whole);
    EXPECT_GE(seen.last, durable);
    Writer next = open_writer(folder, 2);
    Persister again = open_persister(folder);
    append(next, 10);
    persist_all(again);
    folder.reboot();
    const std::uint64_t expected = seen.last + 10;
    seen = replay_all(folder);
    ASSERT_TRUE(seen.result) << seen.result.error().text();
    EXPECT_EQ(seen.last, expected);
    EXPECT_TRUE(seen.whole);
  }
}

// The child appends and says how far it came; the parent kills it at a random moment and replays.
TEST(Crash, EverythingAcknowledgedIsThereAfterAKillAtARandomMoment) {
  JournalFolder folder(256u << 10, 64u << 10);
  Random random(31);
  auto& acknowledged = shared<std::atomic<std::uint64_t>>();
  std::uint64_t last = 0;
  for (std::uint32_t life = 1; life <= 15; ++life) {
    SCOPED_TRACE(life);
    const Signal started;
    Forked levid([&] {
      Writer writer = open_writer(folder, life);
      Persister persister = open_persister(folder);
      started.give();
      for (;;) {
        for (int i = 0; i < 20; ++i) {
          append(writer, 1);
          acknowledged = writer.last().value;
        }
        LEVI_CHECK(persister.run_once());
      }
      return 0;
    });
    ASSERT_TRUE(started.take());
    for (std::uint64_t spin = random.below(1'000'000); spin > 0; --spin) __asm__ volatile("");
    levid.signal(SIGKILL);
    ASSERT_TRUE(levid.killed_by(SIGKILL));
    const Replayed seen = replay_all(folder);
    ASSERT_TRUE(seen.result) << seen.result.error().text();
    EXPECT_TRUE(seen.whole);
    EXPECT_GE(seen.last, acknowledged.load());
    EXPECT_LE(seen.last, acknowledged.load() + 1);
    EXPECT_EQ(seen.result.value().records_cut, 0u);
    last = seen.last;
  }
  EXPECT_GT(last, 15u) << "there was something to lose";
}

// A crash between a segment's fdatasync and the ring's watermark, and the ring damaged in between:
// the segments have what the ring lost. Going on in that ring would leave a gap that no persister
// gets over.
TEST(Crash, ARingThatEndsBeforeTheSegmentsDoIsMadeAnew) {
  JournalFolder folder(1u << 20, kSegmentBytesMin);
  std::string before;
  {
    Writer writer = open_writer(folder);
    Persister persister = open_persister(folder);
    append(writer, 20);
    persist_all(persister);
    before = watermarks(folder);
    append(writer, 2000);
    persist_all(persister);
  }
  overwrite(folder.paths.ring, 128, before);
  flip_bit(folder.paths.ring, offset_of(folder.paths.ring, 40) + 44);

  Writer writer = open_writer(folder, 2);
  const std::uint64_t last = writer.last().value;
  EXPECT_GT(last, 40u) << "the segments vouch for more";
  append(writer, 100);
  Persister persister = open_persister(folder);
  const auto copied = persister.run_once();
  ASSERT_TRUE(copied) << copied.error().text();
  EXPECT_EQ(copied.value(), 100u);
  const Replayed seen = replay_all(folder);
  ASSERT_TRUE(seen.result) << seen.result.error().text();
  EXPECT_TRUE(seen.whole);
  EXPECT_EQ(seen.last, last + 100);
}

}  // namespace
}  // namespace levi::journal
