#include "core/store/read.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/store/support.h"

namespace levi::store {
namespace {

using namespace test;  // NOLINT: the fixtures of this folder

TEST(StoreReader, SaysThatThereIsNoDatabaseYet) {
  const TempFolder folder;
  StoreReader reader(folder / "levi.db");
  EXPECT_EQ(reader.trades(10).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(reader.recent_signals(10).error().code, ErrorCode::kNotFound);
}

TEST(StoreReader, GivesTheNewestRowsFirstAndNotMoreThanAsked) {
  StoreFolder folder(2);
  Projector projector = folder.open_projector();
  folder.feed(3000);
  ASSERT_TRUE(folder.catch_up(projector));
  StoreReader reader(folder.options.path);
  const auto signals = reader.recent_signals(7);
  ASSERT_TRUE(signals) << signals.error().text();
  ASSERT_EQ(signals.value().size(), 7u);
  for (std::size_t i = 1; i < 7; ++i) {
    EXPECT_LT(signals.value()[i].record, signals.value()[i - 1].record);
  }
  EXPECT_FALSE(signals.value()[0].engine.empty());
  EXPECT_FALSE(signals.value()[0].symbol.empty());
  const auto trades = reader.trades(1000);
  ASSERT_TRUE(trades) << trades.error().text();
  ASSERT_GT(trades.value().size(), 10u);
  for (const TradeRow& trade : trades.value()) {
    EXPECT_TRUE(trade.side == "buy" || trade.side == "sell");
    EXPECT_EQ(trade.client_id.substr(0, 2), "LV");
    EXPECT_GE(trade.notional.value, 0);
  }
  const auto projection = reader.projection();
  ASSERT_TRUE(projection);
  EXPECT_EQ(projection.value().instance, "abcdefg");
  EXPECT_EQ(projection.value().last_sequence, folder.writer->last().value);
  EXPECT_EQ(projection.value().gaps, 0u);
}

TEST(StoreReader, ReadsWhileAnotherWriterHoldsTheLock) {
  StoreFolder folder(2);
  Projector projector = folder.open_projector();
  folder.feed(200);
  ASSERT_TRUE(folder.catch_up(projector));
  Sql other(folder.options.path);
  other.run("BEGIN EXCLUSIVE");
  EXPECT_TRUE(StoreReader(folder.options.path).recent_signals(5));
}

TEST(StoreReader, CutsALimitThatIsTooLarge) {
  StoreFolder folder(2);
  Projector projector = folder.open_projector();
  folder.feed(12'000);
  ASSERT_TRUE(folder.catch_up(projector));
  const auto signals = StoreReader(folder.options.path).recent_signals(~0u);
  ASSERT_TRUE(signals);
  EXPECT_EQ(signals.value().size(), kReadRowsMax);
}

TEST(StoreReader, DamageIsAnError) {
  const TempFolder folder;
  std::ofstream(folder / "levi.db") << std::string(5000, 'x');
  EXPECT_EQ(StoreReader(folder / "levi.db").trades(10).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace levi::store
