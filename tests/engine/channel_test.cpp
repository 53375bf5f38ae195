#include "core/engine/channel.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "core/engine/engine_end.h"
#include "core/engine/levid_end.h"

namespace levi::engine {
namespace {

Tick top(std::int64_t bid) {
  Tick tick;
  tick.kind = TickKind::kTop;
  tick.price = Price{bid};
  tick.ask_price = Price{bid + 2};
  return tick;
}

IntentRecord intent(std::uint64_t number) {
  IntentRecord record;
  record.number = number;
  record.tag = static_cast<std::uint32_t>(number);
  return record;
}

struct Pair {
  explicit Pair(std::uint64_t tick_base = 0, std::uint64_t intent_base = 0)
      : memory(std::make_unique<ChannelMemory>()), levid(memory.get()) {
    create_channel(memory.get());
    levid.start(tick_base, intent_base);
    engine = std::make_unique<EngineEnd>(*memory);
  }
  void read_all() {
    while (engine->next() != nullptr) {
    }
  }
  void commit(std::string_view image) {
    engine->write_image(1, std::as_bytes(std::span(image)));
    engine->commit();
  }
  std::unique_ptr<ChannelMemory> memory;
  LevidEnd levid;
  std::unique_ptr<EngineEnd> engine;
};

TEST(CommitWord, CarriesThreeNumbersAndExtendsThemPastTheirModulus) {
  const std::uint64_t ticks = (std::uint64_t{7} << 32) + 5;
  const std::uint64_t intents = (std::uint64_t{3} << 31) + 9;
  const Commit word = Commit::unpack(
      Commit{static_cast<std::uint32_t>(ticks), static_cast<std::uint32_t>(intents), 1}.pack());
  EXPECT_EQ(word.image_slot, 1u);
  EXPECT_EQ(word.tick_from(ticks - 4000), ticks);
  EXPECT_EQ(word.tick_from(ticks), ticks);
  EXPECT_EQ(word.intent_from(intents - 1000), intents);
  EXPECT_EQ(Commit::unpack(Commit{0xffffffff, 0x7fffffff, 0}.pack()).image_slot, 0u);
}

TEST(Channel, IsRefusedWhenSizeOrHeaderDiffer) {
  auto memory = std::make_unique<ChannelMemory>();
  create_channel(memory.get());
  EXPECT_TRUE(attach_channel(memory.get(), sizeof(ChannelMemory)));
  EXPECT_FALSE(attach_channel(memory.get(), sizeof(ChannelMemory) - 4096));
  EXPECT_FALSE(attach_channel(nullptr, 0));
  memory->header.version += 1;
  const auto other = attach_channel(memory.get(), sizeof(ChannelMemory));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kCorrupt);
}

TEST(Channel, TicksArriveInOrderAndAreReusedOnlyOnceHandled) {
  Pair pair(41, 0);
  for (std::size_t i = 0; i < kTickSlots; ++i) ASSERT_TRUE(pair.levid.push(top(1000)));
  EXPECT_FALSE(pair.levid.push(top(1)));
  EXPECT_TRUE(pair.levid.unread_above(kTickSlots - 1));
  ASSERT_NE(pair.engine->next(), nullptr);
  EXPECT_FALSE(pair.levid.push(top(1))) << "read, but not committed";
  pair.commit("state");
  EXPECT_EQ(pair.levid.ticks_handled(), 42u);
  EXPECT_TRUE(pair.levid.push(top(7)));
  pair.read_all();
  EXPECT_EQ(pair.engine->ticks_read(), 42 + kTickSlots);
}

TEST(Channel, IntentsAreReadOnlyAfterTheirCommit) {
  Pair pair(0, 100);
  const IntentRecord two[] = {intent(101), intent(102)};
  pair.engine->write_intents(two);
  pair.engine->write_image(1, {});
  EXPECT_FALSE(pair.levid.next_intent());
  pair.engine->commit();
  EXPECT_EQ(pair.levid.next_intent()->number, 101u);
  EXPECT_EQ(pair.levid.next_intent()->number, 102u);
  EXPECT_FALSE(pair.levid.next_intent());
  EXPECT_FALSE(pair.levid.damaged());
}

TEST(Channel, TheEngineWaitsForRoomInsteadOfOverwritingIntents) {
  Pair pair;
  std::uint64_t number = 0;
  while (pair.engine->has_room()) {
    const IntentRecord one[] = {intent(++number)};
    pair.engine->write_intents(one);
  }
  EXPECT_EQ(number, kIntentSlots - kIntentsPerTickMax + 1);
  pair.commit("state");
  while (pair.levid.next_intent()) {
  }
  EXPECT_FALSE(pair.engine->has_room()) << "read, but levid has not said so yet";
  pair.levid.release_intents();
  EXPECT_TRUE(pair.engine->has_room());
  EXPECT_EQ(pair.levid.intents_read(), number);
}

TEST(Channel, LevidIsToldOnlyWhileItSleepsAndOnlyOfNews) {
  Pair pair;
  EXPECT_FALSE(pair.engine->commit()) << "not armed";
  EXPECT_TRUE(pair.levid.arm()) << "the first commit came before the arming";
  EXPECT_FALSE(pair.levid.arm());
  ASSERT_TRUE(pair.levid.push(top(1000)));
  pair.read_all();
  EXPECT_FALSE(pair.engine->commit()) << "no intents";
  const IntentRecord one[] = {intent(1)};
  pair.engine->write_intents(one);
  EXPECT_TRUE(pair.engine->commit());
  const IntentRecord two[] = {intent(2)};
  pair.engine->write_intents(two);
  EXPECT_FALSE(pair.engine->commit()) << "one wake-up is enough";
  EXPECT_TRUE(pair.levid.arm()) << "the commits came before the new arming";
}

TEST(Channel, WhatNoEngineCanCommitIsDamage) {
  Pair beyond;
  ASSERT_TRUE(beyond.levid.push(top(1000)));
  beyond.memory->commit.store(Commit{2, 0, 0}.pack());
  EXPECT_EQ(beyond.levid.ticks_handled(), 0u);
  EXPECT_TRUE(beyond.levid.damaged());
  EXPECT_FALSE(beyond.levid.is_sound());

  Pair backwards(10, 10);
  backwards.memory->commit.store(Commit{9, 10, 0}.pack());
  EXPECT_FALSE(backwards.levid.is_sound());

  Pair garbage;
  garbage.memory->commit.store(Commit{0, 1, 1}.pack());  // the slot holds no intent 1
  EXPECT_FALSE(garbage.levid.next_intent());
  EXPECT_TRUE(garbage.levid.damaged());
}

TEST(Channel, AnImageWithOneFlippedBitIsNotHandedOn) {
  Pair pair;
  ASSERT_TRUE(pair.levid.push(top(1000)));
  pair.read_all();
  pair.commit("the state of a strategy");
  ASSERT_TRUE(pair.levid.is_sound());
  ImageSlot& slot = pair.memory->images[1];
  for (const std::size_t at : {std::size_t{0}, std::size_t{5}, offsetof(ImageSlot, tick_last),
                               offsetof(ImageSlot, data) + 3}) {
    auto* bytes = reinterpret_cast<unsigned char*>(&slot);
    bytes[at] ^= 0x10;
    EXPECT_FALSE(pair.levid.is_sound()) << "byte " << at;
    bytes[at] ^= 0x10;
  }
  EXPECT_TRUE(pair.levid.is_sound());
}

TEST(Channel, TheHeirGetsTheCommittedImageAndTheUnreadTicksUnderTheirNumbers) {
  Pair dead(0, 0);
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(dead.levid.push(top(i * 100)));
  dead.engine->next();
  dead.engine->next();
  dead.commit("after two");
  dead.engine->next();
  dead.engine->write_image(1, std::as_bytes(std::span(std::string_view("never committed"))));

  Pair heir;
  dead.levid.hand_over(heir.levid);
  EngineEnd engine(*heir.memory);
  const ImageSlot& image = engine.initial_image();
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(image.data), image.length), "after two");
  EXPECT_TRUE(image_is_sound(image));
  for (std::uint64_t number = 3; number <= 5; ++number) {
    const Tick* tick = engine.next();
    ASSERT_NE(tick, nullptr);
    EXPECT_EQ(tick->number, number);
    EXPECT_EQ(tick->price.value, static_cast<std::int64_t>(number) * 100);
  }
  EXPECT_EQ(engine.next(), nullptr);
  ASSERT_TRUE(heir.levid.push(top(600)));
  EXPECT_EQ(engine.next()->number, 6u);
}

}  // namespace
}  // namespace levi::engine
