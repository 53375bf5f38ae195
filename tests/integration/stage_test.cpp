// A stage from `up` to `down`: it trades, answers what docs/api.md promises, stops, resumes,
// flattens, and leaves nothing, whoever of its processes is killed.
#include <algorithm>
#include <filesystem>

#include "core/os/file.h"
#include "levictl/exit_code.h"
#include "levictl/kill.h"
#include "tests/integration/rig.h"
#include "tests/support/forked.h"

namespace levi::test {
namespace {

class StageTest : public IntegrationTest {
 protected:
  int kill(bool venue = false) {
    cli::KillOptions options;
    options.target.target = stage_.name;
    options.reason = "integration test";
    options.actor = "test";
    options.venue = venue;
    return cli::kill_command(options);
  }
  int resume() {
    cli::ResumeOptions options;
    options.target.target = stage_.name;
    options.reason = "integration test";
    options.actor = "test";
    return cli::resume_command(options);
  }
  std::vector<os::ProcessIdentity> processes() {
    const cli::Stage now = current();
    std::vector<os::ProcessIdentity> all{now.supervisor.identity, now.levid.identity,
                                         now.practice_exchange.identity};
    const Json engines = api("GET", "/engines").body;
    EXPECT_EQ(engines.value("running", 0), 3) << "`up` waits for them";
    for (const Json& engine : engines["engines"]) {
      const auto found = os::identify(engine.value("pid", 0));
      if (found) all.push_back(found.value());
    }
    return all;
  }
};

void expect_gone(const cli::Stage& stage, const std::vector<os::ProcessIdentity>& processes) {
  for (const auto& process : processes) {
    EXPECT_TRUE(eventually([&] { return !os::is_alive(process); })) << "pid " << process.pid;
  }
  EXPECT_TRUE(eventually([&] { return !os::exists(cli::stage_file(stage.name)); }));
  EXPECT_FALSE(os::exists(stage.folder));
  EXPECT_FALSE(os::exists(stage.runtime));
  // Nothing under another name, either.
  for (const char* place : {"/dev/shm", "/tmp"}) {
    const auto names = os::list_folder(place);
    ASSERT_TRUE(names);
    for (const std::string& name : names.value()) {
      EXPECT_EQ(name.find("levi-stage-" + stage.name), std::string::npos) << place << "/" << name;
    }
  }
}

struct Shape {
  const char* path;
  std::vector<const char*> keys;
};

const std::vector<Shape> kControlShapes = {
    {"/healthz", {"status"}},
    {"/readyz", {"ready", "reasons"}},
    {"/health",
     {"status", "version", "build", "name", "environment", "mode", "pid", "start_ticks", "boot_id",
      "time_namespace", "incarnation", "instance", "uptime_s", "venue", "key_fingerprint",
      "components"}},
    {"/live/kill",
     {"kill_switch", "sealed", "epoch", "sequence", "in_flight", "holders", "order_connections",
      "open_orders"}},
    {"/live/status",
     {"kill_switch_active", "sealed", "epoch", "holders", "reason", "mode", "active",
      "trading_state", "phase", "ws_status", "open_orders", "positions", "engines", "chaos"}}};

const std::vector<Shape> kApiShapes = {
    {"/engines", {"total", "running", "stopped", "failed", "engines"}},
    {"/engines/mm-btcusdt",
     {"id", "name", "symbol", "strategy", "status", "pid", "start_ticks", "incarnation",
      "uptime_seconds", "restarts", "restart_budget_left", "last_heartbeat_age_ms", "ticks_handled",
      "last_restart_ms", "last_error", "position", "error_count"}},
    {"/orders?limit=5", {"orders", "total", "sequence_last"}},
    {"/fills", {"fills", "next"}},
    {"/paper/positions", {"ok", "positions", "count"}},
    {"/paper/trades?limit=5", {"ok", "trades", "total"}},
    {"/ops/signal_log?limit=5", {"items", "total"}},
    {"/state",
     {"sequence", "state_hash", "trading_state", "reconciling", "latch_word", "sequence_last"}},
    {"/chaos/lease", {"lease"}},
    {"/", {}}};

void expect_shape(const Answer& answer, const Shape& shape, const std::string& server) {
  EXPECT_EQ(answer.status, 200) << server << shape.path << ": " << answer.text;
  for (const char* key : shape.keys) {
    EXPECT_TRUE(answer.body.is_object() && answer.body.contains(key))
        << server << shape.path << " lacks '" << key << "': " << answer.text.substr(0, 400);
  }
}

TEST_F(StageTest, EveryPublicCallAnswersItsDocumentedShapeWhileOrdersFlow) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  for (const Shape& shape : kControlShapes) {
    expect_shape(control("GET", shape.path), shape, "control");
    expect_shape(api("GET", shape.path), shape, "api");
    const Answer by_socket = ask("GET", "unix:" + stage_.control_socket + ":" + shape.path);
    expect_shape(by_socket, shape, "socket");
  }
  for (const Shape& shape : kApiShapes) expect_shape(api("GET", shape.path), shape, "api");
  EXPECT_NE(api("GET", "/metrics").text.find("# TYPE levi_"), std::string::npos);
  EXPECT_EQ(api("GET", "/docs").status, 200);
  EXPECT_EQ(api("GET", "/no/such/path").status, 404);
  EXPECT_TRUE(eventually([&] { return api("GET", "/health").body["status"] == "healthy"; }))
      << api("GET", "/health").text;
  EXPECT_EQ(api("GET", "/engines").body["running"], 3);

