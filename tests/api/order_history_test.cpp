// Who follows full order flow asks for orders that the machine has let go of.
#include "core/api/order_history.h"

#include "core/base/check.h"
#include "core/machine/state.h"
#include "tests/api/rig.h"

namespace levi::test {
namespace {

constexpr std::size_t kLetGo = 1000;
constexpr std::size_t kBatch = 10;  // below the open orders that the rig allows
constexpr std::size_t kRingForAll = 32u << 20;

// One order that stays open, then more finished ones than the machine keeps.
OrderSequence send_more_than_are_kept(ApiRig& rig) {
  const OrderSequence first = rig.core.open_order();
  std::vector<machine::Event> ends;
  for (std::size_t i = 0; i < machine::kTerminalOrdersKept + kLetGo; ++i) {
    const OrderSequence sequence = rig.core.open_order();
    LEVI_CHECK(sequence.value == first.value + i + 1);
    ends.push_back(machine::VenueCanceled{sequence, {}});
    if (ends.size() == kBatch) rig.core.apply(std::exchange(ends, {}));
  }
  rig.core.apply(ends);
  return first;
}

TEST(OrderHistory, RowsComeWithoutAHoleAlsoOfOrdersThatTheMachineLetGoOf) {
  ApiRig rig({}, {}, kRingForAll);
  rig.core.start();
  const OrderSequence first = send_more_than_are_kept(rig);
  const std::size_t held = rig.core.read([](const machine::State& s) { return s.orders.size(); });
  ASSERT_LT(held, machine::kTerminalOrdersKept + kLetGo) << "nothing was let go of";
  std::uint64_t after = first.value - 1;
  const std::uint64_t last = first.value + machine::kTerminalOrdersKept + kLetGo;
  while (after < last) {  // the replica may be behind; the deadline is ctest's
    const json page = rig.get("/orders?rows=true&limit=5000&after=" + std::to_string(after));
    EXPECT_EQ(page["oldest"], first.value);
    for (const json& row : page["orders"]) {
      ASSERT_EQ(row[0], ++after);
      EXPECT_EQ(row[2], after == first.value ? "open" : "canceled");
      EXPECT_EQ(parse_client_order_id(row[1].get<std::string>())->sequence.value, after);
    }
  }
}

machine::Order settled(std::uint64_t sequence) {
  machine::Order order;
  order.sequence = {sequence};
  order.state = machine::OrderState::kCanceled;
  return order;
}

TEST(OrderHistory, SaysWhatItDroppedAndKeepsLateOnesInOrder) {
  api::OrderHistory history((machine::State()));
  EXPECT_EQ(history.oldest(), 1u);
  for (std::uint64_t n = 2; n <= 10; ++n) history.add(settled(n));
  history.add(settled(1));
  EXPECT_EQ(history.orders().front().sequence.value, 1u);
  for (std::uint64_t n = 11; n <= api::kPastOrdersKept; ++n) history.add(settled(n));
  EXPECT_EQ(history.oldest(), 1u);
  history.add(settled(api::kPastOrdersKept + 1));
  EXPECT_EQ(history.oldest(), 2u);
  EXPECT_EQ(history.orders().size(), api::kPastOrdersKept);
}

// An old order that is still open hides nothing: below the oldest settled one there may be holes.
TEST(OrderHistory, OfARestartBeginsWhereTheSnapshotIsUnbroken) {
  machine::State state;
  state.sequence_last = {900};
  EXPECT_EQ(api::OrderHistory(state).oldest(), 901u);
  machine::Order open;
  open.sequence = {5};
  open.state = machine::OrderState::kOpen;
  state.orders.emplace(5, open);
  state.orders.emplace(700, settled(700));
  EXPECT_EQ(api::OrderHistory(state).oldest(), 700u);
}

}  // namespace
}  // namespace levi::test
