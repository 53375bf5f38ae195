// The trading thread against bad luck that its machine can't see: a latch that is sealed from
// outside, replaced, or changed while the journal takes nothing; a reconciliation that is cut
// short.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/ids.h"
#include "tests/levid/trading_rig.h"

namespace levi::levid {
namespace {

using latch::Holder;
using machine::AnswerCode;

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
  journal::Writer& writer = rig.startup->writer;
  const machine::Event second = machine::Timer{};
  while (writer.append(machine::event_type(second), machine::event_bytes(second), rig.state().now)
             .value != 0) {
  }
  const std::uint64_t before = rig.state().latch_word;
  rig.seal_by_file();
  ASSERT_TRUE(rig.wait([&] { return rig.word().held_by(Holder::kJournal); }));
  for (int i = 0; i < 5; ++i) rig.loop.run_once(0ns);  // looked at, and told to nobody
  EXPECT_EQ(rig.state().latch_word, before);

  auto persister = journal::Persister::open(rig.startup->writer.ring(), rig.startup->journal_paths,
                                            rig.startup->journal_options);
  ASSERT_TRUE(persister);
  while (true) {
    const auto copied = persister.value().run_once();
    ASSERT_TRUE(copied) << copied.error().text();
    if (copied.value() == 0) break;
  }
  EXPECT_TRUE(rig.wait([&] { return rig.state().latch_word == rig.word().raw; }));
}

// An order of an earlier incarnation that this journal lost (a reboot): it was filled long before
// the private stream came up, whose first report begins the reconciliation anew.
TEST(Trading, AReconciliationThatIsBegunAnewStillLooksBackToTheFirstOne) {
  const exchange::Stage stage;
  const Instant now = os::wall_now();
  ASSERT_EQ(stage.admin("POST", "/faults/clock_offset?ms=-100000&tag=past")["active"], true);
  test::TradingRig rig(&stage);
  const auto client =
      format_client_order_id({OrderKind::kNormal, rig.startup->identity.instance, {1}, {5}});
  rig.startup->identity.incarnation = {2};
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
  stage.admin("POST", "/faults/latency?ms=300&path=/api/v3/openOrders&tag=slow");

  ASSERT_NO_FATAL_FAILURE(rig.start(now - 150s));
  ASSERT_TRUE(rig.wait([&] { return rig.status.private_up.load(); }));
  ASSERT_TRUE(rig.wait_running());
  ASSERT_TRUE(rig.wait([&] { return !rig.state().reconciling; }));
  EXPECT_EQ(rig.state().counters.adopted, 1u);
  EXPECT_GT(rig.state().instruments.at(0).position.quantity.value, 0);
}

TEST(Trading, ACleanStopLeavesWhatOthersHaveStandingOnTheAccount) {
  const exchange::Stage stage;
  const auto foreign = stage.call("POST", "/api/v3/order",
                                  "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.001&price=20000");
  ASSERT_TRUE(foreign.contains("orderId")) << foreign.dump();
  test::TradingRig rig(&stage);
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(rig.wait_running());
  rig.trading->stop(100ms);
  rig.loop.run();
  EXPECT_EQ(stage.call("GET", "/api/v3/openOrders", "symbol=BTCUSDT").size(), 1u);
}

}  // namespace
}  // namespace levi::levid
