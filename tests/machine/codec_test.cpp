#include <gtest/gtest.h>

#include "core/base/random.h"
#include "core/machine/machine.h"
#include "core/machine/state_fields.h"
#include "tests/machine/machine_fixture.h"

namespace levi::machine {
namespace {

template <std::size_t... I>
std::vector<Event> one_of_each(std::index_sequence<I...>) {
  return {Event(std::in_place_index<I>)...};
}
std::vector<Event> one_of_each() {
  auto events = one_of_each(std::make_index_sequence<std::variant_size_v<Event>>());
  for (Event& event : events) {
    if (auto* definition = std::get_if<InstrumentDefined>(&event)) definition->quantity_min = {1};
    if (auto* fill = std::get_if<VenueFill>(&event)) fill->quantity = {1};
  }
  return events;
}

TEST(Codec, EveryTypeComesBackFromItsBytes) {
  for (const Event& event : one_of_each()) {
    const auto back = event_from(event_type(event), event_bytes(event));
    ASSERT_TRUE(back.has_value()) << event_name(event_type(event)) << ": " << back.error().text();
    EXPECT_EQ(back.value().index(), event.index());
    EXPECT_EQ(event_bytes(back.value()), event_bytes(event));
    EXPECT_STRNE(event_name(event_type(event)), "unknown");
  }
}

TEST(Codec, AWrongLengthOrTypeIsRefusedByName) {
  for (const Event& event : one_of_each()) {
    const std::string bytes(event_bytes(event));
    const auto longer = event_from(event_type(event), bytes + '\0');
    ASSERT_FALSE(longer.has_value());
    EXPECT_EQ(longer.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(longer.error().message.find(event_name(event_type(event))), std::string::npos);
    EXPECT_FALSE(event_from(event_type(event), bytes.substr(1)).has_value());
  }
  EXPECT_FALSE(event_from(0, "").has_value());
  EXPECT_FALSE(event_from(63, "x").has_value());
  EXPECT_FALSE(event_from(0xffff, "x").has_value());
}

TEST(Codec, FieldsOutOfRangeAreNamed) {
  Intent intent;
  intent.side = static_cast<Side>(3);
  EXPECT_NE(check(intent).error().message.find("side"), std::string::npos);
  TopOfBook top;
  top.bid_price = {kCountMax + 1};
  EXPECT_NE(check(top).error().message.find("bid_price"), std::string::npos);
  VenueAck ack;
  ack.venue_order.size_ = 48;
  EXPECT_NE(check(ack).error().message.find("venue_order"), std::string::npos);
  std::string bytes(event_bytes(Event(OrderUnsent{{1}, true})));
  bytes[offsetof(OrderUnsent, sealed)] = 2;
  EXPECT_NE(event_from(35, bytes).error().message.find("flag"), std::string::npos);
}

TEST(Codec, RandomBytesNeverMakeTheMachineFail) {
  Random random(3);
  Machine machine;
  Effects effects;
  Instant now{1};
  std::uint64_t taken = 0;
  const std::vector<Event> models = one_of_each();
  for (int i = 0; i < 100'000; ++i) {
    const Event& model = models[random.below(models.size())];
    std::string bytes(event_bytes(model));
    for (std::uint64_t n = random.below(4); n > 0; --n) {
      bytes[random.below(bytes.size())] =
          static_cast<char>(random.below(random.below(4) == 0 ? 256 : 3));
    }
    const auto event = event_from(event_type(model), bytes);
    if (!event) continue;
    ++taken;
    now += Nanos{static_cast<std::int64_t>(random.below(2'000'000'000))};
    effects.clear();
    machine.step(event.value(), now, effects);
  }
  EXPECT_GT(taken, 50'000u);
  EXPECT_TRUE(Machine::deserialize(machine.serialize()).has_value());
}

TEST(Snapshot, SaysWhatIsWrongWithIt) {
  EXPECT_EQ(Machine::deserialize("").error().code, ErrorCode::kCorrupt);
  std::string bytes = Machine().serialize();
  bytes[4] = 99;
  EXPECT_EQ(Machine::deserialize(bytes).error().code, ErrorCode::kUnsupported);
  bytes = Machine().serialize();
  EXPECT_EQ(Machine::deserialize(bytes + "x").error().code, ErrorCode::kCorrupt);
}

// As a levid of that version would have written it.
std::string snapshot_of(const State& state, std::uint32_t version) {
  Writer writer;
  fields::state(writer, state, version);
  std::string bytes = Machine().serialize().substr(0, 8) + writer.take();
  bytes[4] = static_cast<char>(version);
  return bytes;
}

using OldSnapshot = MachineTest;

TEST_F(OldSnapshot, OfAnEarlierVersionIsReadAndSaysWhatItKnew) {
  const OrderSequence sequence = open(Side::kBuy);
  start(2);
  Started copied;
  copied.incarnation = {3};
  copied.instance = "hijklmn";
  step(copied);
  EXPECT_EQ(snapshot_of(state(), kMachineVersion), machine_.serialize());
  for (std::uint32_t version = kMachineVersionOldest; version < kMachineVersion; ++version) {
    const std::string bytes = snapshot_of(state(), version);
    const auto restored = Machine::deserialize(bytes);
    ASSERT_TRUE(restored) << version << ": " << restored.error().text();
    const State& read = restored.value().state();
    EXPECT_EQ(read.ancestors.size(), version < 2 ? 0u : 1u);
    EXPECT_TRUE(read.orders.contains(sequence.value));
    EXPECT_EQ(read.reconciling_since, state().now) << "it begins to count";
    EXPECT_EQ(read.reconciled_to, state().now);
    std::string newer = bytes;
    newer[4] = static_cast<char>(version + 1);
    EXPECT_FALSE(Machine::deserialize(newer)) << "the version says what to expect";
  }
}

}  // namespace
}  // namespace levi::machine
