// The hub with real engine processes: starting, stopping, what can't be started, what is left
// behind.
#include "core/engine/hub.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/engine/channel.h"
#include "tests/engine/hub_stage.h"

namespace levi::engine::test {
namespace {

TEST(Hub, StartsAnEngineThatQuotesWithNumbersThatGoOnWhereTheJournalEnds) {
  HubStage stage;
  stage.intents_seen = 41;
  stage.first_intent = 42;
  ASSERT_TRUE(stage.start_quoting());
  const auto ups = stage.all<EngineUp>();
  ASSERT_EQ(ups.size(), 1u);
  EXPECT_EQ(ups[0].pid, stage.pid());
  EXPECT_TRUE(ups[0].takeover);
  EXPECT_FALSE(ups[0].image);
  EXPECT_EQ(ups[0].since_down, Nanos{0});
  EXPECT_TRUE(stage.intents_are_exactly_once());
  EXPECT_TRUE(stage.events_are_in_order());
  const Intent first = stage.places()[0];
  EXPECT_EQ(first.engine, kEngine);
  EXPECT_EQ(first.price.value, 99'900);
  EXPECT_EQ(first.quantity.value, 10);
  EXPECT_TRUE(stage.until([&] { return stage.hub->standbys_warm() == 1; }))
      << "the next standby stands by";
}

TEST(Hub, StartsWithoutAnyStandby) {
  HubOptions options = plain_options();
  options.standby_count = 0;
  HubStage stage(options);
  stage.start();
  stage.hub->set_trading(true, stage.now());
  stage.top(99'990, 100'010);
  EXPECT_TRUE(stage.until([&] { return stage.placed() >= 4; }));
  EXPECT_FALSE(stage.all<EngineUp>()[0].takeover);
  EXPECT_EQ(engine_children().size(), 1u);
}

TEST(Hub, TellsEnginesWhetherLevidTrades) {
  HubStage stage;
  ASSERT_TRUE(stage.start_quoting());
  ASSERT_TRUE(stage.until([&] { return stage.caught_up(); }));
  stage.hub->set_trading(false, stage.now());
  const auto before = stage.count<Intent>();
  stage.fill(stage.places()[0]);
  stage.top(101'990, 102'010);
  ASSERT_TRUE(stage.until([&] { return stage.caught_up(); }));
  EXPECT_EQ(stage.count<Intent>(), before);
  stage.hub->set_trading(true, stage.now());
  EXPECT_TRUE(stage.until([&] { return stage.count<Intent>() > before; }));
}

TEST(Hub, OnlyTellsAnEngineOfItsOwnSymbol) {
  HubStage stage;
  ASSERT_TRUE(stage.start_quoting());
  ASSERT_TRUE(stage.until([&] { return stage.caught_up(); }));
  const auto before = stage.hub->status(kEngine).ticks_written;
  machine::TopOfBook other;
  other.symbol = SymbolId{2};
  stage.hub->on_top_of_book(other, stage.now());
  EXPECT_EQ(stage.hub->status(kEngine).ticks_written, before);
}

TEST(Hub, StopsAnEngineAndStartsItEmptyAfterwards) {
  HubStage stage;
  ASSERT_TRUE(stage.start_quoting());
  stage.hub->stop_engine(kEngine);
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineDown>() == 1; }));
  const EngineDown down = stage.all<EngineDown>()[0];
  EXPECT_EQ(down.why, EngineDownWhy::kStopped);
  EXPECT_EQ(down.status, 0);
  EXPECT_FALSE(stage.hub->status(kEngine).alive);
  stage.start();
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineUp>() == 2; }));
  EXPECT_FALSE(stage.all<EngineUp>()[1].image);
  EXPECT_TRUE(stage.until([&] { return stage.placed() >= 8; })) << "it quotes as if new";
  EXPECT_TRUE(stage.intents_are_exactly_once());
}

TEST(Hub, KillsAnEngineThatDoesNotStop) {
  HubOptions options = plain_options();
  options.heartbeat_max = 60s;
  HubStage stage(options);
  ASSERT_TRUE(stage.start_quoting());
  stage.signal(SIGSTOP);  // SIGTERM waits until it goes on, SIGKILL does not
  stage.hub->stop_engine(kEngine);
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineDown>() == 1; }));
  EXPECT_EQ(stage.all<EngineDown>()[0].why, EngineDownWhy::kStopped);
  EXPECT_EQ(stage.all<EngineDown>()[0].status, SIGKILL);
}

TEST(Hub, StartsAgainOnceTheOldProcessIsDown) {
  HubStage stage;
  ASSERT_TRUE(stage.start_quoting());
  stage.hub->stop_engine(kEngine);
  stage.start();
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineUp>() == 2; }));
  EXPECT_EQ(stage.count<EngineDown>(), 1u);
  EXPECT_TRUE(stage.events_are_in_order());
}

TEST(Hub, AStartThatWaitedForTheOldProcessStillKnowsThePosition) {
  HubOptions options = plain_options();
  options.heartbeat_max = 60s;
  HubStage stage(options);
  stage.position_with_start = true;
  ASSERT_TRUE(stage.start_quoting());
  stage.signal(SIGSTOP);
  stage.hub->stop_engine(kEngine);
  stage.start();  // with the position, which the stopped process will never read
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineUp>() == 2; }));
  EXPECT_TRUE(stage.until([&] { return stage.placed() >= 8; })) << "it runs, and never quotes";
}

