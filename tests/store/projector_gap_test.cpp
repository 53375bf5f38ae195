// A projector that is behind what the journal still has.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/store/support.h"

namespace levi::store {
namespace {

namespace fs = std::filesystem;
using namespace test;  // NOLINT: the fixtures of this folder

TEST(Projector, WhereTheJournalNoLongerReachesBackItRebuildsAndNotesTheGap) {
  StoreFolder folder(14);
  {
    Projector ahead = folder.open_projector();
    folder.feed(200);
    ASSERT_TRUE(folder.catch_up(ahead));
  }
  const std::int64_t known =
      Sql(folder.options.path).number("SELECT last_sequence FROM projection");
  ProjectorOptions elsewhere = folder.options;
  elsewhere.path = folder.data / "other.db";
  Projector replica = std::move(Projector::open(elsewhere, folder.writer->ring()).value());
  for (int i = 0; i < 40; ++i) {  // the ring is lapped, segments go
    folder.feed(1000);
    ASSERT_TRUE(replica.step(folder.persister->durable()));
    folder.snapshot(replica);
  }
  ASSERT_FALSE(fs::exists(folder.journal.segment(1)));
  Projector projector = folder.open_projector();
  const auto notices = projector.take_notices();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_NE(notices[0].find("no longer has records " + std::to_string(known + 1)),
            std::string::npos);
  ASSERT_TRUE(folder.catch_up(projector));
  Sql database(folder.options.path);
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
  EXPECT_EQ(database.number("SELECT first_sequence FROM gaps"), known + 1);
}

TEST(Projector, RetentionThatOvertakesItWhileItRunsLeavesAGapToo) {
  StoreFolder folder(15);
  Projector projector = folder.open_projector();
  folder.feed(200);
  ASSERT_TRUE(folder.catch_up(projector));
  const RecordSequence known = projector.committed();
  ProjectorOptions elsewhere = folder.options;
  elsewhere.path = folder.data / "other.db";
  Projector replica = std::move(Projector::open(elsewhere, folder.writer->ring()).value());
  for (int i = 0; i < 40; ++i) {
    folder.feed(1000);
    ASSERT_TRUE(replica.step(folder.persister->durable()));
    folder.snapshot(replica);
  }
  ASSERT_FALSE(fs::exists(folder.journal.segment(1)));
  const Status behind = projector.step(folder.persister->durable());
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(folder.catch_up(projector));
  Sql database(folder.options.path);
  EXPECT_EQ(difference(database, folder.stream.machine().state()), "");
  EXPECT_EQ(database.number("SELECT first_sequence FROM gaps"),
            static_cast<std::int64_t>(known.value + 1));
}

}  // namespace
}  // namespace levi::store
