// Each row of docs/api.md, over a real socket.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>

#include "core/store/projector.h"
#include "tests/api/rig.h"
#include "tests/api/shapes.h"

namespace levi::api {
namespace {

using test::ApiRig;
using test::has_all;
using test::HttpAnswer;
using test::json;
using test::Keys;
using test::keys_of;

TEST(Surface, RefusesToListenBeyondLoopback) {
  test::TempFolder folder(test::kTmpfs);
  auto latch = latch::Latch::create(folder / "kill.latch");
  ASSERT_TRUE(latch);
  const journal::Paths paths{folder / "journal.ring", folder / "journal"};
  test::FakeCore core(paths, latch.value());
  control::SharedStatus status;
  control::AuditRing audit;
  ApiOptions options;
  options.endpoint = {.host = "0.0.0.0", .port = 0, .path = {}};
  options.data_folder = folder.path();
  options.journal = paths;
  const auto started = ApiServer::start(options, {core.snapshot(), core.last()}, core.ring(),
                                        {status, core.port, latch.value(), audit, [] {}});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kInvalid);
}

TEST(Surface, HealthIsTheSameAsControls) {
  ApiRig rig;
  const json health = rig.get("/health", 503);  // nothing of a core runs here
  EXPECT_EQ(keys_of(health),
            (Keys{"status", "version", "build", "name", "environment", "mode", "pid", "start_ticks",
                  "boot_id", "time_namespace", "incarnation", "instance", "uptime_s", "venue",
                  "key_fingerprint", "components"}));
  EXPECT_EQ(health["components"].size(), 10u);
  EXPECT_EQ(rig.get("/healthz")["status"], "alive");
  EXPECT_EQ(rig.get("/readyz", 503)["ready"], false);
  EXPECT_EQ(rig.get("/api/health", 503)["name"], "rig");
}

TEST(Surface, WhatAStartWaitsForIsNamed) {
  ApiRig rig;
  rig.status.phase = control::Phase::kConnecting;
  rig.status.waiting_for.store("venue: connection refused");
  const std::string detail = rig.get("/health", 503)["components"]["trading"]["detail"];
  EXPECT_NE(detail.find("waiting for venue: connection refused"), std::string::npos) << detail;
  const std::string reason = rig.get("/readyz", 503)["reasons"][0];
  EXPECT_EQ(reason, "phase: connecting: venue: connection refused");
}

TEST(Surface, LiveStatusAndKillStateAnswer) {
  ApiRig rig;
  EXPECT_TRUE(has_all(
      rig.get("/live/status"),
      {"kill_switch_active", "sealed", "epoch", "holders", "reason", "mode", "active",
       "trading_state", "phase", "ws_status", "open_orders", "positions", "engines", "chaos"}));
  EXPECT_TRUE(has_all(rig.get("/live/kill"),
                      {"kill_switch", "sealed", "epoch", "sequence", "in_flight", "holders",
                       "order_connections", "open_orders", "open_orders_age_ms"}));
}

TEST(Surface, OrdersComeFromTheMachineAndPageBySequence) {
  ApiRig rig;
  rig.core.start();
  std::vector<OrderSequence> sequences;
  for (int i = 0; i < 5; ++i) sequences.push_back(rig.core.open_order());
  rig.core.fill(sequences[1], 1000, "T1");
  json page = rig.get("/orders?limit=2");
  EXPECT_EQ(page["orders"].size(), 2u);
  EXPECT_EQ(page["orders"][1]["sequence"], sequences[4].value);  // the newest, ascending
  EXPECT_EQ(page["sequence_last"], sequences[4].value);
  EXPECT_EQ(page["oldest"], sequences[0].value);
  EXPECT_EQ(page["total"], 5);
  page = rig.get("/orders?after=" + std::to_string(sequences[0].value) + "&limit=2");
  EXPECT_EQ(page["orders"][0]["sequence"], sequences[1].value);
  const json order = page["orders"][0];
  EXPECT_TRUE(has_all(
      order, {"sequence", "client_id", "venue_order_id", "symbol", "side", "type", "state", "price",
              "quantity", "filled", "executed_venue", "incarnation", "created", "engine"}));
  EXPECT_EQ(order["state"], "filled");
  EXPECT_EQ(order["price"], "50000.00");
  EXPECT_EQ(order["quantity"], "0.001000");
  EXPECT_EQ(order["filled"], "0.001000");
  EXPECT_EQ(order["engine"], "mm-btc");
  const auto parts = parse_client_order_id(order["client_id"].get<std::string>());
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->sequence, sequences[1]);
  EXPECT_EQ(rig.get("/orders?open=true")["orders"].size(), 4u);
  rig.get("/orders?limit=many", 400);
}

