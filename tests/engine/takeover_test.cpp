// Engines die in every way; their heirs go on where they were.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/random.h"
#include "core/engine/channel.h"
#include "tests/engine/hub_stage.h"

namespace levi::engine::test {
namespace {

TEST(Takeover, AHeirKnowsTheOrdersOfTheDead) {
  HubStage stage;
  ASSERT_TRUE(stage.start_quoting());
  ASSERT_TRUE(stage.until([&] { return stage.caught_up() && stage.hub->standbys_warm() == 1; }));
  stage.signal(SIGKILL);
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineUp>() == 2; }));
  const EngineDown down = stage.all<EngineDown>()[0];
  EXPECT_EQ(down.why, EngineDownWhy::kSignalled);
  EXPECT_EQ(down.status, SIGKILL);
  const EngineUp up = stage.all<EngineUp>()[1];
  EXPECT_TRUE(up.takeover);
  EXPECT_TRUE(up.image);
  EXPECT_GT(up.since_down, Nanos{0});
  stage.top(99'990, 100'010);
  ASSERT_TRUE(stage.until([&] { return stage.caught_up(); }));
  EXPECT_EQ(stage.placed(), 4u) << "all four quotes stand: nothing to do";
  stage.fill(stage.places()[0]);
  ASSERT_TRUE(stage.until([&] { return stage.placed() == 5; }));
  EXPECT_EQ(stage.places()[4].side, stage.places()[0].side);
  EXPECT_TRUE(stage.intents_are_exactly_once());
  EXPECT_TRUE(stage.events_are_in_order());
}

TEST(Takeover, AHeirHandlesWhatTheDeadHadNotRead) {
  HubOptions options = plain_options();
  options.heartbeat_max = 60s;
  HubStage stage(options);
  ASSERT_TRUE(stage.start_quoting());
  ASSERT_TRUE(stage.until([&] { return stage.caught_up() && stage.hub->standbys_warm() == 1; }));
  stage.signal(SIGSTOP);
  const auto orders = stage.places();
  for (const Intent& order : orders) stage.fill(order);
  stage.signal(SIGKILL);
  ASSERT_TRUE(stage.until([&] { return stage.placed() == 8; }))
      << "each fill is answered by the heir";
  EXPECT_TRUE(stage.all<EngineUp>()[1].image);
  EXPECT_TRUE(stage.intents_are_exactly_once());
}

TEST(Takeover, UpdatesThatComeWhileNoProcessIsThereReachTheHeir) {
  HubOptions options = plain_options();
  options.standby_count = 0;
  HubStage stage(options);
  stage.restarts = false;
  stage.start();
  stage.hub->set_trading(true, stage.now());
  stage.top(99'990, 100'010);
  ASSERT_TRUE(stage.until([&] { return stage.placed() == 4; }));
  stage.signal(SIGKILL);
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineDown>() == 1; }));
  stage.fill(stage.places()[1]);
  stage.top(99'990, 100'010);
  stage.start();
  stage.fill(stage.places()[2]);
  ASSERT_TRUE(stage.until([&] { return stage.placed() == 6; }));
  EXPECT_TRUE(stage.all<EngineUp>()[1].image);
}

TEST(Takeover, UpdatesThatOverflowTheDeadOnesRingAreNotContinuedFromItsImage) {
  HubOptions options = plain_options();
  options.standby_count = 0;
  HubStage stage(options);
  stage.restarts = false;
  stage.position_with_start = true;
  stage.start();
  stage.hub->set_trading(true, stage.now());
  stage.top(99'990, 100'010);
  ASSERT_TRUE(stage.until([&] { return stage.placed() == 4; }));
  stage.signal(SIGKILL);
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineDown>() == 1; }));
  stage.start();
  const std::uint32_t tag = stage.places()[0].tag;
  for (std::size_t i = 0; i < kTickSlots + 10; ++i) stage.update(OrderUpdateKind::kOpen, tag);
  stage.top(99'990, 100'010);
  ASSERT_TRUE(stage.until([&] { return stage.placed() == 8; })) << "it knows of no orders";
  EXPECT_FALSE(stage.all<EngineUp>()[1].image);
  EXPECT_TRUE(stage.intents_are_exactly_once());
}

TEST(Takeover, AStoppedProcessIsHungKilledAndSucceeded) {
  HubStage stage;
  ASSERT_TRUE(stage.start_quoting());
  stage.signal(SIGSTOP);
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineUp>() == 2; }));
  EXPECT_EQ(stage.all<EngineDown>()[0].why, EngineDownWhy::kHung);
  EXPECT_EQ(stage.hub->status(kEngine).last_error.view(), "no heartbeat");
  EXPECT_TRUE(stage.all<EngineUp>()[1].image);
}

