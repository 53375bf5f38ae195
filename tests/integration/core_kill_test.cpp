// SIGKILL of levid at random instants under flow: it comes back each time, and
// in the end every order and every fill is accounted for, on both sides.
//
// LEVI_CORE_KILLS sets how often (default 20), LEVI_SEED the seed that is
// printed.
#include <sqlite3.h>

#include <cstdlib>
#include <set>

#include "core/api/audit_chain.h"
#include "core/base/decimal.h"
#include "core/base/random.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "levictl/exit_code.h"
#include "levictl/kill.h"
#include "tests/integration/rig.h"

namespace levi::test {
namespace {

std::uint64_t from_environment(const char *name, std::uint64_t fallback) {
  const char *text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : fallback;
}

struct KnownOrder {
  std::string state;
  std::int64_t filled_e8 = 0;
};
using KnownOrders = std::map<std::string, KnownOrder>;  // by client id

class CoreKillTest : public IntegrationTest {
 protected:
  void kill_core(std::uint64_t orders_before);
  KnownOrders orders_of_machine(std::uint64_t &oldest);
  KnownOrders orders_of_store();
  std::map<std::string, std::int64_t> positions_of_machine();
  std::map<std::string, std::int64_t> positions_of_store();
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

KnownOrders CoreKillTest::orders_of_machine(std::uint64_t &oldest) {
  KnownOrders known;
  std::uint64_t after = 0;
  while (true) {
    const Json page = api("GET", "/orders?limit=1000&after=" + std::to_string(after)).body;
    EXPECT_TRUE(page.is_object() && page.contains("orders"));
    if (!page.is_object() || !page.contains("orders")) return known;
    oldest = page.value("oldest", std::uint64_t{0});
    for (const Json &order : page["orders"]) {
      after = order["sequence"].get<std::uint64_t>();
      known[order["client_id"].get<std::string>()] = {order["state"].get<std::string>(),
                                                      amount_e8(order["filled"])};
    }
    if (page["orders"].size() < 1000) return known;
  }
}

// Every row of one query, column texts.
std::vector<std::vector<std::string>> rows(const std::string &file, const std::string &query) {
  std::vector<std::vector<std::string>> found;
  sqlite3 *database = nullptr;
  EXPECT_EQ(sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  sqlite3_busy_timeout(database, 5000);
  sqlite3_stmt *statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(database, query.c_str(), -1, &statement, nullptr), SQLITE_OK)
      << sqlite3_errmsg(database);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    auto &row = found.emplace_back();
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const auto *text = reinterpret_cast<const char *>(sqlite3_column_text(statement, i));
      row.emplace_back(text != nullptr ? text : "");
    }
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return found;
}

KnownOrders CoreKillTest::orders_of_store() {
  KnownOrders known;
  for (const auto &row :
       rows(stage_.data + "/levi.db", "SELECT client_id, state, filled FROM orders"))
    known[row[0]] = {row[1], amount_e8(row[2])};
  return known;
}

std::map<std::string, std::int64_t> CoreKillTest::positions_of_machine() {
  std::map<std::string, std::int64_t> positions;
  const Json answer = api("GET", "/paper/positions").body;
  for (const Json &position : answer["positions"])
    positions[position["symbol"].get<std::string>()] = amount_e8(position["quantity"]);
  return positions;
}

// From the fills, not from the positions table: what was added up is added up
// again.
std::map<std::string, std::int64_t> CoreKillTest::positions_of_store() {
  std::map<std::string, std::int64_t> positions;
  for (const auto &row :
       rows(stage_.data + "/levi.db", "SELECT symbol, side, quantity FROM fills")) {
    const std::int64_t quantity = amount_e8(row[2]);
    positions[row[0]] += row[1] == "buy" ? quantity : -quantity;
  }
  return positions;
}

bool is_terminal(const std::string &state) {
  return state == "filled" || state == "canceled" || state == "rejected" || state == "unsent";
}

// Each order that the exchange took: known, settled, and filled as much as the
// exchange says.
void expect_accounted(const std::map<std::string, SeenOrder> &ledger, const KnownOrders &known,
                      std::uint64_t oldest, const char *who) {
  std::uint64_t missing = 0;
  std::uint64_t different = 0;
  for (const auto &[client, order] : ledger) {
    const auto found = known.find(client);
    if (found == known.end()) {
      if (order.sequence < oldest) continue;  // settled long ago, and let go of
      if (++missing <= 3) ADD_FAILURE() << who << " does not know " << client;
      continue;
    }
    const bool same = found->second.filled_e8 == order.filled_e8;
    if (same && is_terminal(found->second.state)) continue;
    if (++different <= 3) {
      ADD_FAILURE() << who << ": " << client << " is " << found->second.state << " with "
                    << found->second.filled_e8 << "e-8 filled; the exchange filled "
                    << order.filled_e8 << "e-8";
    }
  }
  EXPECT_EQ(missing, 0u) << who;
  EXPECT_EQ(different, 0u) << who;
  // And the other way: nothing counts as executed that never arrived.
  std::uint64_t invented = 0;
  for (const auto &[client, order] : known)
    invented += order.filled_e8 != 0 && !ledger.contains(client) ? 1 : 0;
  EXPECT_EQ(invented, 0u) << who;
}

void drop_zeros(std::map<std::string, std::int64_t> &positions) {
  std::erase_if(positions, [](const auto &item) { return item.second == 0; });
}

TEST_F(CoreKillTest, LedgersReconcileAfterEverySigkillUnderFlow) {
  const std::uint64_t kills = from_environment("LEVI_CORE_KILLS", 20);
  const std::uint64_t seed = from_environment("LEVI_SEED", os::random_seed());
  std::printf("seed %llu, %llu kills\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(kills));
  Random random(seed);
  ASSERT_NO_FATAL_FAILURE(start());
  const Witness exchange = witness();
  LedgerReader ledger(exchange);
  for (std::uint64_t i = 0; i < kills; ++i) {
    ASSERT_NO_FATAL_FAILURE(kill_core(1 + random.below(800))) << "kill " << i + 1;
  }
  ASSERT_TRUE(exchange.orders_flow());
  EXPECT_EQ(control("GET", "/health").body.value("incarnation", std::uint64_t{0}), kills + 1);

  cli::KillOptions options;
  options.target.target = stage_.name;
  options.reason = "reconcile";
  options.wait = 30s;
  EXPECT_EQ(cli::kill_command(options), cli::kDone);
  EXPECT_TRUE(eventually([&] { return exchange.open_orders() == 0; })) << logs();
  EXPECT_TRUE(eventually([&] { return api("GET", "/state").body.value("unsettled", 1) == 0; }))
      << api("GET", "/state").text;
  ledger.read();
  EXPECT_EQ(ledger.duplicates(), 0u);
  EXPECT_LE(ledger.highest_sequence(), latch()["sequence"].get<std::uint64_t>());

  std::uint64_t oldest = 0;
  const KnownOrders machine = orders_of_machine(oldest);
  expect_accounted(ledger.orders(), machine, oldest, "levid");
  auto expected = ledger.positions_e8();
  drop_zeros(expected);
  EXPECT_EQ(positions_of_machine(), expected);

  const std::uint64_t sequence = api("GET", "/state").body.value("sequence", std::uint64_t{0});
  ASSERT_TRUE(eventually([&] {
    return component("store").value("applied", std::uint64_t{0}) >= sequence;
  })) << component("store").dump();
  expect_accounted(ledger.orders(), orders_of_store(), 0, "the store");
  auto stored = positions_of_store();
  drop_zeros(stored);
  EXPECT_EQ(stored, expected);

  const auto audit = api::verify_audit(stage_.data + "/audit");
  ASSERT_TRUE(audit) << audit.error().text();
  EXPECT_GT(audit.value().lines, 0u);
  EXPECT_EQ(audit.value().lost, 0u);
  std::printf("%zu orders, %llu fills, %zu of them in memory\n", ledger.orders().size(),
              static_cast<unsigned long long>(ledger.fills()), machine.size());
}

}  // namespace
}  // namespace levi::test
