// Bad input and bad luck: a clear error and nothing started, or a degraded state that /health
// names; the kill works in all of them.
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "core/os/clock.h"
#include "core/os/http.h"
#include "core/os/socket.h"
#include "core/venue/mexc/wire/sign.h"
#include "levictl/exit_code.h"
#include "levictl/kill.h"
#include "tests/integration/lone_core.h"

namespace levi::test {
namespace {

class BadStartTest : public LoneCoreTest {};
class CleanStopTest : public LoneCoreTest {
 protected:
  // What somebody else has standing on the same account.
  Answer place_foreign_order() {
    const auto keys = cli::read_stage_keys(stage_).value();
    std::string query = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.001&price=20000&timestamp=" +
                        std::to_string(os::wall_now().ns / 1'000'000);
    query += "&signature=" + mexc::mexc_sign(keys.secret, query);
    const auto answer =
        os::http_call("POST", "http://" + stage_.exchange + "/api/v3/order?" + query, "", 5s,
                      {{"X-MEXC-APIKEY", keys.key}});
    if (!answer) return {0, {}, answer.error().text()};
    return {answer.value().status, {}, answer.value().body};
  }
};
class BadLuckTest : public IntegrationTest {
 protected:
  bool kill_by_control_seals() {
    const Answer answer = control("POST", "/live/kill?reason=test&actor=test");
    return answer.status == 200 && answer.body.value("sealed", false);
  }
};

std::string port_of(const std::string& endpoint) {
  return endpoint.substr(endpoint.rfind(':') + 1);
}

TEST_F(BadStartTest, APortInUseIsNamedAndNothingIsStarted) {
  for (const std::string* taken : {&stage_.api, &stage_.control}) {
    const auto listener = os::listen_on(os::parse_endpoint(*taken).value());
    ASSERT_TRUE(listener);
    start_levid();
    EXPECT_EQ(end_of_levid(), 2);
    EXPECT_NE(levid_.log().find(port_of(*taken)), std::string::npos) << log();
  }
}

TEST_F(BadStartTest, ABindBeyondLoopbackIsRefusedAndNothingIsStarted) {
  for (const std::string* endpoint : {&stage_.api, &stage_.control}) {
    const std::string beyond = "0.0.0.0:" + port_of(*endpoint);
    ASSERT_NO_FATAL_FAILURE(replace_in_config(*endpoint, beyond));
    start_levid();
    EXPECT_EQ(end_of_levid(), 2);
    EXPECT_NE(levid_.log().find(beyond), std::string::npos) << levid_.log();
    EXPECT_NE(levid_.log().find("loopback"), std::string::npos) << levid_.log();
    EXPECT_FALSE(os::exists(stage_.data));
    EXPECT_FALSE(os::exists(stage_.runtime));
    ASSERT_NO_FATAL_FAILURE(replace_in_config(beyond, *endpoint));
  }
}

TEST_F(BadStartTest, AConfigurationErrorIsNamedWithFileAndLine) {
  ASSERT_NO_FATAL_FAILURE(replace_in_config("update_speed:", "update_sped:"));
  const std::string config = read_all(config_file());
  const auto line =
      1 + std::count(config.begin(),
                     config.begin() + static_cast<std::ptrdiff_t>(config.find("update_sped")),
                     '\n');
  start_levid();
  EXPECT_EQ(end_of_levid(), 2);
  EXPECT_NE(log().find(config_file() + ":" + std::to_string(line)), std::string::npos) << log();
  EXPECT_NE(log().find("update_sped"), std::string::npos) << log();
  EXPECT_FALSE(os::exists(stage_.data));
  EXPECT_FALSE(os::exists(stage_.runtime));
}

TEST_F(BadStartTest, AnEnginesParameterIsNamedWithItsLine) {
  ASSERT_NO_FATAL_FAILURE(replace_in_config("levels: 2", "levls: 2"));
  const std::string config = read_all(config_file());
  const auto line =
      1 + std::count(config.begin(),
                     config.begin() + static_cast<std::ptrdiff_t>(config.find("levls")), '\n');
  start_levid();
  EXPECT_EQ(end_of_levid(), 2);
  EXPECT_NE(log().find(config_file() + ":" + std::to_string(line) + ": engine"), std::string::npos)
      << log();
  EXPECT_NE(log().find("levls"), std::string::npos) << log();
  EXPECT_FALSE(os::exists(stage_.data));
}

TEST_F(BadStartTest, WithoutAnExchangeItRunsSaysSoCanBeKilledAndTradesOnceThereIsOne) {
  ASSERT_NO_FATAL_FAILURE(start_ready_levid());
  ASSERT_TRUE(eventually([&] {
    return component("trading")["detail"].dump().find(stage_.exchange) != std::string::npos;
  })) << control("GET", "/health").text;
  EXPECT_NE(control("GET", "/health").body["status"], "healthy");
  const Answer not_ready = control("GET", "/readyz");
  EXPECT_EQ(not_ready.status, 503);
  EXPECT_NE(not_ready.text.find(stage_.exchange), std::string::npos) << not_ready.text;
  const Answer killed = control("POST", "/live/kill?reason=test&actor=test");
  EXPECT_EQ(killed.status, 200);
  EXPECT_TRUE(killed.body.value("sealed", false));

  ASSERT_NO_FATAL_FAILURE(start_exchange());
  ASSERT_TRUE(ready()) << control("GET", "/readyz").text;
  ASSERT_NO_FATAL_FAILURE(open_latch());
  EXPECT_TRUE(witness().orders_flow());
  EXPECT_EQ(component("trading")["status"], "healthy") << component("trading").dump();
}

TEST_F(BadStartTest, AWrongKeyOrSecretIsNamedByHealth) {
  ASSERT_NO_FATAL_FAILURE(start_exchange());
  struct Row {
    const char* file;
    const char* says;
  };
  for (const Row row : {Row{"/secret", "signature"}, Row{"/key", "Api key"}}) {
    const std::string right = read_all(stage_.folder + row.file);
    ASSERT_TRUE(os::write_file_atomic(stage_.folder + row.file, "not-the-right-one\n"));
    ASSERT_NO_FATAL_FAILURE(start_ready_levid());
    EXPECT_TRUE(eventually([&] {
      return component("trading")["detail"].dump().find(row.says) != std::string::npos;
    })) << row.file
        << control("GET", "/health").text;
    EXPECT_NE(control("GET", "/health").body["status"], "healthy");
    EXPECT_EQ(control("GET", "/readyz").status, 503);
    EXPECT_EQ(log().find("not-the-right-one"), std::string::npos);
    ASSERT_TRUE(levid_.child().kill(SIGTERM));
    EXPECT_EQ(end_of_levid(), 0);
    ASSERT_TRUE(os::write_file_atomic(stage_.folder + row.file, right));
  }
}

TEST_F(BadStartTest, AClockTenSecondsOffIsNamedBeforeAnyOrderLeaves) {
  ASSERT_NO_FATAL_FAILURE(start_exchange());
  ASSERT_EQ(witness().inject("clock_offset", "ms=10000&tag=clock").status, 200);
  ASSERT_NO_FATAL_FAILURE(start_ready_levid());
  ASSERT_TRUE(eventually([&] {
    return component("trading")["detail"].dump().find("clock") != std::string::npos;
  })) << control("GET", "/health").text;
  EXPECT_EQ(component("clock")["status"], "degraded") << component("clock").dump();
  EXPECT_EQ(witness().accepted_after(0), 0u);
  EXPECT_EQ(witness().revert("clock").status, 200);
  EXPECT_TRUE(ready()) << control("GET", "/readyz").text;
  EXPECT_EQ(component("clock")["status"], "healthy") << component("clock").dump();
}

TEST_F(BadStartTest, ADamagedJournalIsRefusedWithFileAndOffsetAndNothingIsStarted) {
  ASSERT_NO_FATAL_FAILURE(start_exchange());
  ASSERT_NO_FATAL_FAILURE(start_ready_levid());
  ASSERT_TRUE(ready());
  ASSERT_NO_FATAL_FAILURE(open_latch());
  ASSERT_TRUE(witness().orders_flow());
  ASSERT_TRUE(levid_.child().kill(SIGTERM));
  ASSERT_EQ(end_of_levid(), 0) << log();
  const std::uint64_t arrival = witness().last_arrival();

  const std::string segment = stage_.data + "/journal/segment-00000001.log";
  std::string bytes = read_all(segment);
  ASSERT_GT(bytes.size(), 8192u);
  bytes[5000] = static_cast<char>(bytes[5000] ^ 1);
  ASSERT_TRUE(os::write_file_atomic(segment, bytes));
  start_levid();
  EXPECT_EQ(end_of_levid(), 2);
  EXPECT_NE(levid_.log().find(segment + " at offset "), std::string::npos) << levid_.log();
  EXPECT_NE(levid_.log().find("backup"), std::string::npos) << "no fix: " << levid_.log();
  EXPECT_EQ(witness().accepted_after(arrival), 0u);
}

TEST_F(BadStartTest, ASecondLevidOnTheSameDataIsRefusedAndTheFirstIsUnharmed) {
  ASSERT_NO_FATAL_FAILURE(start_exchange());
  ASSERT_NO_FATAL_FAILURE(start_ready_levid());
  ASSERT_TRUE(ready());
  ASSERT_NO_FATAL_FAILURE(open_latch());
  ASSERT_TRUE(witness().orders_flow());
  const Json before = latch();

  std::string config = read_all(config_file());
  for (const std::string* endpoint : {&stage_.api, &stage_.control}) {
    const std::size_t at = config.find(*endpoint);
    ASSERT_NE(at, std::string::npos);
    config.replace(at, endpoint->size(), "127.0.0.1:" + std::to_string(free_port()));
  }
  ASSERT_TRUE(os::write_file_atomic(home_ / "second.yaml", config));
  Program second("levid", {"--config", home_ / "second.yaml"}, home_ / "second.log");
  const auto status = second.wait();
  ASSERT_TRUE(status && status->exited);
  EXPECT_EQ(status->code, 2);
  EXPECT_NE(second.log().find("another levid runs on " + stage_.data), std::string::npos)
      << second.log();

  EXPECT_TRUE(levid_.runs());
  EXPECT_TRUE(witness().orders_flow());
  EXPECT_EQ(latch()["epoch"], before["epoch"]);
  EXPECT_FALSE(latch()["sealed"].get<bool>());
}

TEST_F(CleanStopTest, CancelsItsOwnOrdersAndLeavesThoseOfOthers) {
  ASSERT_NO_FATAL_FAILURE(start_exchange());
  const Answer foreign = place_foreign_order();
  ASSERT_EQ(foreign.status, 200) << foreign.text;
  ASSERT_NO_FATAL_FAILURE(start_ready_levid());
  ASSERT_TRUE(ready());
  ASSERT_NO_FATAL_FAILURE(open_latch());
  ASSERT_TRUE(witness().orders_flow());
  ASSERT_TRUE(levid_.child().kill(SIGTERM));
  EXPECT_EQ(end_of_levid(), 0) << log();
  EXPECT_EQ(witness().open_orders(), 0u);
  const Answer all = ask("GET", witness().url() + "/ledger/summary");  // whoever's they are
  EXPECT_EQ(all.body.value("open_orders", std::uint64_t{0}), 1u) << all.text;
}

// A hung engine takes a second to end: orders do not stand at the venue for that long.
TEST_F(CleanStopTest, CancelsBeforeItEndsEngines) {
  ASSERT_NO_FATAL_FAILURE(start_exchange());
  ASSERT_NO_FATAL_FAILURE(start_ready_levid());
  ASSERT_TRUE(ready());
  ASSERT_NO_FATAL_FAILURE(open_latch());
  ASSERT_TRUE(witness().orders_flow());
  ASSERT_TRUE(eventually([&] { return api("GET", "/engines").body.value("running", 0) == 3; }));
  const auto engine = os::identify(api("GET", "/engines/mm-solusdt").body.value("pid", 0));
  ASSERT_TRUE(engine);
  ASSERT_EQ(::kill(engine.value().pid, SIGSTOP), 0);
  bool alive_when_flat = false;
  ASSERT_TRUE(levid_.child().kill(SIGTERM));
  EXPECT_TRUE(eventually([&] {
    alive_when_flat = os::is_alive(engine.value());  // before the look: it can only have lived on
    return witness().open_orders() == 0;
  }));
  EXPECT_TRUE(alive_when_flat);
  EXPECT_EQ(end_of_levid(), 0) << log();
  EXPECT_FALSE(os::is_alive(engine.value()));
}

TEST_F(CleanStopTest, OrdersThatItCouldNotCancelAreNamedAndNoCleanEnd) {
  ASSERT_NO_FATAL_FAILURE(start_exchange());
  ASSERT_NO_FATAL_FAILURE(start_ready_levid());
  ASSERT_TRUE(ready());
  ASSERT_NO_FATAL_FAILURE(open_latch());
  ASSERT_TRUE(witness().orders_flow());
  ASSERT_TRUE(exchange_.child().kill(SIGSTOP));
  ASSERT_TRUE(levid_.child().kill(SIGTERM));
  EXPECT_EQ(end_of_levid(), 1) << log();
  EXPECT_NE(log().find("orders may still stand at " + stage_.exchange), std::string::npos) << log();
  ASSERT_TRUE(exchange_.child().kill(SIGCONT));
}

// Only its first thread, which trades: control and API go on answering.
class HungThread {
 public:
  explicit HungThread(pid_t pid) : pid_(pid) {
    held_ = ::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) == 0 &&
            ::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr) == 0 &&
            ::waitpid(pid, nullptr, __WALL) == pid;
  }
  ~HungThread() {
    if (held_) ::ptrace(PTRACE_DETACH, pid_, nullptr, nullptr);
  }
  explicit operator bool() const { return held_; }

