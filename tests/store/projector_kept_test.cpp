// How much of the projection stays.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/store/support.h"

namespace levi::store {
namespace {

using namespace test;  // NOLINT: the fixtures of this folder

std::string newest_signals(Sql& sql, int count) {
  return sql.ask(
      "SELECT group_concat(record) FROM (SELECT record FROM signals ORDER BY record DESC "
      "LIMIT " +
      std::to_string(count) + ")");
}

TEST(Projector, KeepsTheNewestSignalsAndOrdersAndAllThatIsNotOver) {
  const std::string over = "state IN ('filled', 'canceled', 'rejected', 'unsent')";
  StoreFolder folder(5);
  ProjectorOptions few = folder.options;
  few.path = folder.data / "few.db";
  few.kept = {30, 20};
  for (int life = 0; life < 4; ++life) {
    folder.feed(3'000);
    Projector all = folder.open_projector();
    ASSERT_TRUE(folder.catch_up(all));
    auto some = Projector::open(few, folder.writer->ring());
    ASSERT_TRUE(some);
    ASSERT_TRUE(folder.catch_up(some.value()));
    Sql whole(folder.options.path);
    Sql bounded(few.path);
    ASSERT_GT(whole.number("SELECT count(*) FROM signals"), 60);
    EXPECT_EQ(newest_signals(bounded, 1'000'000), newest_signals(whole, 30));
    EXPECT_EQ(bounded.number("SELECT signals FROM row_counts"), 30);
    const auto floor = static_cast<std::int64_t>(all.machine().state().sequence_last.value) - 20;
    ASSERT_GT(floor, 0);
    const std::string kept =
        "SELECT group_concat(sequence || state) FROM (SELECT * FROM orders "
        "WHERE sequence > " +
        std::to_string(floor) + " OR NOT " + over + " ORDER BY sequence)";
    EXPECT_EQ(bounded.ask(kept), whole.ask(kept));
    EXPECT_EQ(bounded.number("SELECT count(*) FROM orders WHERE sequence <= " +
                             std::to_string(floor) + " AND " + over),
              0);
    EXPECT_EQ(bounded.number("SELECT count(*) FROM fills"),
              whole.number("SELECT count(*) FROM fills"));
  }
}

// A database of a build that kept everything: what is too much goes little by little.
TEST(Projector, ABacklogOfRowsGoesInSmallSteps) {
  StoreFolder folder(5);
  folder.feed(3'000);
  {
    Projector projector = folder.open_projector();
    ASSERT_TRUE(folder.catch_up(projector));
  }
  {
    Sql sql(folder.options.path);
    sql.run("DROP TABLE row_counts");
    sql.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "INSERT INTO signals SELECT -i, 0, NULL, NULL, 'place', 'buy', NULL, NULL, NULL, "
        "'accepted' FROM n");
  }
  folder.options.kept = {100, 100};
  Sql sql(folder.options.path);
  Projector projector = folder.open_projector();
  std::int64_t rows = sql.number("SELECT count(*) FROM signals");
  EXPECT_GT(rows, 20'000);
  for (int turns = 0; rows > 100; ++turns) {
    ASSERT_LT(turns, 100);
    folder.feed(20);
    ASSERT_TRUE(folder.catch_up(projector));
    const std::int64_t now = sql.number("SELECT count(*) FROM signals");
    EXPECT_LT(now, rows);
    EXPECT_GE(now, std::max<std::int64_t>(rows - 5'000, 100));
    rows = now;
  }
  EXPECT_EQ(rows, 100);
  EXPECT_EQ(sql.number("SELECT min(record) > 0 FROM signals"), 1);
}

}  // namespace
}  // namespace levi::store