TEST(Surface, FillsAreNumberedAndSurviveARestart) {
  ApiRig rig;
  rig.core.start();
  const OrderSequence order = rig.core.open_order();
  for (int i = 1; i <= 3; ++i) rig.core.fill(order, 100, "T" + std::to_string(i));
  rig.core.fill(order, 100, "T2");  // told twice: booked once
  json page = rig.get("/fills?after=0&limit=2");
  ASSERT_EQ(page["fills"].size(), 2u);
  EXPECT_EQ(page["fills"][0]["trade_id"], "T1");
  EXPECT_EQ(page["fills"][0]["price"], "50000.00");
  EXPECT_EQ(page["fills"][0]["quantity"], "0.000100");
  EXPECT_EQ(page["fills"][0]["fee"], "0.00001500");
  EXPECT_EQ(page["fills"][0]["symbol"], "BTCUSDT");
  EXPECT_EQ(page["next"], 2);
  EXPECT_EQ(page["oldest"], 1);
  rig.restart();
  page = rig.get("/fills?after=2");
  ASSERT_EQ(page["fills"].size(), 1u);
  EXPECT_EQ(page["fills"][0]["trade_id"], "T3");
  EXPECT_EQ(page["fills"][0]["number"], 3);
  EXPECT_EQ(page["oldest"], 1);
  rig.core.fill(order, 100, "T4");
  page = rig.get("/fills?after=3");
  ASSERT_EQ(page["fills"].size(), 1u);
  EXPECT_EQ(page["fills"][0]["number"], 4);
  EXPECT_EQ(rig.get("/fills?after=4")["fills"].size(), 0u);
  EXPECT_EQ(rig.get("/fills?after=4")["next"], 4);
}

TEST(Surface, PositionsCountWhatIsOpen) {
  ApiRig rig;
  rig.core.start();
  EXPECT_EQ(rig.get("/paper/positions")["count"], 0);
  rig.core.fill(rig.core.open_order(), 1000, "T1");
  const json answer = rig.get("/paper/positions");
  EXPECT_EQ(answer["ok"], true);
  EXPECT_EQ(answer["count"], 1);
  const json position = answer["positions"][0];
  EXPECT_EQ(position["symbol"], "BTCUSDT");
  EXPECT_EQ(position["quantity"], "0.001000");
  EXPECT_EQ(position["average_price"], "50000.00");
  EXPECT_TRUE(position["pnl_usd"].is_number());
  EXPECT_TRUE(has_all(position, {"realised", "unrealised"}));
  EXPECT_EQ(rig.get("/paper/positions?all=true")["positions"].size(), 2u);
}

TEST(Surface, TradesAndSignalsComeFromTheStore) {
  ApiRig rig;
  rig.core.start();
  rig.core.fill(rig.core.open_order(), 1000, "T1");
  rig.get("/paper/trades", 503);  // there is no store yet
  rig.get("/ops/signal_log", 503);
  auto persister = journal::Persister::open(rig.core.ring(), rig.paths, {});
  ASSERT_TRUE(persister);
  ASSERT_TRUE(persister.value().run_once());
  store::ProjectorOptions options;
  options.path = rig.store_path();
  options.journal = rig.paths;
  options.identity = journal::Identity{InstanceId("abcdefg"), {1}, true, false, {}};
  auto projector = store::Projector::open(options, rig.core.ring());
  ASSERT_TRUE(projector) << projector.error().text();
  ASSERT_TRUE(projector.value().step(persister.value().durable()));
  const json trades = rig.get("/paper/trades?limit=10");
  EXPECT_EQ(trades["ok"], true);
  EXPECT_EQ(trades["total"], 1);
  ASSERT_EQ(trades["trades"].size(), 1u);
  EXPECT_EQ(trades["trades"][0]["trade_id"], "T1");
  EXPECT_EQ(trades["trades"][0]["price"], "50000.00");
  const json signals = rig.get("/ops/signal_log?limit=10");
  ASSERT_EQ(signals["items"].size(), 1u);
  EXPECT_TRUE(has_all(signals["items"][0], {"ts", "symbol", "side", "prob_up", "confidence",
                                            "source", "price", "features"}));
  EXPECT_EQ(signals["items"][0]["side"], "buy");
  EXPECT_EQ(signals["items"][0]["source"], "mm-btc");
  EXPECT_EQ(signals["total"], 1);
}

