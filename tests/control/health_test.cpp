// How the core is: /health, /readyz and /live/status, each illness by its name.
#include <gtest/gtest.h>

#include "tests/control/rig.h"

namespace levi::control {
namespace {

using nlohmann::json;
using test::body_of;
using test::ControlRig;
using test::HttpAnswer;
using test::HttpPeer;
using test::keys_of;

void make_well(SharedStatus& status) {
  const std::int64_t now = os::mono_now().ns;
  status.phase = Phase::kRunning;
  status.trading_round_ns = status.persist_round_ns = status.last_market_data_ns = now;
  status.market_up = status.private_up = true;
  status.trading_state = machine::TradingState::kActive;
}

TEST(ControlHealth, HealthHasEveryFieldOfTheContract) {
  ControlRig rig;
  make_well(rig.status);
  const HttpAnswer answer = rig.connect().get("/health");
  EXPECT_EQ(answer.status, 200);
  const json health = body_of(answer);
  EXPECT_EQ(
      keys_of(health),
      (std::set<std::string>{"status", "version", "build", "name", "environment", "mode", "pid",
                             "start_ticks", "boot_id", "time_namespace", "incarnation", "instance",
                             "uptime_s", "venue", "key_fingerprint", "components"}));
  EXPECT_EQ(health["status"], "healthy");
  EXPECT_EQ(health["pid"], getpid());
  EXPECT_EQ(health["boot_id"], os::boot_id());
  EXPECT_EQ(keys_of(health["components"]),
            (std::set<std::string>{"trading", "journal", "store", "market_feed", "private_feed",
                                   "engines", "latch", "clock", "price_feeds", "control"}));
  for (const auto& [name, component] : health["components"].items()) {
    EXPECT_EQ(component["status"], "healthy") << name;
    EXPECT_NE(component["detail"], "") << name;
  }
}

struct Ill {
  const char* component;
  void (*make)(SharedStatus&);
  const char* status;
  int http;
};

TEST(ControlHealth, EveryIllnessIsNamedByItsComponent) {
  const std::int64_t long_ago = os::mono_now().ns - std::int64_t{60'000'000'000};
  static std::int64_t old;
  old = long_ago;
  const Ill rows[] = {
      {"trading", [](SharedStatus& s) { s.trading_round_ns = old; }, "unhealthy", 503},
      {"trading", [](SharedStatus& s) { s.phase = Phase::kStopping; }, "unhealthy", 503},
      {"trading", [](SharedStatus& s) { s.venue_trouble.store("BTCUSDT: odd"); }, "degraded", 200},
      {"market_feed", [](SharedStatus& s) { s.market_lag_ms = 6000; }, "degraded", 200},
      {"journal", [](SharedStatus& s) { s.journal_ok = false; }, "unhealthy", 503},
      {"journal", [](SharedStatus& s) { s.persist_round_ns = old; }, "unhealthy", 503},
      {"journal", [](SharedStatus& s) { s.ring_fill = 0.6; }, "degraded", 200},
      {"journal", [](SharedStatus& s) { s.ring_fill = 0.95; }, "unhealthy", 503},
      {"store", [](SharedStatus& s) { s.store_ok = false; }, "degraded", 200},
      {"store", [](SharedStatus& s) { s.journal_last = 60'000; }, "degraded", 200},
      {"market_feed", [](SharedStatus& s) { s.market_up = false; }, "degraded", 200},
      {"market_feed", [](SharedStatus& s) { s.market_polling = true; }, "degraded", 200},
      {"private_feed", [](SharedStatus& s) { s.private_up = false; }, "degraded", 200},
      {"price_feeds", [](SharedStatus& s) { s.last_market_data_ns = old; }, "degraded", 200},
      {"engines", [](SharedStatus& s) { s.engines_defined = 2, s.engines_running = 1; }, "degraded",
       200},
      {"engines", [](SharedStatus& s) { s.engines_defined = s.engines_failed = 1; }, "degraded",
       200},
      {"engines", [](SharedStatus& s) { s.supervisor_round_ns = old; }, "degraded", 200},
      {"latch", [](SharedStatus& s) { s.latch_path_ok = false; }, "unhealthy", 503},
      {"clock", [](SharedStatus& s) { s.clock_offset_ms = -10'000; }, "degraded", 200},
      {"control", [](SharedStatus& s) { s.audit_ok = false; }, "degraded", 200},
  };
  for (const Ill& row : rows) {
    ControlRig rig;
    make_well(rig.status);
    row.make(rig.status);
    const HttpAnswer answer = rig.connect().get("/health");
    const json health = body_of(answer);
    EXPECT_EQ(health["status"], row.status) << answer.body;
    EXPECT_EQ(health["components"][row.component]["status"], row.status) << answer.body;
    EXPECT_EQ(answer.status, row.http) << row.component;
  }
}

TEST(ControlHealth, ReadyzGivesReasonsUntilTheCoreRuns) {
  ControlRig rig;
  HttpPeer peer = rig.connect();
  HttpAnswer answer = peer.get("/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(body_of(answer)["ready"], false);
  EXPECT_NE(answer.body.find("phase: starting"), std::string::npos);
  EXPECT_NE(answer.body.find("market_feed: "), std::string::npos);
  make_well(rig.status);
  answer = peer.get("/readyz");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"ready":true,"reasons":[]})");
  // A seal is a decision, not an illness: taking the core out of a load balancer would take its
  // resume button away.
  rig.latch().seal(latch::Holder::kOperator, "test", "test", Instant{1}, 0ns);
  EXPECT_EQ(peer.get("/readyz").status, 200);
}

TEST(ControlHealth, LiveStatusShowsLatchFeedEnginesAndChaos) {
  ControlRig rig;
  make_well(rig.status);
  rig.status.market_reconnects = 3;
  rig.status.open_orders = 7;
  rig.status.positions_open = 2;
  rig.status.engines_defined = 4;
  rig.status.engines_running = 3;
  rig.status.engines_failed = 1;
  HttpPeer peer = rig.connect();
  json live = body_of(peer.get("/live/status"));
  EXPECT_EQ(live["kill_switch_active"], false);
  EXPECT_EQ(live["active"], true);
  EXPECT_EQ(live["trading_state"], "ACTIVE");
  EXPECT_EQ(live["phase"], "running");
  EXPECT_EQ(live["mode"], "DRY");
  EXPECT_EQ(live["ws_status"]["market"], "up");
  EXPECT_EQ(live["ws_status"]["private"], "up");
  EXPECT_EQ(live["ws_status"]["reconnects"], 3);
  EXPECT_EQ(live["open_orders"], 7);
  EXPECT_EQ(live["positions"], 2);
  EXPECT_EQ(live["engines"], (json{{"running", 3}, {"defined", 4}, {"failed", 1}}));
  EXPECT_EQ(live["chaos"], nullptr);

  ChaosLease lease{"r1", "C-1", "ci", os::mono_now() + 60s, true};
  rig.status.chaos.store(lease);
  rig.status.market_polling = true;
  peer.post("/live/kill?reason=look+here");
  live = body_of(peer.get("/live/status"));
  EXPECT_EQ(live["kill_switch_active"], true);
  EXPECT_EQ(live["active"], false);
  EXPECT_EQ(live["reason"], "look here");
  EXPECT_EQ(live["holders"], json{"operator"});
  EXPECT_EQ(live["ws_status"]["market"], "polling");
  EXPECT_EQ(live["chaos"]["run"], "r1");
  EXPECT_EQ(live["chaos"]["scenario"], "C-1");
  EXPECT_EQ(live["chaos"]["owner"], "ci");

  lease.expires = os::mono_now();
  rig.status.chaos.store(lease);
  EXPECT_EQ(body_of(peer.get("/live/status"))["chaos"], nullptr);
}

TEST(ControlHealth, LiveStatusIsNotActiveWhileTheTradingThreadHangs) {
  ControlRig rig;
  make_well(rig.status);
  HttpPeer peer = rig.connect();
  json live = body_of(peer.get("/live/status"));
  EXPECT_EQ(live["active"], true);
  EXPECT_LT(live["trading_round_age_ms"], 2500);
  rig.status.trading_round_ns = os::mono_now().ns - 60'000'000'000;
  live = body_of(peer.get("/live/status"));
  EXPECT_EQ(live["active"], false);
  EXPECT_GE(live["trading_round_age_ms"], 60'000);
  EXPECT_EQ(live["trading_state"], "ACTIVE") << "what it last said stays what it last said";
  rig.status.trading_round_ns = 0;  // not begun
  live = body_of(peer.get("/live/status"));
  EXPECT_EQ(live["active"], false);
  EXPECT_EQ(live["trading_round_age_ms"], nullptr);
}

TEST(ControlHealth, ASupervisorIsJudgedByWhatTradingSawOfIt) {
  ControlRig rig;
  make_well(rig.status);
  HttpPeer peer = rig.connect();
  const auto engines = [&] { return body_of(peer.get("/health"))["components"]["engines"]; };
  EXPECT_EQ(engines()["status"], "healthy") << "none is supervised";
  EXPECT_FALSE(engines().contains("supervisor_age_ms"));
  rig.status.supervisor_round_ns = rig.status.trading_round_ns - 3'000'000'000;
  EXPECT_EQ(engines()["status"], "degraded");
  EXPECT_NE(engines()["detail"].get<std::string>().find("supervisor"), std::string::npos);
  // Both are a minute old: it is trading that hangs, and nothing is known against the supervisor.
  rig.status.trading_round_ns = rig.status.supervisor_round_ns = os::mono_now().ns - 60'000'000'000;
  EXPECT_EQ(engines()["status"], "healthy");
}

}  // namespace
}  // namespace levi::control