TEST(Hub, AnEngineThatWaitsForItsProcessKnowsThePositionHoweverMuchIsSaidMeanwhile) {
  HubOptions options = plain_options();
  options.standby_count = 0;
  HubStage stage(options);
  stage.position_with_start = true;
  stage.start();  // no process is there yet, and this thread does not look for one meanwhile
  for (std::size_t i = 0; i < kTickSlots + 10; ++i) stage.update(OrderUpdateKind::kOpen, 77);
  stage.hub->set_trading(true, stage.now());
  stage.top(99'990, 100'010);
  EXPECT_TRUE(stage.until([&] { return stage.placed() >= 4; })) << "it runs, and never quotes";
}

TEST(Hub, StopsAnEngineThatIsStillWaitingForItsProcess) {
  HubOptions options = plain_options();
  options.standby_count = 0;
  HubStage stage(options);
  stage.start();
  stage.hub->stop_engine(kEngine);
  EXPECT_EQ(stage.count<EngineDown>(), 0u) << "nothing is emitted from within a call";
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineDown>() == 1; }));
  EXPECT_EQ(stage.all<EngineDown>()[0].why, EngineDownWhy::kStopped);
}

TEST(Hub, SaysWhyAProcessCouldNotBeSpawnedAndTriesOncePerStart) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "vfork is fork under the thread sanitizer: a failed exec is not seen";
#endif
  HubOptions options = plain_options();
  options.engine_binary = "/nonexistent/levi-engine";
  HubStage stage(options);
  stage.restarts = false;
  for (std::size_t i = 1; i <= 3; ++i) {
    stage.start();
    ASSERT_TRUE(stage.until([&] { return stage.count<EngineDown>() == i; }));
  }
  EXPECT_EQ(stage.all<EngineDown>()[2].why, EngineDownWhy::kSpawnFailed);
  EXPECT_EQ(stage.all<EngineDown>()[2].engine_incarnation.value, 3u);
  const std::string why = stage.hub->status(kEngine).last_error.str();
  EXPECT_NE(why.find("/nonexistent/levi-engine"), std::string::npos) << why;
  EXPECT_NE(why.find("No such file"), std::string::npos) << why;
}

TEST(Hub, SurvivesAnEngineProgramThatExitsAtOnce) {
  HubOptions options = plain_options();
  options.engine_binary = "/bin/false";
  HubStage stage(options);
  stage.restarts = false;
  stage.start();
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineDown>() == 1; }));
  EXPECT_EQ(stage.all<EngineDown>()[0].why, EngineDownWhy::kExited);
  EXPECT_EQ(stage.all<EngineDown>()[0].status, 1);
}

TEST(Hub, NeverSpawnsAnEngineWhoseParametersAreWrong) {
  HubOptions options = plain_options();
  options.engines[0].parameters = "spread_bps=20;quantity=10";
  HubStage stage(options);
  stage.restarts = false;
  stage.start();
  ASSERT_TRUE(stage.until([&] { return stage.count<EngineDown>() == 1; }));
  EXPECT_EQ(stage.all<EngineDown>()[0].why, EngineDownWhy::kSpawnFailed);
  EXPECT_NE(stage.hub->status(kEngine).last_error.view().find("'position_max' is missing"),
            std::string_view::npos);
  EXPECT_EQ(check_engine(options.engines[0]).error().code, ErrorCode::kInvalid);
}

TEST(Hub, RefusesTwoEnginesOfOneNumber) {
  HubOptions options = plain_options();
  options.engines.push_back(options.engines[0]);
  os::Loop loop;
  const auto hub = EngineHub::start(loop, options, [](const machine::Event&) {});
  ASSERT_FALSE(hub);
  EXPECT_EQ(hub.error().code, ErrorCode::kInvalid);
}

TEST(Hub, LeavesNoProcessBehind) {
  HubOptions options = plain_options();
  options.standby_count = 3;
  HubStage stage(options);
  ASSERT_TRUE(stage.start_quoting());
  ASSERT_TRUE(stage.until([&] { return stage.hub->standbys_warm() == 3; }));
  EXPECT_EQ(engine_children().size(), 4u);
  stage.signal(SIGSTOP);  // even one that can't listen
  stage.hub->shut_down();
  EXPECT_TRUE(engine_children().empty());
  stage.hub->shut_down();
  stage.start();
  stage.top(1, 2);
  stage.update(OrderUpdateKind::kOpen, 1);
  stage.hub->drain();
  EXPECT_TRUE(engine_children().empty());
}

TEST(Hub, ReplacesAStandbyThatDies) {
  HubStage stage;
  ASSERT_TRUE(stage.until([&] { return stage.hub->standbys_warm() == 1; }));
  const auto before = engine_children();
  ASSERT_EQ(before.size(), 1u);
  ::kill(before[0], SIGKILL);
  ASSERT_TRUE(stage.until([&] {
    const auto after = engine_children();
    return after.size() == 1 && after[0] != before[0] && stage.hub->standbys_warm() == 1;
  }));
  EXPECT_EQ(stage.events.size(), 0u) << "no engine's concern";
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Hub, EnginesNeedLessThanTwoMegabytesOfTheirOwn) {
  HubStage stage;
  ASSERT_TRUE(stage.start_quoting());
  const auto bytes = os::anonymous_bytes(stage.pid());
  EXPECT_GT(bytes, 0u);
  EXPECT_LE(bytes, 2u << 20);
  RecordProperty("anonymous_bytes", static_cast<int>(bytes));
}
#endif

TEST(Hub, SpinningEnginesWorkTheSame) {
  HubOptions options = plain_options();
  options.spin = true;
  HubStage stage(options);
  ASSERT_TRUE(stage.start_quoting());
  stage.fill(stage.places()[0]);
  EXPECT_TRUE(stage.until([&] { return stage.placed() >= 5; }));
  stage.signal(SIGKILL);
  EXPECT_TRUE(stage.until([&] { return stage.count<EngineUp>() == 2; }));
}

}  // namespace
}  // namespace levi::engine::test
