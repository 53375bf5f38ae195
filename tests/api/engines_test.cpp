// /engines of docs/api.md, over a real socket.
#include <gtest/gtest.h>

#include "tests/api/rig.h"
#include "tests/api/shapes.h"

namespace levi::api {
namespace {

using test::ApiRig;
using test::has_all;
using test::json;

TEST(Engines, EnginesAreListedWithEverythingThatIsKnown) {
  ApiRig rig;
  rig.core.start();
  rig.status.engines[0].last_heartbeat_ns = os::mono_now().ns;
  rig.status.engines[0].ticks_handled = 17;
  const json list = rig.get("/engines");
  EXPECT_EQ(list["total"], 2);
  EXPECT_EQ(list["running"], 1);
  EXPECT_EQ(list["starting"], 1);
  const json engine = list["engines"][0];
  EXPECT_TRUE(has_all(
      engine, {"id", "name", "symbol", "strategy", "status", "pid", "start_ticks", "incarnation",
               "uptime_seconds", "restarts", "restart_budget_left", "last_heartbeat_age_ms",
               "ticks_handled", "last_restart_ms", "last_error", "position", "error_count"}));
  EXPECT_EQ(engine["name"], "mm-btc");
  EXPECT_EQ(engine["symbol"], "BTCUSDT");
  EXPECT_EQ(engine["status"], "running");
  EXPECT_EQ(engine["pid"], getpid());
  EXPECT_GT(engine["start_ticks"], 0);
  EXPECT_EQ(engine["ticks_handled"], 17);
  EXPECT_EQ(engine["restart_budget_left"], 5);
  EXPECT_EQ(engine["position"], "0.000000");
  EXPECT_TRUE(engine["last_heartbeat_age_ms"].is_number());
  EXPECT_GE(engine["uptime_seconds"], 0.0);
  EXPECT_LT(engine["uptime_seconds"], 60.0);
  EXPECT_EQ(rig.get("/engines/mm-btc")["id"], 0);
  EXPECT_EQ(rig.get("/engines/1")["name"], "mm-eth");
  EXPECT_EQ(rig.get("/engines/mm-eth")["pid"], nullptr);
  const json missing = rig.get("/engines/nobody", 404);
  EXPECT_NE(missing["detail"].get<std::string>().find("mm-btc"), std::string::npos);
}

TEST(Engines, ADeadEngineSaysWhatItDiedOf) {
  ApiRig rig;
  rig.core.start();
  machine::EngineDown down;
  down.engine_incarnation = rig.core.read([](const auto& s) { return s.engines[0].incarnation; });
  down.pid = getpid();
  down.why = machine::EngineDownWhy::kSignalled;
  down.status = SIGKILL;
  rig.core.apply(down);
  const json engine = rig.get("/engines/0");
  EXPECT_EQ(engine["status"], "starting");
  EXPECT_EQ(engine["last_error"], "killed by SIGKILL");
  EXPECT_EQ(engine["restart_budget_left"], 4);
}

TEST(Engines, EnginesAreStartedStoppedAndRestarted) {
  ApiRig rig;
  rig.core.start();
  const json stopped = rig.post("/engines/mm-btc/stop", R"({"reason":"noise","actor":"ann"})");
  EXPECT_EQ(stopped["ok"], true);
  EXPECT_EQ(stopped["id"], 0);
  EXPECT_TRUE(has_all(stopped, {"ok", "id", "status", "message"}));
  EXPECT_EQ(rig.post("/engines/0/start?reason=x")["ok"], true);
  EXPECT_EQ(rig.post("/engines/0/restart?reason=x")["ok"], true);
  const auto commands = rig.core.commands();
  ASSERT_EQ(commands.size(), 3u);
  EXPECT_EQ(commands[0].kind, machine::CommandKind::kEngineStop);
  EXPECT_EQ(commands[0].actor.view(), "ann");
  EXPECT_EQ(commands[0].reason.view(), "noise");
  EXPECT_EQ(commands[1].kind, machine::CommandKind::kEngineStart);
  EXPECT_EQ(commands[2].kind, machine::CommandKind::kEngineRestart);
  rig.post("/engines/7/start", "", 404);
}

TEST(Engines, EnginesOfASymbolAreMeantByTheSymbol) {
  ApiRig rig;
  rig.core.start();
  const json answer = rig.post("/engines/restart?symbol=BTCUSDT&reason=stale");
  EXPECT_EQ(answer["ok"], true);
  ASSERT_EQ(answer["engines"].size(), 1u);
  EXPECT_EQ(answer["engines"][0]["id"], 0);
  rig.post("/engines/stop?symbol=NOPE", "", 404);
  rig.post("/engines/stop", "", 400);
}

}  // namespace
}  // namespace levi::api
