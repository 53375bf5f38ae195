#include "exchange/ledger/ledger.h"

#include <gtest/gtest.h>

#include "core/os/file.h"
#include "tests/support/temp_folder.h"

namespace levi::exchange {
namespace {

LedgerEntry order_at(std::int64_t mono_ns) {
  LedgerEntry entry;
  entry.origin.mono = MonoTime{mono_ns};
  return entry;
}

TEST(Ledger, BeyondItsLimitTheOldestGoAndItSaysSo) {
  Ledger ledger(3);
  for (int i = 1; i <= 5; ++i)
    EXPECT_EQ(ledger.append(order_at(i)).value, static_cast<std::uint64_t>(i));
  EXPECT_EQ(ledger.truncated_before().value, 3u);
  EXPECT_EQ(ledger.last().value, 5u);
  ASSERT_EQ(ledger.entries().size(), 3u);
  EXPECT_EQ(ledger.entries()[ledger.index_after({3})].arrival.value, 4u);
  EXPECT_EQ(ledger.index_after({0}), 0u);
  EXPECT_EQ(ledger.index_after({5}), 3u);
  EXPECT_EQ(ledger.index_after({UINT64_MAX - 1}), 3u);
}

TEST(Ledger, TheRateCountsOrdersAfterTheBeginningUpToTheEnd) {
  Ledger ledger;
  for (const int at : {10, 20, 20, 30}) ledger.append(order_at(at));
  LedgerEntry fill = order_at(30);
  fill.kind = EntryKind::kFill;
  ledger.append(fill);
  EXPECT_EQ(ledger.orders_between(MonoTime{10}, MonoTime{30}), 3u);
  EXPECT_EQ(ledger.orders_between(MonoTime{0}, MonoTime{20}), 3u);
  EXPECT_EQ(ledger.orders_between(MonoTime{30}, MonoTime{99}), 0u);
}

TEST(LedgerFile, AFullFileMakesRoomAndItsPreviousPartIsKept) {
  test::TempFolder folder;
  const std::string path = folder / "ledger.jsonl";
  auto file = LedgerFile::open(path, 20);
  ASSERT_TRUE(file);
  for (const char* line :
       {"first line", "second line", "third line", "fourth line", "fifth line"}) {
    file.value().add(line);
    ASSERT_TRUE(file.value().flush());
  }
  EXPECT_EQ(os::read_file(path).value(), "fifth line\n");
  EXPECT_EQ(os::read_file(path + ".1").value(), "third line\nfourth line\n");
}

TEST(LedgerFile, AnUnwritablePathIsAnErrorThatNamesIt) {
  const auto file = LedgerFile::open("/nowhere/ledger.jsonl");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("/nowhere/ledger.jsonl"), std::string::npos);
}

}  // namespace
}  // namespace levi::exchange
