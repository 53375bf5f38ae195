// `levictl recover` and `levictl kill` on cores that are gone, hung or half there.
#include "levictl/recover.h"

#include <sqlite3.h>

#include <csignal>

#include "chaos/guard/undo_log.h"
#include "core/latch/latch.h"
#include "core/os/file.h"
#include "levictl/exit_code.h"
#include "levictl/kill.h"
#include "tests/integration/rig.h"

namespace levi::test {
namespace {

class RecoverTest : public IntegrationTest {
 protected:
  int recover(bool yes, bool plan = false) {
    cli::RecoverOptions options;
    options.target.target = stage_.name;
    options.yes = yes;
    options.plan = plan;
    return cli::recover_command(options);
  }
  cli::KillOptions kill_options() {
    cli::KillOptions options;
    options.target.target = stage_.name;
    options.reason = "integration test";
    options.actor = "test";
    return options;
  }
  cli::KillWay press(const std::string& way) {
    const cli::KillOptions options = kill_options();
    const auto target = cli::resolve_target(options.target);
    if (!target) return {};
    for (const auto& pressed : cli::press_every_way(target.value(), options)) {
      if (pressed.way == way) return pressed;
    }
    return {};
  }
  Status signal_levid(int number) {
    auto pidfd = os::open_process(current().levid.identity);
    if (!pidfd) return pidfd.error();
    return os::send_signal(pidfd.value().get(), number);
  }
};

TEST_F(RecoverTest, WithNothingRunningItSaysSoAndExits3) {
  cli::RecoverOptions options;
  options.target.target = "http://127.0.0.1:" + std::to_string(free_port());
  options.target.control = "127.0.0.1:" + std::to_string(free_port());
  EXPECT_EQ(cli::recover_command(options), cli::kUndecided);
  options.yes = true;
  EXPECT_EQ(cli::recover_command(options), cli::kUndecided);
}

TEST_F(RecoverTest, AStoppedEngineIsPlannedAskedForAndStarted) {
  ASSERT_NO_FATAL_FAILURE(start());
  const auto running = [&] { return api("GET", "/engines").body.value("running", -1); };
  ASSERT_TRUE(eventually([&] { return running() == 3; }));
  ASSERT_TRUE(witness().orders_flow());
  EXPECT_EQ(recover(false), cli::kDone);  // Healthy: nothing to do.
  ASSERT_EQ(api("POST", "/engines/mm-btcusdt/stop", R"({"reason":"test"})").status, 200);
  ASSERT_TRUE(eventually([&] { return running() == 2; }));
  EXPECT_EQ(recover(false, true), cli::kFailed);  // A plan with something to do.
  EXPECT_EQ(running(), 2);
  EXPECT_EQ(recover(false), cli::kRefused);
  EXPECT_EQ(running(), 2);
  EXPECT_EQ(recover(true), cli::kDone);
  EXPECT_EQ(running(), 3);
}

TEST_F(RecoverTest, AChaosRunIsRefusedThoughNothingIsWrong) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  const std::string lease = R"({"run":"r1","owner":"test","scenario":"C-1","ttl_ms":60000})";
  ASSERT_EQ(api("POST", "/chaos/lease", lease).status, 200);
  EXPECT_EQ(recover(false, true), cli::kLeased);
  EXPECT_EQ(recover(true), cli::kLeased);
  ASSERT_EQ(api("DELETE", "/chaos/lease?run=r1").status, 200);
  EXPECT_EQ(recover(false), cli::kDone);
}

// The core that holds the lease is dead: only the run's own log says that this is us.
TEST_F(RecoverTest, AChaosRunIsRefusedThoughTheCoreThatHoldsItsLeaseIsDead) {
  ASSERT_NO_FATAL_FAILURE(start());
  chaos::TargetSpec target;
  target.api = stage_.api;
  ASSERT_TRUE(os::make_folders(chaos::undo_folder()));
  auto log = chaos::UndoLog::create(chaos::undo_folder() + "/r1", target,
                                    {"r1", "K-1", os::identify_self(), os::identify_self()});
  ASSERT_TRUE(log) << log.error().text();
  ASSERT_TRUE(signal_levid(SIGSTOP));
  EXPECT_EQ(recover(true), cli::kLeased);
  EXPECT_EQ(recover(false, true), cli::kLeased);
  ASSERT_TRUE(signal_levid(SIGCONT));
  ASSERT_TRUE(log.value().close());
  ASSERT_TRUE(ready());
}

TEST_F(RecoverTest, ADeadCoreWhoseSupervisorGaveUpIsStartedAgain) {
  ASSERT_NO_FATAL_FAILURE(start());
  const std::string state = "unix:" + stage_.supervisor_socket + ":/state";
  const auto gave_up = [&] { return ask("GET", state).body.value("failed", false); };
  ASSERT_TRUE(eventually([&] {
    const auto levid = current().levid.identity;
    if (os::is_alive(levid)) static_cast<void>(signal_levid(SIGKILL));
    return gave_up();
  }));
  EXPECT_FALSE(os::is_alive(current().levid.identity));
  EXPECT_EQ(recover(false, true), cli::kFailed);
  EXPECT_EQ(recover(true), cli::kDone) << logs();
  EXPECT_FALSE(gave_up());
  EXPECT_EQ(api("GET", "/engines").body.value("running", -1), 3);
}

TEST_F(RecoverTest, AFailedEngineIsStartedAgain) {
  ASSERT_NO_FATAL_FAILURE(start());
  const auto engine = [&] { return api("GET", "/engines/mm-btcusdt").body; };
  ASSERT_TRUE(eventually([&] {
    const Json seen = engine();
    const std::string status = seen.value("status", "");
    if (status == "failed") return true;
    const auto process = status == "running"
                             ? os::identify(seen.value("pid", 0))
                             : Result<os::ProcessIdentity>(error(ErrorCode::kBusy, ""));
    const auto pidfd =
        process ? os::open_process(process.value()) : Result<os::Fd>(error(ErrorCode::kBusy, ""));
    if (pidfd) static_cast<void>(os::send_signal(pidfd.value().get(), SIGKILL));
    return false;
  })) << engine().dump();
  EXPECT_EQ(recover(false, true), cli::kFailed);
  EXPECT_EQ(recover(true), cli::kDone) << logs();
  EXPECT_EQ(engine().value("status", ""), "running");
}

TEST_F(RecoverTest, AFeedThatIsDownIsAwaited) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  ASSERT_EQ(witness().inject("refuse", "tag=test").status, 200);
  ASSERT_EQ(witness().inject("reset", "on=market").status, 200);
  const auto feed = [&] {
    return control("GET", "/live/status").body["ws_status"].value("market", "");
  };
  ASSERT_TRUE(eventually([&] { return feed() != "up"; }));
  const auto levid = current().levid.identity;
  EXPECT_EQ(recover(false, true), cli::kFailed);
  cli::RecoverOptions impatient;
  impatient.target.target = stage_.name;
  impatient.yes = true;
  impatient.wait = Nanos{1};
  EXPECT_EQ(cli::recover_command(impatient), cli::kFailed) << "it is still down";
  ASSERT_EQ(witness().revert("test").status, 200);
  EXPECT_EQ(recover(true), cli::kDone) << logs();
  EXPECT_EQ(feed(), "up");
  EXPECT_TRUE(current().levid.identity == levid) << "the core was restarted for a feed";
}