 private:
  pid_t pid_;
  bool held_ = false;
};

TEST_F(BadStartTest, ACountOfOpenOrdersThatNobodyKeepsUpProvesNothing) {
  ASSERT_NO_FATAL_FAILURE(start_exchange());
  ASSERT_NO_FATAL_FAILURE(start_ready_levid());
  ASSERT_TRUE(ready());
  const HungThread hung(levid_.child().pid());
  if (!hung) GTEST_SKIP() << "tracing a child is not permitted here";
  cli::KillOptions options;
  options.target.target = "http://" + stage_.api;
  options.target.control = stage_.control;
  options.target.runtime = stage_.runtime;
  options.reason = "test";
  options.wait = 2500ms;
  EXPECT_EQ(cli::kill_command(options), cli::kFailed) << "sealed, and nobody knows what is open";
  EXPECT_TRUE(latch()["sealed"].get<bool>());
  // The venue knows.
  const auto keys = cli::read_stage_keys(stage_).value();
  ASSERT_EQ(::setenv("LEVI_VENUE_KEY", keys.key.c_str(), 1), 0);
  ASSERT_EQ(::setenv("LEVI_VENUE_SECRET", keys.secret.c_str(), 1), 0);
  options.venue_address = stage_.exchange;
  EXPECT_EQ(cli::kill_command(options), cli::kDone);
  ::unsetenv("LEVI_VENUE_KEY");
  ::unsetenv("LEVI_VENUE_SECRET");
}

