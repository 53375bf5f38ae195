// An engine that is killed at any step, any number of times, gives what an uninterrupted one gives.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "core/engine/engine_loop.h"
#include "core/engine/levid_end.h"
#include "core/engine/quoter.h"
#include "tests/engine/toy_venue.h"
#include "tests/support/property.h"

namespace levi::engine::test {
namespace {

struct Killed {};

// When to die: the `left`th time that `step` is reached. 0: never.
struct Fate {
  Step step = Step::kRead;
  int left = 0;
};

struct CrashAt {
  Fate* fate = nullptr;
  void at(Step reached) {
    if (reached == fate->step && fate->left > 0 && --fate->left == 0) throw Killed{};
  }
};
using Loop = EngineLoop<CrashAt>;

bool same(const IntentRecord& a, const IntentRecord& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

class CrashedRun {
 public:
  CrashedRun(std::uint64_t seed, const Strategy& strategy)
      : random_(seed), venue_(seed + 1), strategy_(strategy) {
    memory_ = std::make_unique<ChannelMemory>();
    end_ = LevidEnd(memory_.get());
    end_.start(0, 0);
    Tick seed_tick;
    seed_tick.kind = TickKind::kSeed;
    seed_tick.code = 1;
    push(seed_tick);
    venue_.say_position();
    begin_process();
  }

  void play(int steps) {
    for (int i = 0; i < steps; ++i) step();
    fate_.left = 0;
    while (loop_->run().handled > 0) drain();
    drain();
  }

  const std::vector<Tick>& ticks() const { return ticks_; }
  const std::vector<IntentRecord>& intents() const { return intents_; }
  std::vector<std::byte> image() const { return {loop_->image().begin(), loop_->image().end()}; }
  int crashes() const { return crashes_; }

 private:
  void step() {
    now_ += Nanos{static_cast<std::int64_t>(random_.below(3'000'000))};
    switch (random_.below(10)) {
      case 0:
      case 1:
        return push(venue_.top());
      case 2:
      case 3:
        venue_.advance();
        return;
      case 4:
      case 5:
        if (const auto update = venue_.next_update()) push(*update);
        return;
      case 6:
        return drain();
      case 7:
        return toggle_trading();
      default:
        return run_engine();
    }
  }

  void toggle_trading() {
    if (random_.below(4) != 0) return;
    Tick tick;
    tick.kind = TickKind::kTrading;
    tick.code = static_cast<std::uint8_t>(random_.below(3) != 0);
    push(tick);
  }

  void push(Tick tick) {
    tick.instant = now_;
    if (!end_.push(tick)) return;
    tick.number = end_.ticks_written();
    ticks_.push_back(tick);
  }

  void drain() {
    while (const auto intent = end_.next_intent()) {
      intents_.push_back(*intent);
      venue_.take(*intent);
    }
    end_.release_intents();
    RC_ASSERT(!end_.damaged());
  }

  void run_engine() {
    fate_.step = static_cast<Step>(random_.below(5));
    fate_.left = random_.below(3) == 0 ? 1 + static_cast<int>(random_.below(4)) : 0;
    try {
      loop_->run();
    } catch (const Killed&) {
      take_over();
    }
  }

  // Whatever the dead one was in the middle of writing is in memory that the commit word does not
  // name.
  void scribble() {
    const Commit commit = Commit::unpack(memory_->commit.load());
    const std::uint64_t committed = commit.intent_from(end_.intents_read());
    auto* image = reinterpret_cast<unsigned char*>(&memory_->images[commit.image_slot ^ 1]);
    for (std::size_t i = 0; i < sizeof(ImageSlot); i += 1 + random_.below(64))
      image[i] ^= static_cast<unsigned char>(random_.next());
    for (std::uint64_t number = committed + 1; number <= end_.intents_read() + kIntentSlots;
         ++number) {
      memory_->intents[number & (kIntentSlots - 1)].number = random_.next();
    }
  }

  void take_over() {
    ++crashes_;
    scribble();
    drain();
    RC_ASSERT(end_.is_sound());
    auto fresh = std::make_unique<ChannelMemory>();
    LevidEnd heir(fresh.get());
    end_.hand_over(heir);
    memory_ = std::move(fresh);
    end_ = heir;
    begin_process();
  }

  void begin_process() {
    fate_.left = 0;
    loop_ = std::make_unique<Loop>(*memory_, strategy_, CrashAt{&fate_});
    RC_ASSERT(loop_->load());
  }

  Random random_;
  ToyVenue venue_;
  const Strategy& strategy_;
  Instant now_{1'000'000'000};
  std::unique_ptr<ChannelMemory> memory_;
  LevidEnd end_;
  Fate fate_;
  int crashes_ = 0;
  std::unique_ptr<Loop> loop_;
  std::vector<Tick> ticks_;
  std::vector<IntentRecord> intents_;
};

// The pure function over the same ticks: no channel, no process.
struct PlainRun {
  PlainRun(const Strategy& strategy, const std::vector<Tick>& ticks) : image(kImageBytesMax) {
    strategy.reset(image.data());
    auto out = std::make_unique<Intents>();
    std::uint64_t last = 0;
    for (const Tick& tick : ticks) {
      out->begin(last, tick.number, tick.instant);
      if (tick.kind == TickKind::kUpdate) {
        strategy.on_update(image.data(), tick, *out);
      } else {
        strategy.on_tick(image.data(), tick, *out);
      }
      last = out->last();
      intents.insert(intents.end(), out->records().begin(), out->records().end());
    }
    image.resize(strategy.image_bytes(image.data()));
  }
  std::vector<std::byte> image;
  std::vector<IntentRecord> intents;
};

std::unique_ptr<Strategy> quoter(std::string_view more) {
  auto made = make_strategy(
      "quoter", "levels=3;spread_bps=4;quantity=10;position_max=90;" + std::string(more), {});
  LEVI_CHECK(made);
  return std::move(made.value());
}

void same_as_uninterrupted(std::uint64_t seed, const Strategy& strategy, int& crashes,
                           std::size_t& intents) {
  CrashedRun crashed(seed, strategy);
  crashed.play(200);
  const PlainRun plain(strategy, crashed.ticks());
  RC_ASSERT(crashed.intents().size() == plain.intents.size());
  for (std::size_t i = 0; i < plain.intents.size(); ++i)
    RC_ASSERT(same(crashed.intents()[i], plain.intents[i]));
  RC_ASSERT(crashed.image() == plain.image);
  crashes += crashed.crashes();
  intents += plain.intents.size();
}

TEST(EngineCrash, AtAnyStepLosesNoIntentRepeatsNoneAndEndsInTheSameState) {
  const auto strategy = quoter("");
  int crashes = 0;
  std::size_t intents = 0;
  EXPECT_TRUE(levi::test::holds("killed anywhere = never killed", [&](std::uint64_t seed) {
    same_as_uninterrupted(seed, *strategy, crashes, intents);
  }));
  EXPECT_GT(crashes, 100);
  EXPECT_GT(intents, 1000u);
}

TEST(EngineCrash, UnderFullOrderFlowToo) {
  const auto strategy = quoter("refresh_after=0ms");
  int crashes = 0;
  std::size_t intents = 0;
  EXPECT_TRUE(levi::test::holds("killed anywhere = never killed", [&](std::uint64_t seed) {
    same_as_uninterrupted(seed, *strategy, crashes, intents);
  }));
  EXPECT_GT(crashes, 100);
}

TEST(EngineLoop, RefusesAnImageOfAnotherLayoutOrThatIsNotWhole) {
  const auto strategy = quoter("");
  const auto load = [&](auto&& spoil) {
    auto memory = std::make_unique<ChannelMemory>();
    LevidEnd end(memory.get());
    end.start(0, 0);
    std::vector<std::byte> image(kImageBytesMax);
    strategy->reset(image.data());
    image.resize(strategy->image_bytes(image.data()));
    write_image(memory->images[0], strategy->layout(), 0, 0, image);
    spoil(memory->images[0], image);
    auto loop = std::make_unique<EngineLoop<>>(*memory, *strategy);
    return loop->load();
  };
  const auto layout = strategy->layout();
  EXPECT_TRUE(load([](ImageSlot&, auto&) {}));
  EXPECT_FALSE(load([](ImageSlot& slot, auto&) { slot.data[3] ^= std::byte{1}; }));
  EXPECT_FALSE(
      load([&](ImageSlot& slot, auto& image) { write_image(slot, layout + 1, 0, 0, image); }));
  EXPECT_FALSE(load([&](ImageSlot& slot, auto& image) { write_image(slot, layout, 7, 0, image); }));
  EXPECT_FALSE(load([&](ImageSlot& slot, auto& image) {
    image.resize(image.size() + 8);
    write_image(slot, layout, 0, 0, image);
  }));
}

}  // namespace
}  // namespace levi::engine::test
