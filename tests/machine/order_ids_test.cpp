// Whose orders are whose, in a journal that was copied.
#include "core/machine/order_ids.h"

#include "tests/machine/machine_fixture.h"

namespace levi::machine {
namespace {

std::string id(const char* instance, std::uint32_t incarnation, std::uint64_t sequence) {
  return format_client_order_id({OrderKind::kNormal, instance, {incarnation}, {sequence}}).str();
}

TEST(OrderIds, OursAreThoseOfThisInstanceOnly) {
  const OrderIds ids(InstanceId("abcdefg"));
  EXPECT_TRUE(ids.own_order("LVOabcdefg00000700000000002a"));
  EXPECT_FALSE(ids.own_order("LVOzzzzzzz00000700000000002a"));
  EXPECT_FALSE(ids.own_order("manual-1"));
  EXPECT_FALSE(ids.own_order(""));
}

TEST(OrderIds, InheritedOrdersBearTheNameOfWhoPlacedThem) {
  const OrderIds ids("ccccccc", {{"aaaaaaa", {5}, {100}}, {"bbbbbbb", {8}, {150}}});
  EXPECT_EQ(ids.id_of(OrderKind::kNormal, {1}, {7}), id("aaaaaaa", 1, 7));
  EXPECT_EQ(ids.id_of(OrderKind::kNormal, {5}, {100}), id("aaaaaaa", 5, 100));
  EXPECT_EQ(ids.id_of(OrderKind::kNormal, {6}, {101}), id("bbbbbbb", 6, 101));
  EXPECT_EQ(ids.id_of(OrderKind::kNormal, {9}, {151}), id("ccccccc", 9, 151));
  EXPECT_EQ(ids.own_order(id("aaaaaaa", 5, 100))->sequence.value, 100u);
  EXPECT_EQ(ids.own_order(id("bbbbbbb", 8, 150))->incarnation.value, 8u);
  EXPECT_TRUE(ids.own_order(id("ccccccc", 9, 151)));
}

// The original may still run, on the same account: what it sent later is none of ours, though its
// numbers are.
TEST(OrderIds, WhatAnAncestorSentAfterTheCopyIsForeign) {
  const OrderIds ids("bbbbbbb", {{"aaaaaaa", {5}, {100}}});
  EXPECT_FALSE(ids.own_order(id("aaaaaaa", 5, 101)));
  EXPECT_FALSE(ids.own_order(id("aaaaaaa", 6, 100)));
  EXPECT_FALSE(ids.own_order(id("zzzzzzz", 1, 1)));
}

using AncestorsTest = MachineTest;

TEST_F(AncestorsTest, AStartUnderAnotherNameMakesTheOneBeforeAnAncestor) {
  const OrderSequence sequence = open(Side::kBuy);
  EXPECT_TRUE(state().ancestors.empty());
  start(2);
  EXPECT_TRUE(state().ancestors.empty()) << "the same instance";
  Started started;
  started.incarnation = {3};
  started.instance = "hijklmn";
  step(started);
  ASSERT_EQ(state().ancestors.size(), 1u);
  EXPECT_EQ(state().ancestors[0].instance, "abcdefg");
  EXPECT_EQ(state().ancestors[0].incarnation_last, Incarnation{2});
  EXPECT_EQ(state().ancestors[0].sequence_last, sequence);
  const Order& order = order_of(sequence);
  EXPECT_EQ(client_order_id(state(), order.kind, order.incarnation, sequence),
            id("abcdefg", 1, sequence.value));
  const auto restored = Machine::deserialize(machine_.serialize());
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored.value().state_hash(), machine_.state_hash());
  EXPECT_EQ(restored.value().state().ancestors.size(), 1u);
}

}  // namespace
}  // namespace levi::machine