TEST(Takeover, AHeirThatDiesBeforeItsFirstCommitIsFollowedByAnEmptyEngine) {
  HubStage stage;
  ASSERT_TRUE(stage.start_quoting());
  ASSERT_TRUE(stage.until([&] { return stage.hub->standbys_warm() == 1; }));
  for (const pid_t pid : engine_children()) {
    if (pid != stage.pid()) ::kill(pid, SIGSTOP);
  }
  stage.signal(SIGKILL);
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineUp>() == 2; }));
  const auto downs = stage.all<EngineDown>();
  ASSERT_EQ(downs.size(), 2u);
  EXPECT_EQ(downs[1].why, EngineDownWhy::kHung);
  EXPECT_FALSE(stage.all<EngineUp>()[1].image);
  ASSERT_TRUE(stage.until([&] { return stage.placed() == 8; })) << "it knows of no orders";
  EXPECT_TRUE(stage.intents_are_exactly_once());
}

TEST(Takeover, AnEngineThatDoesNotReadAWholeRingIsKilledAndStartsEmpty) {
  HubOptions options = plain_options();
  options.heartbeat_max = 60s;
  HubStage stage(options);
  ASSERT_TRUE(stage.start_quoting());
  ASSERT_TRUE(stage.until([&] { return stage.caught_up() && stage.hub->standbys_warm() == 1; }));
  stage.signal(SIGSTOP);
  const std::uint32_t tag = stage.places()[0].tag;
  for (std::size_t i = 0; i < kTickSlots + 10; ++i) stage.update(OrderUpdateKind::kOpen, tag);
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineUp>() == 2; }));
  EXPECT_EQ(stage.all<EngineDown>()[0].why, EngineDownWhy::kHung);
  EXPECT_EQ(stage.hub->status(kEngine).last_error.view(), "did not read a whole ring of ticks");
  EXPECT_FALSE(stage.all<EngineUp>()[1].image);
  EXPECT_TRUE(stage.until([&] { return stage.placed() == 8; }));
  EXPECT_TRUE(stage.intents_are_exactly_once());
}

TEST(Takeover, MarketTicksAloneNeverFillTheRing) {
  HubOptions options = plain_options();
  options.heartbeat_max = 60s;
  HubStage stage(options);
  ASSERT_TRUE(stage.start_quoting());
  ASSERT_TRUE(stage.until([&] { return stage.caught_up(); }));
  stage.signal(SIGSTOP);
  for (std::size_t i = 0; i < 2 * kTickSlots; ++i) stage.top(99'990, 100'010);
  stage.top(199'990, 200'010);
  EXPECT_GT(stage.hub->status(kEngine).ticks_coalesced, kTickSlots);
  stage.signal(SIGCONT);
  ASSERT_TRUE(stage.until([&] { return stage.placed() > 4; }))
      << "the newest book arrives after all";
  EXPECT_GT(stage.places().back().price.value, 199'000);
  EXPECT_EQ(stage.count<EngineDown>(), 0u);
}

TEST(Takeover, AProcessThatScribblesOverItsChannelIsKilledAndNotBelieved) {
  HubStage stage;
  ASSERT_TRUE(stage.start_quoting());
  ASSERT_TRUE(stage.until([&] { return stage.caught_up(); }));
  const std::string path =
      "/proc/" + std::to_string(stage.pid()) + "/fd/" + std::to_string(kChannelDescriptor);
  os::Fd memory(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(memory);
  const std::uint64_t garbage = Commit{0xdeadbeef, 0x1234567, 1}.pack();
  ASSERT_EQ(::pwrite(memory.get(), &garbage, sizeof garbage, offsetof(ChannelMemory, commit)), 8);
  const auto before = stage.count<Intent>();
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineUp>() == 2; }));
  EXPECT_EQ(stage.hub->status(kEngine).last_error.view(), "its channel is damaged");
  EXPECT_FALSE(stage.all<EngineUp>()[1].image);
  EXPECT_TRUE(stage.until([&] { return stage.count<Intent>() >= before + 4; }));
  EXPECT_TRUE(stage.intents_are_exactly_once());
}

TEST(Takeover, NoIntentIsLostOrRepeatedWhenEnginesAreKilledUnderFullFlow) {
  HubOptions options = plain_options();
  options.engines[0].parameters += ";refresh_after=0ms";
  HubStage stage(options);
  ASSERT_TRUE(stage.start_quoting());
  const std::uint64_t seed = os::random_seed();
  RecordProperty("seed", std::to_string(seed));
  Random random(seed);
  for (int kill = 1; kill <= 25; ++kill) {
    const std::size_t wanted = stage.count<Intent>() + random.below(2000);
    ASSERT_TRUE(stage.until([&] {
      stage.top(99'990, 100'010);
      return stage.count<Intent>() >= wanted;
    })) << "seed "
        << seed;
    stage.signal(SIGKILL);
    ASSERT_TRUE(
        stage.until([&] { return stage.count<EngineDown>() == static_cast<std::size_t>(kill); }));
    ASSERT_TRUE(
        stage.until([&] { return stage.count<EngineUp>() == static_cast<std::size_t>(kill) + 1; }));
  }
  EXPECT_TRUE(stage.intents_are_exactly_once()) << "seed " << seed;
  EXPECT_TRUE(stage.events_are_in_order()) << "seed " << seed;
}

}  // namespace
}  // namespace levi::engine::test
