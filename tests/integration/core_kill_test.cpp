// SIGKILL of levid at random instants under flow: it comes back each time, and each time every
// order and every fill of the dead one is accounted for, on both sides; in the end all of them are.
//
// LEVI_CORE_KILLS sets how often (default 20), LEVI_SEED the seed that is printed.
#include <cstdlib>

#include "core/api/audit_chain.h"
#include "core/base/random.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "levictl/exit_code.h"
#include "levictl/kill.h"
#include "tests/integration/accounts.h"

namespace levi::test {
namespace {

std::uint64_t from_environment(const char *name, std::uint64_t fallback) {
  const char *text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : fallback;
}

class CoreKillTest : public IntegrationTest {
 protected:
  void kill_core(std::uint64_t orders_before);
  void end_the_flow();
};

// At the instant at which so many more orders have arrived: in the middle of
// whatever levid does.
void CoreKillTest::kill_core(std::uint64_t orders_before) {
  ASSERT_TRUE(witness().orders_flow(orders_before)) << logs();
  const auto victim = current().levid.identity;
  const auto pidfd = os::open_process(victim);
  ASSERT_TRUE(pidfd) << logs();
  ASSERT_TRUE(os::send_signal(pidfd.value().get(), 9));
  ASSERT_TRUE(eventually([&] {
    const auto now = current().levid.identity;
    return now.pid != 0 && !(now == victim) && os::is_alive(now);
  })) << logs();
  ASSERT_TRUE(ready()) << control("GET", "/readyz").text << logs();
  // A supervisor gives up on a core that dies too often by itself; these deaths
  // are ours.
  ask("POST", "unix:" + stage_.supervisor_socket + ":/levid/start");
  // So do the engines' budgets, which outlive the core: an audited start
  // restores them.
  for (const char *engine : {"mm-btcusdt", "mm-ethusdt", "mm-solusdt"}) {
    const Answer started = api("POST", std::string("/engines/") + engine + "/start");
    ASSERT_EQ(started.status, 200) << started.text;
  }
}

// Sealed, and nothing open.
void CoreKillTest::end_the_flow() {
  cli::KillOptions options;
  options.target.target = stage_.name;
  options.reason = "reconcile";
  options.wait = 30s;
  EXPECT_EQ(cli::kill_command(options), cli::kDone);
  EXPECT_TRUE(eventually([&] { return witness().open_orders() == 0; })) << logs();
}

TEST_F(CoreKillTest, LedgersReconcileAfterEverySigkillUnderFlow) {
  const std::uint64_t kills = from_environment("LEVI_CORE_KILLS", 20);
  const std::uint64_t seed = from_environment("LEVI_SEED", os::random_seed());
  std::printf("seed %llu, %llu kills\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(kills));
  Random random(seed);
  // More orders are in flight at each kill, and fewer arrive a second than we can read: else the
  // books of a busy machine grow faster than they are compared.
  cli::StageOptions far;
  far.venue_latency = 2ms;
  ASSERT_NO_FATAL_FAILURE(start(far));
  const Witness exchange = witness();
  LedgerReader ledger(exchange);
  Accounts accounts(stage_);
  for (std::uint32_t i = 1; i <= kills; ++i) {
    ASSERT_NO_FATAL_FAILURE(kill_core(1 + random.below(800))) << "kill " << i;
    ASSERT_NO_FATAL_FAILURE(accounts.expect_settled(ledger, i)) << logs();
    ASSERT_FALSE(HasFailure()) << "after kill " << i;
  }
  ASSERT_TRUE(exchange.orders_flow());
  EXPECT_EQ(control("GET", "/health").body.value("incarnation", std::uint64_t{0}), kills + 1);

  end_the_flow();
  accounts.expect_reconciled(ledger);
  EXPECT_LE(ledger.highest_sequence(), latch()["sequence"].get<std::uint64_t>());

  const auto audit = api::verify_audit(stage_.data + "/audit");
  ASSERT_TRUE(audit) << audit.error().text();
  EXPECT_GT(audit.value().lines, 0u);
  EXPECT_EQ(audit.value().lost, 0u);
}

}  // namespace
}  // namespace levi::test