TEST(Surface, AStoreThatCantBeReadTroublesNobodyElse) {
  ApiRig rig;
  rig.core.start();
  std::ofstream(rig.store_path()) << "this is no database, and long enough to have been one: "
                                  << std::string(5000, 'x');
  rig.get("/paper/trades", 503);
  rig.get("/ops/signal_log", 503);
  EXPECT_EQ(rig.get("/engines")["total"], 2);
  EXPECT_EQ(rig.post("/live/kill")["killed"], true);
}

TEST(Surface, StateGivesHashSequenceAndTheChainsHead) {
  ApiRig rig;
  rig.core.start();
  const json state = rig.get("/state");
  EXPECT_TRUE(has_all(state, {"sequence", "state_hash", "trading_state", "reconciling",
                              "latch_word", "sequence_last"}));
  EXPECT_EQ(state["sequence"], rig.core.last().value);
  auto same = machine::Machine::deserialize(rig.core.snapshot());
  ASSERT_TRUE(same);
  EXPECT_EQ(state["state_hash"], same.value().state_hash());
  EXPECT_EQ(state["trading_state"], "ACTIVE");
  EXPECT_EQ(state["audit"]["n"], 0);
}

TEST(Surface, DocsAreThePageOfThisBuild) {
  ApiRig rig;
  const HttpAnswer answer = rig.connect().get("/docs");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.head.find("text/markdown"), std::string::npos);
  EXPECT_NE(answer.body.find("# levid's surface"), std::string::npos);
  EXPECT_NE(answer.body.find("POST /live/kill"), std::string::npos);
  EXPECT_GT(rig.get("/")["paths"].size(), 20u);
}

TEST(Surface, EveryAliasAnswersAsWhatItStandsFor) {
  ApiRig rig;
  rig.core.start();
  for (const auto& [alias, path] : {std::pair{"/engines/status", "/engines"},
                                    {"/api/health", "/health"},
                                    {"/admin/kill", "/live/kill"},
                                    {"/engines/", "/engines"}}) {
    const HttpAnswer by_alias = rig.connect().get(alias);
    const HttpAnswer answer = rig.connect().get(path);
    EXPECT_EQ(by_alias.status, answer.status) << alias;
    EXPECT_EQ(keys_of(json::parse(by_alias.body)), keys_of(json::parse(answer.body))) << alias;
  }
}

TEST(Surface, ErrorsAreProblemDocumentsThatHelp) {
  ApiRig rig;
  const HttpAnswer missing = rig.connect().get("/nothing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_NE(missing.head.find("application/problem+json"), std::string::npos);
  EXPECT_EQ(keys_of(json::parse(missing.body)), (Keys{"type", "title", "status", "detail"}));
  const HttpAnswer method = rig.connect().call("PATCH /engines HTTP/1.1\r\n\r\n");
  EXPECT_EQ(method.status, 405);
  EXPECT_NE(method.head.find("Allow: GET"), std::string::npos);
  const HttpAnswer lease =
      rig.connect().call("PUT /chaos/lease HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(lease.status, 405);
  EXPECT_NE(lease.head.find("POST, DELETE, GET"), std::string::npos);
  const HttpAnswer kill = rig.connect().call("PUT /live/kill HTTP/1.1\r\n\r\n");
  EXPECT_EQ(kill.status, 405);
  EXPECT_NE(kill.head.find("Allow: GET, POST"), std::string::npos);
  EXPECT_EQ(rig.connect().call("nonsense\r\n\r\n").status, 400);
  EXPECT_EQ(rig.connect().post("/chaos/lease", std::string(100'000, 'x')).status, 413);
  EXPECT_EQ(rig.connect().get("/" + std::string(20'000, 'x')).status, 431);
}

TEST(Surface, AHangingTradingThreadGives503InTimeAndOthersAreServed) {
  ApiOptions options;
  options.answer_max = 50ms;
  ApiRig rig(options);
  rig.core.start();
  rig.core.hang(true);
  test::HttpPeer waiting = rig.connect();
  waiting.send("POST /engines/0/stop HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(rig.get("/engines")["total"], 2);
  EXPECT_EQ(rig.post("/live/kill")["killed"], true);
  const HttpAnswer answer = waiting.answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("did not answer in time"), std::string::npos);
  for (int i = 0; i < 64; ++i) (void)rig.core.port.submit(machine::Timer{});
  EXPECT_NE(rig.post("/engines/0/stop", "", 503)["detail"].get<std::string>().find("full"),
            std::string::npos);
  rig.core.hang(false);
}

}  // namespace
}  // namespace levi::api
