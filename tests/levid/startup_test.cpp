// What a start makes of a journal's ring that is gone or damaged while the latch stands.
#include "core/levid/startup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "core/base/check.h"
#include "core/os/file.h"
#include "tests/support/temp_folder.h"

namespace levi::levid {
namespace {

namespace fs = std::filesystem;

struct Folders {
  test::TempFolder data{test::kDisk};
  test::TempFolder runtime{test::kTmpfs};
  Config config;
  std::string ring;

  Folders() {
    LEVI_CHECK(os::write_file_atomic(data / "key", "key"));
    LEVI_CHECK(os::write_file_atomic(data / "secret", "secret"));
    const std::string text =
        "mode: LIVE\ndata: " + data / "data" + "\nruntime: " + runtime / "levi" +
        "\nsymbols: [BTCUSDT]\nvenue:\n  rest: 127.0.0.1:1\n  key_file: " + data / "key" +
        "\n  secret_file: " + data / "secret" + "\njournal: {ring_mib: 1}\n";
    auto parsed = parse_config(text, "test.yaml");
    LEVI_CHECK(parsed);
    config = std::move(parsed).value();
    ring = config.runtime + "/journal.ring";
  }
  std::unique_ptr<Startup> start() const {
    auto started = start_up(config);
    if (!started) ADD_FAILURE() << started.error().text();
    LEVI_CHECK(started);
    return std::move(started).value();
  }
  // A life that opened the latch and sent orders up to `sent`, of which the journal tells nothing.
  void live(std::uint64_t sent) const {
    const auto life = start();
    LEVI_CHECK(life->latch.release(latch::Holder::kNewInstance, 0));
    if (sent == 0) return;
    LEVI_CHECK(life->latch.begin_send(sent));
    life->latch.end_send(sent, true);
  }
};

std::string held_because(const Startup& startup) {
  if (!startup.latch.load().held_by(latch::Holder::kJournal)) return "";
  return startup.latch.slot(latch::Holder::kJournal).reason;
}

void damage(const std::string& ring) { fs::resize_file(ring, 100); }

TEST(Startup, ADamagedRingIsStartedWithoutAndTheLatchIsTaken) {
  for (const std::uint64_t sent : {0u, 7u}) {
    const Folders folders;
    folders.live(sent);
    damage(folders.ring);
    const auto life = folders.start();
    EXPECT_EQ(held_because(*life), "the journal's ring was damaged: " + std::to_string(sent) +
                                       " orders that were sent are missing in the journal");
    EXPECT_TRUE(fs::exists(folders.ring + ".damaged-1"));
  }
}

TEST(Startup, AMissingRingTakesTheLatchWhereOrdersAreMissingInTheJournal) {
  const Folders folders;
  folders.live(7);
  fs::remove(folders.ring);
  EXPECT_EQ(held_because(*folders.start()),
            "the journal's ring was missing: 7 orders that were sent are missing in the journal");
}

TEST(Startup, ARingThatWasMovedAwayAfterACleanStopTakesNothing) {
  const Folders folders;
  folders.live(0);
  fs::remove(folders.ring);
  EXPECT_FALSE(folders.start()->latch.load().sealed());
}

// Once said is enough: after a release, the sequence that the latch remembers proves nothing new.
TEST(Startup, AWholeRingTakesNothing) {
  const Folders folders;
  folders.live(7);
  EXPECT_FALSE(folders.start()->latch.load().sealed());
}

}  // namespace
}  // namespace levi::levid
