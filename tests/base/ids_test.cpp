#include "core/base/ids.h"

#include <gtest/gtest.h>

#include <string>
#include <unordered_set>

namespace levi {
namespace {

ClientOrderIdParts some_parts() { return {OrderKind::kNormal, "abc1234", {7}, {0x123456789abcu}}; }

TEST(ClientOrderId, IsReadBackAsItWasWritten) {
  for (const OrderKind kind : {OrderKind::kNormal, OrderKind::kFlatten}) {
    for (const std::uint64_t sequence : {1ull, 255ull, 0xffffffffffffull}) {
      ClientOrderIdParts parts = some_parts();
      parts.kind = kind;
      parts.sequence = {sequence};
      const auto back = parse_client_order_id(format_client_order_id(parts).view());
      ASSERT_TRUE(back);
      EXPECT_EQ(back->kind, kind);
      EXPECT_EQ(back->instance, parts.instance);
      EXPECT_EQ(back->incarnation, parts.incarnation);
      EXPECT_EQ(back->sequence, parts.sequence);
    }
  }
}

TEST(ClientOrderId, HasTheLayoutThatTheJudgeReads) {
  const ClientOrderId id = format_client_order_id(some_parts());
  EXPECT_EQ(id.view(), "LVOabc1234000007123456789abc");
  EXPECT_EQ(id.view().size(), 28u);
}

TEST(ClientOrderId, SortsByIncarnationThenSequence) {
  ClientOrderIdParts parts = some_parts();
  const ClientOrderId first = format_client_order_id(parts);
  parts.sequence.value += 1;
  const ClientOrderId second = format_client_order_id(parts);
  parts.incarnation.value += 1;
  parts.sequence = {1};
  const ClientOrderId third = format_client_order_id(parts);
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
}

TEST(ClientOrderId, OfOthersIsForeign) {
  const std::string ours = format_client_order_id(some_parts()).str();
  std::string wrong_kind = ours;
  wrong_kind[2] = 'X';
  std::string not_hex = ours;
  not_hex[20] = 'g';
  std::string upper_case = ours;
  upper_case[27] = 'C';
  for (const std::string& text :
       {std::string(), std::string("LV"), std::string("my-own-order"), ours + "0",
        ours.substr(0, 27), wrong_kind, not_hex, upper_case, "XX" + ours.substr(2)}) {
    EXPECT_FALSE(parse_client_order_id(text)) << text;
  }
}

TEST(ClientOrderIdDeathTest, RefusesNumbersThatWouldWrap) {
  ClientOrderIdParts parts = some_parts();
  parts.incarnation.value = 1u << 24;
  EXPECT_DEATH(format_client_order_id(parts), "check failed");
  parts = some_parts();
  parts.sequence.value = std::uint64_t{1} << 48;
  EXPECT_DEATH(format_client_order_id(parts), "check failed");
  parts = some_parts();
  parts.instance = "short";
  EXPECT_DEATH(format_client_order_id(parts), "check failed");
}

TEST(Ids, CanBeKeysAndCompare) {
  std::unordered_set<OrderSequence> seen;
  EXPECT_TRUE(seen.insert({5}).second);
  EXPECT_FALSE(seen.insert({5}).second);
  EXPECT_LT(SymbolId{1}, SymbolId{2});
  EXPECT_EQ(opposite(Side::kBuy), Side::kSell);
  EXPECT_EQ(opposite(Side::kSell), Side::kBuy);
}

}  // namespace
}  // namespace levi