TEST_F(BadLuckTest, AVenueClockThatJumpsIsNamedAndTradedThrough) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  ASSERT_EQ(witness().inject("clock_offset", "ms=10000&tag=clock").status, 200);
  EXPECT_TRUE(eventually([&] { return component("clock")["status"] == "degraded"; }))
      << component("clock").dump();
  EXPECT_NE(component("clock")["detail"].dump().find("ms from the venue's"), std::string::npos);
  EXPECT_TRUE(witness().orders_flow());
  ASSERT_EQ(witness().revert("clock").status, 200);
  EXPECT_TRUE(eventually([&] { return component("clock")["status"] == "healthy"; }))
      << component("clock").dump();
  EXPECT_TRUE(witness().orders_flow());
}

TEST_F(BadLuckTest, ARemovedLatchFileSealsAndStaysSealed) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  ASSERT_EQ(::unlink((stage_.runtime + "/kill.latch").c_str()), 0);
  ASSERT_TRUE(eventually([&] { return latch()["sealed"].get<bool>(); }));
  EXPECT_EQ(latch()["holders"][0]["holder"], "latch-file");
  EXPECT_TRUE(eventually([&] { return component("latch")["status"] == "unhealthy"; }));
  ASSERT_TRUE(eventually([&] { return witness().open_orders() == 0; }));
  const std::uint64_t arrival = witness().last_arrival();
  ASSERT_TRUE(witness().market_moves(100));
  EXPECT_EQ(witness().accepted_after(arrival), 0u);
}

TEST_F(BadLuckTest, AFloodOfIdleConnectionsToTheApiKeepsNobodyFromTheKill) {
  constexpr rlim_t kDescriptors = 4096;
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max < kDescriptors) GTEST_SKIP() << "fewer than 4096 descriptors are permitted";
  limit.rlim_cur = kDescriptors;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  std::vector<os::Fd> flood;
  const auto api_endpoint = os::parse_endpoint(stage_.api).value();
  for (int i = 0; i < 2000; ++i) {
    auto connection = os::connect_blocking(api_endpoint, 5s);
    if (!connection) break;  // Its backlog is full: as idle as it gets.
    flood.push_back(std::move(connection).value());
  }
  EXPECT_GT(flood.size(), 1000u);
  EXPECT_TRUE(kill_by_control_seals());
  EXPECT_TRUE(eventually([&] { return witness().open_orders() == 0; }));
}

}  // namespace
}  // namespace levi::test
