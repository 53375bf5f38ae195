// `levictl recover` and `levictl kill` on cores that are gone, hung or half there.
#include "levictl/recover.h"

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
  ASSERT_TRUE(witness().orders_flow());
  EXPECT_EQ(recover(false), cli::kDone);  // Healthy: nothing to do.
  const auto running = [&] { return api("GET", "/engines").body.value("running", -1); };
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

TEST_F(RecoverTest, KillSealsADeadCoreAndItComesBackSealed) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_TRUE(witness().orders_flow());
  ASSERT_TRUE(signal_levid(9));
  const cli::KillWay by_file = press("latch file");
  EXPECT_TRUE(by_file.sealed) << by_file.outcome;
  cli::KillOptions options = kill_options();
  EXPECT_EQ(cli::kill_command(options), cli::kDone) << logs();
  ASSERT_TRUE(ready());
  EXPECT_TRUE(latch()["sealed"].get<bool>());
  EXPECT_TRUE(eventually([&] { return witness().open_orders() == 0; }));
}

}  // namespace
}  // namespace levi::test