  EXPECT_EQ(read_all(stage_.data + "/runtime"), stage_.runtime + "\n") << "for `kill --data`";

  const std::string lease = R"({"run":"r1","owner":"test","scenario":"C-1","ttl_ms":60000})";
  EXPECT_EQ(api("POST", "/chaos/lease", lease).status, 200);
  EXPECT_EQ(api("GET", "/live/status").body["chaos"]["run"], "r1");
  EXPECT_EQ(api("DELETE", "/chaos/lease?run=r1").status, 200);
}

TEST_F(StageTest, KillStopsTheFlowByEveryWayAndResumeAndFlattenDoWhatTheySay) {
  cli::StageOptions near;
  near.venue_latency = Nanos{0};  // far away, quotes are replaced before anybody takes them
  ASSERT_NO_FATAL_FAILURE(start(near));
  ASSERT_TRUE(witness().orders_flow(200));
  // A position to flatten: sealed at an instant at which there is one.
  const auto has_position = [&] {
    return api("GET", "/paper/positions").body.value("count", 0) > 0;
  };
  ASSERT_TRUE(eventually(has_position));

  cli::KillOptions every;
  every.target.target = stage_.name;
  every.reason = "integration test";
  every.actor = "test";
  every.venue = true;
  const auto target = cli::resolve_target(every.target);
  ASSERT_TRUE(target);
  for (const cli::KillWay& way : cli::press_every_way(target.value(), every)) {
    EXPECT_TRUE(way.reached) << way.way << ": " << way.text();
    EXPECT_EQ(way.sealed, way.way != "venue") << way.way << ": " << way.text();
  }
  EXPECT_EQ(kill(), cli::kDone);
  EXPECT_EQ(witness().open_orders(), 0u);
  const Json sealed = latch();
  EXPECT_TRUE(sealed["sealed"].get<bool>());
  const std::uint64_t last = sealed["sequence"].get<std::uint64_t>();

  const std::uint64_t arrival = witness().last_arrival();
  ASSERT_TRUE(witness().market_moves(100));
  EXPECT_EQ(witness().accepted_after(arrival), 0u);
  const Witness exchange = witness();
  LedgerReader ledger(exchange);
  ledger.read();
  EXPECT_GT(ledger.orders().size(), 200u);
  EXPECT_LE(ledger.highest_sequence(), last);
  EXPECT_EQ(ledger.duplicates(), 0u);

  EXPECT_EQ(resume(), cli::kDone);
  EXPECT_TRUE(witness().orders_flow());
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(eventually(has_position));
    ASSERT_EQ(kill(), cli::kDone);
    if (has_position()) break;
    ASSERT_EQ(resume(), cli::kDone);
  }
  cli::FlattenOptions flatten;
  flatten.target.target = stage_.name;
  EXPECT_EQ(cli::flatten_command(flatten), cli::kRefused);
  flatten.yes = true;
  EXPECT_EQ(cli::flatten_command(flatten), cli::kDone);
  EXPECT_EQ(api("GET", "/paper/positions").body.value("count", -1), 0);
  EXPECT_EQ(cli::flatten_command(flatten), cli::kDone) << "nothing is left to close";
  flatten.symbol = "NOPEUSDT";
  EXPECT_EQ(cli::flatten_command(flatten), cli::kUsage);
  ledger.read();
  for (const auto& [symbol, position] : ledger.positions_e8()) EXPECT_EQ(position, 0) << symbol;
  EXPECT_TRUE(latch()["sealed"].get<bool>());
}

TEST_F(StageTest, DownLeavesNothing) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  const auto all = processes();
  ASSERT_EQ(all.size(), 6u);
  for (const auto& process : all) ASSERT_TRUE(os::is_alive(process));
  stop();
  expect_gone(stage_, all);
}

TEST_F(StageTest, SigkillOfTheSupervisorEndsItsChildrenAndTheNextCommandClearsAway) {
  ASSERT_NO_FATAL_FAILURE(start());
  const auto all = processes();
  const auto supervisor = os::open_process(stage_.supervisor.identity);
  ASSERT_TRUE(supervisor);
  ASSERT_TRUE(os::send_signal(supervisor.value().get(), 9));
  for (const auto& process : all) {
    EXPECT_TRUE(eventually([&] { return !os::is_alive(process); })) << "pid " << process.pid;
  }
  EXPECT_TRUE(os::exists(stage_.folder));
  EXPECT_EQ(cli::clear_dead_stages().size(), 1u);
  up_ = false;
  expect_gone(stage_, all);
}

TEST_F(StageTest, SigkillOfTheOwnerEndsItAll) {
  const Signal is_up;
  const std::string name = "owned" + std::to_string(getpid());
  Forked owner([&] {
    cli::StageOptions options;
    options.name = name;
    options.end_with_owner = true;
    const auto stage = cli::start_stage(options);
    is_up.give(stage ? '.' : '!');
    pause();
    return 0;
  });
  const auto said = is_up.take(60'000);
  ASSERT_TRUE(said);
  ASSERT_EQ(*said, '.');
  const auto stage = cli::read_stage(name);
  ASSERT_TRUE(stage);
  stage_ = stage.value();
  const auto all = processes();
  owner.signal(9);
  ASSERT_TRUE(owner.killed_by(9));
  expect_gone(stage_, all);
}

}  // namespace
}  // namespace levi::test
