// GET /metrics: by our own strict reading, and by promtool where it is installed.
#include <gtest/gtest.h>

#include <map>

#include "core/api/openmetrics.h"
#include "core/os/process.h"
#include "tests/api/prometheus_text.h"
#include "tests/api/rig.h"

namespace levi::api {
namespace {

using test::ApiRig;
using test::HttpAnswer;

std::map<std::string, double> samples_of(const std::string& text) {
  std::map<std::string, double> samples;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t blank = line.rfind(' ');
    samples[line.substr(0, blank)] = std::atof(line.c_str() + blank);
  }
  return samples;
}

void make_busy(ApiRig& rig) {
  rig.core.start();
  rig.core.fill(rig.core.open_order(), 1000, "T1");
  rig.status.last_market_data_wall_ms = 1'763'769'454'123;
  rig.status.engines[0].ticks_waiting = 7;
  rig.status.tick_to_order.record(20us);
  rig.status.tick_to_order.record(80us);
  rig.post("/chaos/lease", R"({"run":"r\"1","owner":"ci","scenario":"C-1","ttl_ms":60000})");
  rig.post("/live/kill");
  rig.wait_audited(2);
}

TEST(Metrics, HaveTheNamesThatTheRunbooksReadAndTheirValues) {
  ApiRig rig;
  make_busy(rig);
  const HttpAnswer answer = rig.connect().get("/metrics");
  EXPECT_NE(answer.head.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
  const auto samples = samples_of(answer.body);
  const auto value = [&](const std::string& name) {
    const auto found = samples.find(name);
    EXPECT_NE(found, samples.end()) << name;
    return found == samples.end() ? -1 : found->second;
  };
  EXPECT_EQ(value("levi_engine_status{engine=\"mm-btc\",symbol=\"BTCUSDT\"}"), 1);
  EXPECT_EQ(value("levi_engine_status{engine=\"mm-eth\",symbol=\"ETHUSDT\"}"), 0);
  EXPECT_GE(value("levi_engine_uptime_seconds{engine=\"mm-btc\",symbol=\"BTCUSDT\"}"), 0);
  EXPECT_EQ(value("levi_engine_restart_failures_total{engine=\"mm-btc\",symbol=\"BTCUSDT\"}"), 0);
  EXPECT_EQ(value("levi_kill_switch"), 1);
  EXPECT_EQ(value("levi_global_stop"), 1);
  EXPECT_EQ(value("levi_latch_held{holder=\"operator\"}"), 1);
  EXPECT_GT(value("levi_kill_switch_latency_ms"), 0);
  EXPECT_EQ(value("levi_kills_total"), 1);
  EXPECT_NEAR(value("levi_last_md_ts"), 1'763'769'454.123, 0.01);
  EXPECT_EQ(value("levi_md_queue{engine=\"mm-btc\",symbol=\"BTCUSDT\"}"), 7);
  EXPECT_EQ(value("levi_positions_open"), 1);
  EXPECT_EQ(value("levi_orders_sent_total"), 1);
  EXPECT_EQ(value("levi_fills_total"), 1);
  EXPECT_EQ(value("levi_intents_refused_total{reason=\"stale-data\"}"), 0);
  EXPECT_EQ(value("levi_errors_total{kind=\"order-rejected\"}"), 0);
  EXPECT_EQ(value("levi_tick_to_order_seconds_count"), 2);
  EXPECT_NEAR(value("levi_tick_to_order_seconds_sum"), 1e-4, 1e-6);
  EXPECT_GT(value("levi_last_audit_log_ts"), 1e9);
  EXPECT_EQ(value("levi_chaos_active{run=\"r\\\"1\",owner=\"ci\",scenario=\"C-1\"}"), 1);
  EXPECT_EQ(value("levi_store_lag_records"), 0);
  EXPECT_NE(answer.body.find("levi_build_info{version=\""), std::string::npos);
  EXPECT_NE(answer.body.find("# TYPE levi_equity_now gauge"), std::string::npos);
}

TEST(Metrics, ShowNoChaosWhereThereIsNone) {
  ApiRig rig;
  EXPECT_EQ(rig.connect().get("/metrics").body.find("levi_chaos_active"), std::string::npos);
}

TEST(Metrics, OpenMetricsIsGivenToWhoeverAsksForIt) {
  ApiRig rig;
  make_busy(rig);
  const HttpAnswer answer = rig.connect().call(
      "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text;version=1.0.0,application/"
      "openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n\r\n");
  EXPECT_NE(answer.head.find("application/openmetrics-text; version=1.0.0"), std::string::npos);
  EXPECT_NE(
      answer.body.find(
          "# TYPE levi_fills counter\n# HELP levi_fills Fills booked.\nlevi_fills_total 1.0\n"),
      std::string::npos);
  EXPECT_NE(answer.body.find("levi_tick_to_order_seconds{quantile=\"0.5\"}"), std::string::npos);
  EXPECT_NE(answer.body.find("run=\"r\\\"1\""), std::string::npos);
  EXPECT_EQ(answer.body.substr(answer.body.size() - 6), "# EOF\n");
}

TEST(Metrics, TheAcceptHeaderDecides) {
  EXPECT_TRUE(wants_openmetrics("application/openmetrics-text"));
  EXPECT_TRUE(wants_openmetrics("text/plain;q=0.5, application/openmetrics-text;version=1.0.0"));
  EXPECT_FALSE(wants_openmetrics(""));
  EXPECT_FALSE(wants_openmetrics("*/*"));
  EXPECT_FALSE(wants_openmetrics("text/plain"));
  EXPECT_FALSE(wants_openmetrics("text/plain, application/openmetrics-text;q=0.5"));
  EXPECT_FALSE(wants_openmetrics("application/openmetrics-text;q=0"));
}

TEST(Metrics, AreTheTextFormatToTheLetter) {
  for (const bool busy : {false, true}) {
    ApiRig rig;
    if (busy) make_busy(rig);
    const test::PrometheusText read =
        test::read_prometheus_text(rig.connect().get("/metrics").body);
    EXPECT_EQ(read.wrong, "");
    EXPECT_GE(read.families.size(), 40u);
    std::set<std::string> runs;
    for (const auto& family : read.families) {
      if (family.name == "levi_chaos_active") runs.insert(family.samples[0].labels.at("run"));
    }
    EXPECT_EQ(runs, busy ? std::set<std::string>{"r\"1"} : std::set<std::string>{});
  }
}

TEST(Metrics, PromtoolFindsNothingWrong) {
  ApiRig rig;
  make_busy(rig);
  test::TempFolder folder;
  const std::string text = rig.connect().get("/metrics").body;
  ASSERT_TRUE(os::write_file_atomic(folder / "metrics", text));
  os::SpawnOptions options;
  options.program = "/bin/sh";
  options.arguments = {"-c", "exec promtool check metrics < " + folder.path() + "/metrics"};
  options.stdout_path = options.stderr_path = folder / "said";
  options.parent_death_signal = SIGKILL;
  auto child = os::Child::spawn(options);
  ASSERT_TRUE(child);
  const auto exit = child.value().wait(30s);
  ASSERT_TRUE(exit && exit->exited);
  if (exit->code == 126 || exit->code == 127)
    GTEST_SKIP() << "promtool is not here, or not ours to run (Debian package prometheus)";
  auto said = os::read_file(folder / "said");
  ASSERT_TRUE(said);
  // The one name that it does not like is the runbooks' own: their alert rule reads it.
  const std::string known =
      "levi_kill_switch_latency_ms metric names should not contain abbreviated units\n";
  std::string& text_said = said.value();
  if (const auto at = text_said.find(known); at != std::string::npos)
    text_said.erase(at, known.size());
  EXPECT_EQ(text_said, "") << "exit code " << exit->code;
}

}  // namespace
}  // namespace levi::api
