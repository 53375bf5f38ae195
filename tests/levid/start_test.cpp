// How trading begins when the venue, the clock or the disk is not as it should be: what stands at
// the venue is looked after all the same, and nobody waits for the thread.
#include <filesystem>

#include "core/base/decimal.h"
#include "core/base/ids.h"
#include "core/os/socket.h"
#include "tests/levid/trading_rig.h"
#include "tests/venue/fake_venue.h"

namespace levi::levid {
namespace {

using exchange::Stage;
using latch::Holder;
using machine::AnswerCode;
using test::TradingRig;

constexpr const char* kResting = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.001&price=20000";

std::string own_id(const TradingRig& rig, std::uint64_t sequence) {
  return format_client_order_id(
             {OrderKind::kNormal, rig.startup->identity.instance, {1}, {sequence}})
      .str();
}

// What a levid that was killed leaves: an order that stands at the venue, and that its journal
// knows. One that somebody else put there beside it.
void leave_resting_orders(const Stage& stage, TradingRig& rig) {
  const std::string own = own_id(rig, 5);
  ASSERT_TRUE(stage.call("POST", "/api/v3/order", kResting).contains("orderId"));
  ASSERT_TRUE(
      stage.call("POST", "/api/v3/order", std::string(kResting) + "&newClientOrderId=" + own)
          .contains("orderId"));
  const auto spec = exchange::make_symbol("BTCUSDT").value();
  machine::Started started;
  started.incarnation = {2};
  started.instance = rig.startup->identity.instance;
  machine::InstrumentDefined symbol;
  symbol.name = "BTCUSDT";
  symbol.price_exponent = static_cast<std::int8_t>(spec.price_exponent);
  symbol.quantity_exponent = static_cast<std::int8_t>(spec.quantity_exponent);
  symbol.quantity_min = {1};
  machine::VenueOrderState open;
  open.sequence = {5};
  open.incarnation = {1};
  open.venue_order = "C02__5";
  open.price = {2'000'000};
  open.quantity = {1000};
  const Instant now = os::wall_now();
  rig.journal(started, now);
  rig.journal(symbol, now);
  rig.journal(open, now);
  ASSERT_EQ(rig.state().open_orders, 1u);
  rig.startup->identity.incarnation = {3};
}

// What a levid that was killed leaves behind: 0.01 BTC, counted in steps of this many digits.
void leave_position(TradingRig& rig, std::int8_t digits) {
  const Instant now = os::wall_now();
  machine::Started started;
  started.incarnation = {2};
  started.instance = rig.startup->identity.instance;
  rig.journal(started, now);
  machine::InstrumentDefined symbol;
  symbol.name = "BTCUSDT";
  symbol.price_exponent = 2;
  symbol.quantity_exponent = digits;
  symbol.quantity_min = {1};
  rig.journal(symbol, now);
  machine::VenueOrderState open;
  open.sequence = {5};
  open.incarnation = {1};
  open.venue_order = "C02__5";
  open.price = {9'300'000};
  open.quantity = Quantity{parse_decimal("0.01", digits).value()};
  rig.journal(open, now);
  machine::VenueFill fill;
  fill.sequence = {5};
  fill.incarnation = {1};
  fill.trade = "t1";
  fill.price = open.price;
  fill.quantity = open.quantity;
  rig.journal(fill, now);
  rig.startup->identity.incarnation = {3};
}

std::uint64_t open_at(const Stage& stage) {
  return stage.admin("GET", "/ledger/summary")["open_orders"];
}

TEST(TradingStart, AKillCancelsWhatStandsThoughTheStartNeverEnds) {
  const Stage stage;
  TradingRig rig(&stage);
  ASSERT_NO_FATAL_FAILURE(leave_resting_orders(stage, rig));
  stage.admin("POST", "/faults/clock_offset?ms=10000&tag=ahead");
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(
      rig.wait([&] { return rig.trading->waiting_for().find("clock") != std::string::npos; }));
  ASSERT_EQ(open_at(stage), 2u);
  rig.seal_by_file();
  EXPECT_TRUE(rig.wait([&] { return open_at(stage) == 0; }));
  EXPECT_EQ(rig.status.phase.load(), control::Phase::kConnecting);
}

TEST(TradingStart, AKillReachesSymbolsThatTheConfigurationDropped) {
  const Stage stage;
  TradingRig rig(&stage);
  ASSERT_NO_FATAL_FAILURE(leave_resting_orders(stage, rig));
  rig.config.symbols = {"ETHUSDT"};
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(rig.wait_running());
  rig.seal_by_file();
  EXPECT_TRUE(rig.wait([&] { return open_at(stage) == 0; }));
  EXPECT_TRUE(rig.wait([&] { return rig.state().open_orders == 0; }));
}

TEST(TradingStart, AVenueThatNeverAnswersHoldsUpNeitherCommandsNorTheEnd) {
  const auto silent = os::listen_on({"127.0.0.1", 0, ""});  // connects, and that is all
  ASSERT_TRUE(silent);
  const auto port = os::local_port(silent.value().get());
  TradingRig rig("127.0.0.1:" + std::to_string(port.value()));
  rig.config.answer_timeout = 10 * exchange::kPatience;
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(rig.wait([&] { return rig.status.phase.load() == control::Phase::kConnecting; }));
  for (int i = 0; i < 5; ++i) rig.loop.run_once(0ns);  // the first question is out
  EXPECT_EQ(rig.resume(Holder::kNewInstance).code, AnswerCode::kDone);
  rig.seal_by_file();
  EXPECT_TRUE(rig.wait([&] { return rig.state().latch_word == rig.word().raw; }));
  bool over = false;
  rig.loop.after(exchange::kPatience, [&] { over = true; });
  rig.trading->stop(10 * exchange::kPatience);
  rig.loop.run();
  EXPECT_FALSE(over);
}

// Neither name needs a server to be asked: an empty label is none, and 127.1 is an address.
TEST(TradingStart, AVenueWhoseNameIsNotFoundIsLookedUpAgain) {
  const Stage stage;
  TradingRig rig("venue..invalid:80");
  ASSERT_NO_FATAL_FAILURE(rig.start());
  const auto waits_for_it = [&] {
    return rig.trading->waiting_for().find("venue..invalid") != std::string::npos;
  };
  ASSERT_TRUE(rig.wait(waits_for_it));
  EXPECT_EQ(rig.resume(Holder::kNewInstance).code, AnswerCode::kDone);
  rig.config.venue_rest = rig.config.venue_websocket = "127.1:" + std::to_string(stage.port);
  EXPECT_TRUE(rig.wait_running());
}

TEST(TradingStart, EnginesThatCanNotBeStartedHoldUpNeitherFeedsNorReconciliation) {
  const Stage stage;
  TradingRig rig(&stage);
  const std::string log = rig.config.data + "/log";
  ASSERT_TRUE(os::write_file_atomic(log, "a file where a folder should be"));
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(rig.wait([&] {
    return rig.status.market_up.load() && rig.status.private_up.load() && !rig.state().reconciling;
  }));
  EXPECT_NE(rig.trading->waiting_for().find("/log"), std::string::npos)
      << rig.trading->waiting_for();
  std::filesystem::remove(log);
  EXPECT_TRUE(rig.wait_running());
}

// A restored backup is an instance of its own, with the orders of the one that it was made of.
TEST(TradingStart, ACopiedDataFolderLooksAfterTheOrdersThatItInherited) {
  const Stage stage;
  TradingRig original(&stage);
  ASSERT_NO_FATAL_FAILURE(leave_resting_orders(stage, original));
  original.drain_ring();
  TradingRig rig(stage.endpoint().text(), "", &original);
  ASSERT_TRUE(rig.startup->identity.copied);
  ASSERT_NE(rig.startup->identity.instance, original.startup->identity.instance);
  ASSERT_EQ(rig.state().open_orders, 1u);
  rig.startup->identity.incarnation = {3};
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(rig.wait_running());
  // No engine is its owner any more, so it is cancelled; what somebody else put there stays.
  EXPECT_TRUE(rig.wait([&] { return open_at(stage) == 1; }));
  EXPECT_TRUE(rig.wait([&] { return rig.state().open_orders == 0; }));
  EXPECT_EQ(rig.state().foreign.size(), 1u) << "and the inherited one is not among them";
  rig.seal_by_file();
  EXPECT_TRUE(rig.wait([&] { return open_at(stage) == 0; }));
}

// The journal ends later than it is now: the clock was ahead, and somebody set it.
TEST(TradingStart, AJournalFromTheFutureStillAsksForTheTradesOfThePresent) {
  const Stage stage;
  TradingRig rig(&stage);
  rig.startup->identity.incarnation = {2};
  const auto placed = stage.call("POST", "/api/v3/order",
                                 "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=100"
                                 "&newClientOrderId=" +
                                     own_id(rig, 5));
  ASSERT_TRUE(placed.contains("orderId")) << placed.dump();
  ASSERT_NO_FATAL_FAILURE(rig.start(os::wall_now() + 600s));
  ASSERT_TRUE(rig.wait_running());
  ASSERT_TRUE(rig.wait([&] { return !rig.state().reconciling; }));
  EXPECT_EQ(rig.state().counters.adopted, 1u);
  EXPECT_GT(rig.state().instruments.at(0).position.quantity.value, 0);
}

// The machine goes on counting in the steps that the position is counted in: what is read from the
// venue and what is written to it must be in the same ones, or a flatten sells another amount.
TEST(TradingStart, APositionInStepsThatTheVenueGaveUpIsClosedAsItStands) {
  const Stage stage;
  TradingRig rig(&stage);
  constexpr std::int8_t kOldDigits = 7;  // the venue has 6 now
  ASSERT_NO_FATAL_FAILURE(leave_position(rig, kOldDigits));
  ASSERT_EQ(rig.state().instruments.at(0).position.quantity.value, 100'000);
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(rig.wait_running());
  EXPECT_FALSE(rig.state().instruments.at(0).definition.tradable);
  ASSERT_TRUE(rig.wait([&] { return rig.state().instruments.at(0).book_valid; }));
  EXPECT_TRUE(rig.wait([&] {
    const auto said = rig.status.venue_trouble.load();
    return said && said->view().find("BTCUSDT: the venue changed its steps") == 0;
  }));

  rig.seal_by_file();
  ASSERT_TRUE(rig.wait([&] { return rig.state().latch_word == rig.word().raw; }));
  ASSERT_EQ(rig.command(machine::CommandKind::kFlatten).code, AnswerCode::kDone);
  ASSERT_TRUE(
      rig.wait([&] { return rig.state().instruments.at(0).position.quantity.value != 100'000; }));
  rig.wait([&] { return rig.state().instruments.at(0).position.quantity.value == 0; });
  EXPECT_EQ(rig.state().instruments.at(0).position.quantity.value, 0);
  std::int64_t sold = 0;
  for (const auto& trade : stage.call("GET", "/api/v3/myTrades", "symbol=BTCUSDT"))
    sold += parse_decimal(trade["qty"].get<std::string>(), 6).value();
  EXPECT_EQ(sold, 10'000) << "0.01, as the journal has it";
}

// A venue by script, on the rig's own loop: what it has no answer for is an error.
struct Scripted {
  explicit Scripted(TradingRig& rig) : fake(rig.loop) {
    rig.config.venue_rest = rig.config.venue_websocket = fake.endpoint().text();
    rig.config.symbols = {"BTCUSDT"};
    fake.answer("GET /exchangeInfo", 200, "{\"symbols\":[" + test::symbol_json("BTCUSDT") + "]}");
    fake.answer("GET /depth", 200, test::depth_json(1, {{"99.00", "1"}}, {{"101.00", "1"}}));
    fake.answer("GET /openOrders", 200, "[]");
    fake.answer("GET /myTrades", 200, "[]");
  }
  test::FakeVenue fake;
};

TEST(TradingStart, WhatTheVenueGarbledIsAskedAgainUntilItsSealCanBeReleased) {
  TradingRig rig;
  Scripted venue(rig);
  rig.config.settle_again = 10ms;
  const std::string garbled =
      "[{\"symbol\":\"BTCUSDT\",\"orderId\":\"C02__5\",\"clientOrderId\":\"" + own_id(rig, 5) +
      "\"}]";
  venue.fake.answer("GET /myTrades", 200, garbled);
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(rig.wait([&] { return rig.word().held_by(Holder::kReconcile); }));
  ASSERT_TRUE(rig.wait([&] { return rig.state().latch().held_by(Holder::kReconcile); }));
  // Its first report begins a reconciliation of its own.
  ASSERT_TRUE(rig.wait([&] { return rig.status.private_up.load(); }));
  ASSERT_TRUE(rig.wait(
      [&] { return venue.fake.asked_count("GET /myTrades") >= 2 && !rig.state().reconciling; }));
  EXPECT_EQ(rig.state().reconcile_unsettled, 1u);
  EXPECT_EQ(rig.resume(Holder::kReconcile).code, AnswerCode::kRefused);
  venue.fake.answer("GET /myTrades", 200, "[]");
  ASSERT_TRUE(rig.wait([&] { return rig.state().reconcile_unsettled == 0; }));
  ASSERT_TRUE(rig.wait([&] { return !rig.state().reconciling; }));
  EXPECT_EQ(rig.resume(Holder::kReconcile).code, AnswerCode::kDone);
}

TEST(TradingStart, ASymbolThatTheVenueDroppedKeepsTheOthersFromNothing) {
  TradingRig rig(nullptr,
                 "engines:\n  - {name: e, symbol: ETHUSDT, parameters: {spread_bps: 20, "
                 "quantity: 0.001, position_max: 0.01}}\n");
  machine::InstrumentDefined known;
  known.symbol = {0};
  known.name = "SOLUSDT";
  known.price_exponent = 2;
  known.quantity_exponent = 4;
  known.quantity_min = {1};
  rig.journal(known, os::wall_now());
  Scripted venue(rig);
  rig.config.symbols = {"BTCUSDT", "ETHUSDT", "SOLUSDT"};  // of these it has the first alone
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(rig.wait([&] { return rig.state().instruments.size() == 2; }))
      << rig.trading->waiting_for();
  EXPECT_TRUE(rig.wait([&] { return rig.state().instruments[1].book_valid; }));
  EXPECT_EQ(rig.state().instruments[1].definition.name, "BTCUSDT");
  EXPECT_TRUE(rig.state().instruments[1].definition.tradable);
  EXPECT_FALSE(rig.state().instruments[0].definition.tradable);
  EXPECT_TRUE(rig.state().engines.empty()) << "it has nothing to trade";
  EXPECT_TRUE(rig.wait([&] {
    const auto said = rig.status.venue_trouble.load();
    return said && said->view().find("ETHUSDT") == 0 &&
           said->view().find("SOLUSDT") != std::string_view::npos;
  }));
}

}  // namespace
}  // namespace levi::levid
