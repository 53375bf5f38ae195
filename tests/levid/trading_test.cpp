// The trading thread against bad luck that its machine can't see: a latch that is sealed from
// outside, replaced, or changed while the journal takes nothing; a reconciliation that is cut
// short.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/ids.h"
#include "tests/levid/trading_rig.h"

namespace levi::levid {
namespace {

using latch::Holder;
using machine::AnswerCode;

// Orders on the account that are not ours: cancelled by a kill, and by nothing else.
void place_foreign(const exchange::Stage& stage) {
  const auto placed = stage.call("POST", "/api/v3/order",
                                 "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.001&price=20000");
  ASSERT_TRUE(placed.contains("orderId")) << placed.dump();
}
std::size_t foreign_open(const exchange::Stage& stage) {
  return stage.call("GET", "/api/v3/openOrders", "symbol=BTCUSDT").size();
}
// Asks ten times a second: the venue counts its callers' questions.
bool wait_foreign_gone(test::TradingRig& rig, const exchange::Stage& stage) {
  MonoTime next;
  return rig.wait([&] {
    if (os::mono_now() < next) return false;
    next = os::mono_now() + 100ms;
    return foreign_open(stage) == 0;
  });
}

TEST(Trading, LooksAtTheLatchByItselfAndNotOnlyWhenSomethingElseWakesIt) {
  test::TradingRig rig;
  ASSERT_NO_FATAL_FAILURE(rig.start());
  const auto until = std::make_shared<std::function<bool()>>();
  rig.loop.each_round([&loop = rig.loop, until] {
    if (*until && (*until)()) loop.stop();
  });
  // No round but those that its own timers and descriptors make.
  const auto run_until = [&](const std::function<bool()>& so) {
    *until = so;
    rig.loop.run_until(os::mono_now() + exchange::kPatience);
    const bool is_so = so();
    *until = nullptr;
    rig.loop.run_once(0ns);  // the stop itself is an event, too
    return is_so;
  };
  bool seen_early = false;
  // Right behind a second's round nothing else is due for long: two tries, should the machine
  // stall.
  for (int i = 0; i < 2 && !seen_early; ++i) {
    const std::uint64_t events = rig.state().counters.events;
    ASSERT_TRUE(run_until([&] { return rig.state().counters.events > events; }));
    rig.seal_by_file();
    bool late = false;
    rig.loop.after(200ms, [&] { late = true; });
    ASSERT_TRUE(run_until([&] { return rig.state().latch_word == rig.word().raw || late; }));
    seen_early = !late;
  }
  EXPECT_TRUE(seen_early);
}

TEST(Trading, ARemovedLatchFileSealsOnceAndForbidsEveryOpening) {
  test::TradingRig rig;
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_EQ(rig.resume(Holder::kNewInstance).code, AnswerCode::kDone);
  ASSERT_FALSE(rig.word().sealed());
  rig.seal_by_file();
  ASSERT_EQ(::unlink(latch::latch_path(rig.config.runtime).c_str()), 0);
  // Before anybody looked at the path.
  EXPECT_EQ(rig.resume(Holder::kOperator).code, AnswerCode::kRefused);
  EXPECT_TRUE(rig.word().sealed());
  ASSERT_TRUE(rig.wait([&] { return rig.word().held_by(Holder::kLatchFile); }));
  EXPECT_FALSE(rig.status.latch_path_ok.load());
  const std::uint64_t epoch = rig.word().epoch();
  EXPECT_EQ(rig.resume(Holder::kLatchFile).code, AnswerCode::kRefused);
  const std::uint64_t events = rig.state().counters.events;
  ASSERT_TRUE(rig.wait([&] { return rig.state().counters.events >= events + 2; }));
  EXPECT_EQ(rig.word().epoch(), epoch) << "sealed again and again";
}

// While the header is damaged the latch reads as sealed; mended, it must not be open again.
TEST(Trading, ADamagedHeaderSealsForGood) {
  test::TradingRig rig;
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_EQ(rig.resume(Holder::kNewInstance).code, AnswerCode::kDone);
  const std::string path = latch::latch_path(rig.config.runtime);
  const auto write_magic = [&](std::string_view magic) {
    const os::Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(::pwrite(fd.get(), magic.data(), magic.size(), 0), 8);
  };
  ASSERT_NO_FATAL_FAILURE(write_magic(std::string_view("\0\0\0\0\0\0\0\0", 8)));
  EXPECT_TRUE(rig.word().sealed());
  ASSERT_TRUE(rig.wait([&] { return rig.state().latch().sealed(); }));
  ASSERT_NO_FATAL_FAILURE(write_magic("LEVILTCH"));
  EXPECT_TRUE(rig.word().held_by(Holder::kLatchFile));
}

TEST(Trading, WhatTheJournalCanNotTakeStaysSealedWhoeverResumes) {
  test::TradingRig rig;
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_EQ(rig.resume(Holder::kNewInstance).code, AnswerCode::kDone);
  rig.status.journal_ok = false;
  ASSERT_TRUE(rig.wait([&] { return rig.word().held_by(Holder::kJournal); }));
  EXPECT_EQ(rig.resume(Holder::kJournal).code, AnswerCode::kRefused);
  EXPECT_TRUE(rig.word().held_by(Holder::kJournal));
  rig.status.journal_ok = true;
  ASSERT_TRUE(rig.wait([&] { return rig.state().latch().held_by(Holder::kJournal); }));
  EXPECT_EQ(rig.resume(Holder::kJournal).code, AnswerCode::kDone);
  EXPECT_FALSE(rig.word().sealed());
}

TEST(Trading, ASealThatTheFullRingDidNotTakeIsToldOnceThereIsRoom) {
  test::TradingRig rig;
  ASSERT_NO_FATAL_FAILURE(rig.start());
  rig.fill_ring();
  const std::uint64_t before = rig.state().latch_word;
  rig.seal_by_file();
  ASSERT_TRUE(rig.wait([&] { return rig.word().held_by(Holder::kJournal); }));
  for (int i = 0; i < 5; ++i) rig.loop.run_once(0ns);  // looked at, and told to nobody
  EXPECT_EQ(rig.state().latch_word, before);

  rig.drain_ring();
  EXPECT_TRUE(rig.wait([&] { return rig.state().latch_word == rig.word().raw; }));
}

// A file that is not ours any more: its numbers are no reason to leave orders standing.
TEST(Trading, AnOverwrittenLatchFileStillCancelsWhatIsOpen) {
  const exchange::Stage stage;
  test::TradingRig rig(&stage);
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(rig.wait_running());
  ASSERT_EQ(rig.resume(Holder::kNewInstance).code, AnswerCode::kDone);
  ASSERT_NO_FATAL_FAILURE(place_foreign(stage));
  const os::Fd fd(::open(latch::latch_path(rig.config.runtime).c_str(), O_WRONLY | O_CLOEXEC));
  const std::string text(512, 'x');
  ASSERT_EQ(::pwrite(fd.get(), text.data(), text.size(), 0), 512);
  EXPECT_TRUE(rig.wait([&] { return rig.state().latch().sealed(); })) << "the machine never heard";
  EXPECT_TRUE(wait_foreign_gone(rig, stage));
}

TEST(Trading, AKillWhileTheRingIsFullCancelsAndGoesOnCancelling) {
  const exchange::Stage stage;
  test::TradingRig rig(&stage);
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(rig.wait_running());
  ASSERT_EQ(rig.resume(Holder::kNewInstance).code, AnswerCode::kDone);
  ASSERT_NO_FATAL_FAILURE(place_foreign(stage));
  rig.fill_ring();
  rig.seal_by_file();
  EXPECT_TRUE(wait_foreign_gone(rig, stage));
  EXPECT_EQ(rig.status.trading_state.load(), machine::TradingState::kHalted);
  ASSERT_NO_FATAL_FAILURE(place_foreign(stage));  // or: the first answer was lost
  EXPECT_TRUE(wait_foreign_gone(rig, stage));
}

TEST(Trading, ACommandThatTheFullRingDoesNotTakeIsAnsweredAtOnce) {
  test::TradingRig rig;
  ASSERT_NO_FATAL_FAILURE(rig.start());
  rig.fill_ring();
  const auto answer = rig.resume(Holder::kNewInstance);
  EXPECT_EQ(answer.code, AnswerCode::kRefused);
  EXPECT_NE(answer.text.view().find("the journal takes nothing"), std::string_view::npos);
  EXPECT_TRUE(rig.word().sealed());
}

TEST(Trading, TheEndOfTheRingIsKeptForWhatTheVenueSays) {
  test::TradingRig rig;
  ASSERT_NO_FATAL_FAILURE(rig.start());
  rig.fill_ring(0.975);
  ASSERT_TRUE(rig.wait([&] { return rig.state().latch().held_by(Holder::kJournal); }));
  const std::uint64_t events = rig.state().counters.events;
  bool over = false;
  rig.loop.after(2500ms, [&] { over = true; });  // two Timers at least
  ASSERT_TRUE(rig.wait([&] { return over; }));
  EXPECT_LE(rig.state().counters.events, events + 1) << "a late text of the seal is one";
}

TEST(Trading, AStartThatTheRingCanNotTakeIsAnError) {
  test::TradingRig rig;
  rig.fill_ring();
  const Status started = rig.try_start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kIo);
  EXPECT_NE(started.error().fix.find(rig.config.data), std::string::npos) << started.error().text();
}

TEST(Trading, AStartWaitsWithItsDefinitionsUntilTheRingHasRoom) {
  const exchange::Stage stage;
  test::TradingRig rig(&stage);
  rig.fill_ring(0.95);
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(rig.wait(
      [&] { return rig.trading->waiting_for().find("journal ring") != std::string::npos; }));
  EXPECT_TRUE(rig.state().instruments.empty());
  rig.drain_ring();
  EXPECT_TRUE(rig.wait_running());
}

TEST(Trading, AnEngineThatDiesWhileTheRingIsFullIsStartedAgainOnceThereIsRoom) {
  const exchange::Stage stage;
  test::TradingRig rig(&stage,
                       "engines:\n  - {name: e, symbol: BTCUSDT, parameters: {spread_bps: 20, "
                       "quantity: 0.001, position_max: 0.01}}\n");
  ASSERT_NO_FATAL_FAILURE(rig.start());
  const auto runs = [&] {
    return !rig.state().engines.empty() &&
           rig.state().engines[0].state == machine::EngineState::kRunning;
  };
  ASSERT_TRUE(rig.wait(runs));
  const machine::Engine before = rig.state().engines[0];
  rig.fill_ring();
  ASSERT_EQ(::kill(before.pid, SIGKILL), 0);
  ASSERT_TRUE(rig.wait([&] { return ::kill(before.pid, 0) != 0; })) << "buried by the hub";
  EXPECT_EQ(rig.state().engines[0].incarnation, before.incarnation);
  rig.drain_ring();
  EXPECT_TRUE(
      rig.wait([&] { return runs() && rig.state().engines[0].incarnation > before.incarnation; }));
}

TEST(Trading, AChaosRunLetsGoOfASealThatItMadeWhileNoLevidRan) {
  test::TradingRig rig;
  rig.startup->latch.seal(Holder::kChaos, "chaos:7", "test", os::wall_now(), Nanos{0});
  rig.seal_by_file();  // a later epoch: the slot of the first is not the newest any more
  ASSERT_NO_FATAL_FAILURE(rig.start());
  const auto release = [&](const char* actor) {
    return rig.command(machine::CommandKind::kResume, Holder::kChaos, actor);
  };
  EXPECT_EQ(release("chaos:8").code, AnswerCode::kRefused);
  const auto answer = release("chaos:7");
  EXPECT_EQ(answer.code, AnswerCode::kDone) << answer.text.view();
  EXPECT_FALSE(rig.word().held_by(Holder::kChaos));
}

// A fill of an order that this journal lost, a hundred seconds ago.
void fill_in_the_past(const exchange::Stage& stage, test::TradingRig& rig, Instant now) {
  ASSERT_EQ(stage.admin("POST", "/faults/clock_offset?ms=-100000&tag=past")["active"], true);
  const auto client =
      format_client_order_id({OrderKind::kNormal, rig.startup->identity.instance, {1}, {5}});
  std::string query =
      "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=100&newClientOrderId=" + client.str();
  query += "&timestamp=" + std::to_string(now.ns / 1'000'000 - 100'000);
  query += "&signature=" + mexc::mexc_sign(exchange::Stage::kSecret, query);
  const auto placed =
      os::http_call("POST", stage.url("/api/v3/order?" + query), "", exchange::kPatience,
                    {{"X-MEXC-APIKEY", exchange::Stage::kKey}});
  ASSERT_TRUE(placed);
  ASSERT_EQ(placed.value().status, 200) << placed.value().body;
  stage.admin("DELETE", "/faults?tag=past");
}

// An order of an earlier incarnation that this journal lost (a reboot): it was filled long before
// the private stream came up, whose first report begins the reconciliation anew.
TEST(Trading, AReconciliationThatIsBegunAnewStillLooksBackToTheFirstOne) {
  const exchange::Stage stage;
  const Instant now = os::wall_now();
  test::TradingRig rig(&stage);
  rig.startup->identity.incarnation = {2};
  ASSERT_NO_FATAL_FAILURE(fill_in_the_past(stage, rig, now));
  stage.admin("POST", "/faults/latency?ms=300&path=/api/v3/openOrders&tag=slow");

  ASSERT_NO_FATAL_FAILURE(rig.start(now - 150s));
  ASSERT_TRUE(rig.wait([&] { return rig.status.private_up.load(); }));
  ASSERT_TRUE(rig.wait_running());
  ASSERT_TRUE(rig.wait([&] { return !rig.state().reconciling; }));
  EXPECT_EQ(rig.state().counters.adopted, 1u);
  EXPECT_GT(rig.state().instruments.at(0).position.quantity.value, 0);
}

// Its Timers are in the journal, whose last instant so says nothing about what is known of fills.
TEST(Trading, AStartLooksBackBehindOneThatNeverGotItsAnswers) {
  const exchange::Stage stage;
  const Instant now = os::wall_now();
  test::TradingRig rig(&stage);
  ASSERT_NO_FATAL_FAILURE(fill_in_the_past(stage, rig, now));
  machine::Started started;
  started.incarnation = {2};
  started.instance = rig.startup->identity.instance;
  rig.journal(started, now - 150s);
  rig.journal(machine::Timer{}, now - 1s);
  rig.startup->identity.incarnation = {3};
  ASSERT_NO_FATAL_FAILURE(rig.start(now - 1s));
  ASSERT_TRUE(rig.wait_running());
  ASSERT_TRUE(rig.wait([&] { return !rig.state().reconciling; }));
  EXPECT_EQ(rig.state().counters.adopted, 1u);
  EXPECT_GT(rig.state().instruments.at(0).position.quantity.value, 0);
}

TEST(Trading, ACleanStopLeavesWhatOthersHaveStandingOnTheAccount) {
  const exchange::Stage stage;
  ASSERT_NO_FATAL_FAILURE(place_foreign(stage));
  test::TradingRig rig(&stage);
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(rig.wait_running());
  rig.trading->stop(100ms);
  rig.loop.run();
  EXPECT_EQ(foreign_open(stage), 1u);
}

}  // namespace
}  // namespace levi::levid