TEST_F(RecoverTest, ALockedStoreIsAwaited) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((stage_.data + "/levi.db").c_str(), &database), SQLITE_OK);
  ASSERT_TRUE(eventually([&] {
    return sqlite3_exec(database, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr) == SQLITE_OK;
  }));
  const auto store = [&] { return component("store").value("status", ""); };
  EXPECT_TRUE(eventually([&] { return store() == "degraded"; }));
  const auto levid = current().levid.identity;
  EXPECT_EQ(recover(false, true), cli::kFailed);
  EXPECT_EQ(recover(false), cli::kRefused);
  ASSERT_EQ(sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
  EXPECT_EQ(recover(true), cli::kDone) << logs();
  EXPECT_EQ(store(), "healthy");
  EXPECT_TRUE(current().levid.identity == levid) << "the core was restarted for a store";
}

TEST_F(RecoverTest, AHungCoreIsRestartedAndASealedLatchStaysSealed) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  const auto hung = current().levid.identity;
  ASSERT_TRUE(signal_levid(19));
  EXPECT_EQ(recover(true), cli::kDone) << logs();
  const auto now = current().levid.identity;
  EXPECT_FALSE(now == hung);
  EXPECT_FALSE(os::is_alive(hung));
  EXPECT_TRUE(os::is_alive(now));
  EXPECT_FALSE(latch()["sealed"].get<bool>());
  EXPECT_TRUE(witness().orders_flow());

  EXPECT_EQ(cli::kill_command(kill_options()), cli::kDone);
  ASSERT_TRUE(signal_levid(19));
  EXPECT_EQ(recover(true), cli::kDone) << logs();
  EXPECT_TRUE(latch()["sealed"].get<bool>());
  const std::uint64_t arrival = witness().last_arrival();
  ASSERT_TRUE(witness().market_moves(100));
  EXPECT_EQ(witness().accepted_after(arrival), 0u);
}

