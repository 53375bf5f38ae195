// Resumes: the shell answers them, so the projection learns from the latch how they ended.
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/base/latch_word.h"
#include "tests/store/support.h"

namespace levi::store {
namespace {

using namespace test;     // NOLINT: the fixtures of this folder
using namespace machine;  // NOLINT: its events

constexpr std::uint64_t kEpoch = 7;

std::uint64_t word(bool held) {
  const std::uint64_t holder = held ? std::uint64_t{1} << unsigned(latch::Holder::kOperator) : 0;
  return kEpoch << latch::kHolderBits | holder;
}

struct Resumed : StoreFolder {
  std::int64_t now = 1'000;

  void give(const Event& event) {
    const auto bytes = event_bytes(event);
    LEVI_CHECK(writer->append(event_type(event), bytes, {now += 1'000}).value != 0);
    persist_all(*persister);
  }
  void give_start(bool held) {
    Started started;
    started.incarnation = {1};
    started.instance = journal.options.identity->instance;
    started.latch_word = word(held);
    give(started);
  }
  void give_seen(bool held) {
    LatchSeen seen;
    seen.word = word(held);
    give(seen);
  }
  // Up to a resume that the machine agreed to, committed; then levid dies.
  Resumed() {
    give_start(true);
    Command command;
    command.request = 12;
    command.kind = CommandKind::kResume;
    command.holder = static_cast<std::uint32_t>(latch::Holder::kOperator);
    command.actor = std::string_view("a person");
    command.reason = std::string_view("all is well");
    give(command);
    Projector projector = open_projector();
    LEVI_CHECK(catch_up(projector));
    snapshot(projector);
  }
  std::string outcome() {
    Projector projector = open_projector();
    LEVI_CHECK(catch_up(projector));
    Sql sql(options.path);
    return sql.ask("SELECT outcome || ' ' || ifnull(answer, '-') || ' ' || epoch FROM commands");
  }
  std::string outcome_rebuilt() {
    for (const char* suffix : {"", "-wal", "-shm"}) unlink((options.path + suffix).c_str());
    return outcome();
  }
};

TEST(Projector, TellsHowAResumeEndedThatWasUnderWayWhenItsLevidDied) {
  for (const bool by_start : {false, true}) {
    SCOPED_TRACE(by_start);
    Resumed folder;
    EXPECT_EQ(folder.outcome(), "opening - 7");
    if (by_start) {  // it died between the latch's word and the record of it
      folder.give_start(false);
    } else {
      folder.give_seen(false);
    }
    EXPECT_EQ(folder.outcome(), "done - 7");
    EXPECT_EQ(folder.outcome_rebuilt(), "done - 7");
  }
}

TEST(Projector, AResumeThatNobodyCarriedOutDoesNotStayOpening) {
  Resumed folder;
  folder.give_start(true);
  const std::string refused = "refused levid ended before it could let go 7";
  EXPECT_EQ(folder.outcome(), refused);
  folder.give_seen(false);
  EXPECT_EQ(folder.outcome(), refused);
  EXPECT_EQ(folder.outcome_rebuilt(), refused);
}

}  // namespace
}  // namespace levi::store