TEST_F(RecoverTest, KillSealsAStoppedCoreByItsLatchFileAndTheVenueIsEmptied) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  ASSERT_TRUE(signal_levid(19));
  cli::KillOptions options = kill_options();
  options.venue = true;
  EXPECT_EQ(cli::kill_command(options), cli::kDone) << logs();
  EXPECT_EQ(witness().open_orders(), 0u);
  // Whether it was stopped inside a send (fenced) or between two, it sends nothing more.
  const std::uint64_t arrival = witness().last_arrival();
  static_cast<void>(signal_levid(18));
  ASSERT_TRUE(ready());
  ASSERT_TRUE(witness().market_moves(100));
  EXPECT_TRUE(latch()["sealed"].get<bool>());
  EXPECT_EQ(witness().accepted_after(arrival), 0u);
}

// At order flow some stop in a few dozen falls between "in flight" and "sent".
TEST_F(RecoverTest, KillWithoutFencingSealsACoreThatIsStoppedInsideASendAndSaysSo) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  const auto file = latch::Latch::attach(latch::latch_path(stage_.runtime));
  ASSERT_TRUE(file);
  const pid_t pid = current().levid.identity.pid;
  const bool inside = eventually([&] {
    EXPECT_TRUE(signal_levid(SIGSTOP));
    EXPECT_TRUE(eventually([&] { return os::process_state(pid).value() == 'T'; }));
    if (file.value().in_flight() != 0) return true;
    EXPECT_TRUE(signal_levid(SIGCONT));
    return false;
  });
  if (!inside) {
    static_cast<void>(signal_levid(SIGCONT));
    GTEST_SKIP() << "no stop fell into a send";
  }
  const std::uint64_t under_way = file.value().in_flight();
  cli::KillOptions options = kill_options();
  options.fence = false;
  options.wait = Nanos{0};
  EXPECT_EQ(cli::kill_command(options), cli::kFailed);
  EXPECT_TRUE(file.value().load().sealed());
  EXPECT_TRUE(os::is_alive(current().levid.identity));
  // The venue's way cancels what is open there; what is under way can still come.
  options.venue = true;
  options.wait = 200ms;
  EXPECT_EQ(cli::kill_command(options), cli::kFailed);
  EXPECT_EQ(witness().open_orders(), 0u);
  ASSERT_TRUE(signal_levid(SIGCONT));
  ASSERT_TRUE(ready());
  options.wait = 10s;
  EXPECT_EQ(cli::kill_command(options), cli::kDone);
  const Witness exchange = witness();
  LedgerReader ledger(exchange);
  ledger.read();
  EXPECT_LE(ledger.highest_sequence(), under_way) << "an order above S left";
}

TEST_F(RecoverTest, KillByTheVenueAloneIsNoSeal) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  ASSERT_TRUE(signal_levid(SIGSTOP));  // it would go on sending
  const auto keys = cli::read_stage_keys(stage_).value();
  ASSERT_EQ(::setenv("LEVI_VENUE_KEY", keys.key.c_str(), 1), 0);
  ASSERT_EQ(::setenv("LEVI_VENUE_SECRET", keys.secret.c_str(), 1), 0);
  cli::KillOptions options = kill_options();
  options.target.target = "127.0.0.1:" + std::to_string(free_port());
  options.venue = true;
  options.venue_address = stage_.exchange;
  EXPECT_EQ(cli::kill_command(options), cli::kFailed);
  ::unsetenv("LEVI_VENUE_KEY");
  ::unsetenv("LEVI_VENUE_SECRET");
  EXPECT_EQ(witness().open_orders(), 0u);
  ASSERT_TRUE(signal_levid(SIGCONT));
  EXPECT_FALSE(latch()["sealed"].get<bool>());
}

TEST_F(RecoverTest, KillSealsADeadCoreAndItComesBackSealed) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  ASSERT_TRUE(signal_levid(9));
  const cli::KillWay by_file = press("latch file");
  EXPECT_TRUE(by_file.sealed) << by_file.text();
  cli::KillOptions options = kill_options();
  EXPECT_EQ(cli::kill_command(options), cli::kDone) << logs();
  ASSERT_TRUE(ready());
  EXPECT_TRUE(latch()["sealed"].get<bool>());
  EXPECT_TRUE(eventually([&] { return witness().open_orders() == 0; }));
}

}  // namespace
}  // namespace levi::test
