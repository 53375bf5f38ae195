#include "tests/integration/accounts.h"

#include <sqlite3.h>

namespace levi::test {
namespace {

constexpr std::size_t kOrdersPage = 1000;
constexpr std::uint64_t kShown = 3;  // of what is wrong

// Every row of one query, column texts.
std::vector<std::vector<std::string>> rows(const std::string& file, const std::string& query) {
  std::vector<std::vector<std::string>> found;
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  sqlite3_busy_timeout(database, 5000);
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(database, query.c_str(), -1, &statement, nullptr), SQLITE_OK)
      << sqlite3_errmsg(database);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    auto& row = found.emplace_back();
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
      row.emplace_back(text != nullptr ? text : "");
    }
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return found;
}

bool is_terminal(const std::string& state) {
  return state == "filled" || state == "canceled" || state == "rejected" || state == "unsent";
}

// "" where it agrees.
std::string difference(const std::string& client, const SeenOrder& order, const KnownOrder& known) {
  if (known.filled_e8 == order.filled_e8 && is_terminal(known.state)) return "";
  return client + " is " + known.state + " with " + std::to_string(known.filled_e8) +
         "e-8 filled; the exchange filled " + std::to_string(order.filled_e8) + "e-8";
}

// Each order that the exchange took: known, settled, and filled as much as the exchange says.
void expect_accounted(const LedgerReader& ledger, const KnownOrders& known, std::uint64_t oldest,
                      const char* who) {
  std::uint64_t missing = 0;
  std::uint64_t different = 0;
  for (const auto& [client, order] : ledger.orders()) {
    const auto found = known.find(client);
    if (found == known.end()) {
      if (order.sequence < oldest) continue;  // settled long ago, and let go of
      if (++missing <= kShown) ADD_FAILURE() << who << " does not know " << client;
      continue;
    }
    const std::string wrong = difference(client, order, found->second);
    if (!wrong.empty() && ++different <= kShown) ADD_FAILURE() << who << ": " << wrong;
  }
  EXPECT_EQ(missing, 0u) << who;
  EXPECT_EQ(different, 0u) << who;
  // And the other way: nothing counts as executed that never arrived.
  std::uint64_t invented = 0;
  for (const auto& [client, order] : known)
    invented += order.filled_e8 != 0 && !ledger.orders().contains(client) ? 1 : 0;
  EXPECT_EQ(invented, 0u) << who;
}

Positions without_zeros(Positions positions) {
  std::erase_if(positions, [](const auto& item) { return item.second == 0; });
  return positions;
}

}  // namespace

KnownOrders Accounts::orders_of_levid(std::uint64_t& oldest) const {
  KnownOrders known;
  std::uint64_t after = 0;
  while (true) {
    const Json page = ask("GET", api_ + "/orders?limit=1000&after=" + std::to_string(after)).body;
    EXPECT_TRUE(page.is_object() && page.contains("orders"));
    if (!page.is_object() || !page.contains("orders")) return known;
    oldest = page.value("oldest", std::uint64_t{0});
    for (const Json& order : page["orders"]) {
      after = order["sequence"].get<std::uint64_t>();
      known[order["client_id"].get<std::string>()] = {order["state"].get<std::string>(),
                                                      amount_e8(order["filled"])};
    }
    if (page["orders"].size() < kOrdersPage) return known;
  }
}

KnownOrders Accounts::orders_of_store(std::uint64_t from) const {
  KnownOrders known;
  for (const auto& row :
       rows(data_ + "/levi.db", "SELECT client_id, state, filled FROM orders WHERE sequence >= " +
                                    std::to_string(from)))
    known[row[0]] = {row[1], amount_e8(row[2])};
  return known;
}

Positions Accounts::positions_of_levid() const {
  Positions positions;
  const Json answer = ask("GET", api_ + "/paper/positions").body;
  for (const Json& position : answer["positions"])
    positions[position["symbol"].get<std::string>()] = amount_e8(position["quantity"]);
  return positions;
}

// From the fills, not from the positions table: what was added up is added up again.
Positions Accounts::positions_of_store() const {
  Positions positions;
  for (const auto& row : rows(data_ + "/levi.db", "SELECT symbol, side, quantity FROM fills")) {
    const std::int64_t quantity = amount_e8(row[2]);
    positions[row[0]] += row[1] == "buy" ? quantity : -quantity;
  }
  return positions;
}

// The first that is not as it should be; "": none.
std::string Accounts::unsettled(const LedgerReader& ledger, const KnownOrders& known,
                                std::uint32_t incarnation) const {
  const auto is_due = [&](const SeenOrder& order) {
    return order.incarnation <= incarnation && order.sequence >= settled_below_;
  };
  for (const auto& [client, order] : ledger.orders()) {
    if (!is_due(order)) continue;
    const auto found = known.find(client);
    if (found == known.end()) return "the store does not know " + client;
    const std::string wrong = difference(client, order, found->second);
    if (!wrong.empty()) return wrong;
  }
  for (const auto& [client, order] : known) {
    if (order.filled_e8 != 0 && !ledger.orders().contains(client))
      return client + " counts as executed and never arrived";
  }
  return "";
}

void Accounts::expect_settled(LedgerReader& ledger, std::uint32_t incarnation) {
  std::string wrong;
  EXPECT_TRUE(eventually([&] {
    // First the store: the new incarnation trades on, and what it has executed has arrived by then.
    const KnownOrders known = orders_of_store(settled_below_);
    ledger.read();
    wrong = unsettled(ledger, known, incarnation);
    return wrong.empty();
  })) << "of incarnations up to "
      << incarnation << ": " << wrong << "\n"
      << ask("GET", api_ + "/health").body["components"]["store"].dump() << "\n"
      << ask("GET", api_ + "/state").text;
  EXPECT_EQ(ledger.duplicates(), 0u);
  for (const auto& [client, order] : ledger.orders()) {
    if (order.incarnation <= incarnation)
      settled_below_ = std::max(settled_below_, order.sequence + 1);
  }
}

void Accounts::expect_reconciled(LedgerReader& ledger) {
  const auto state = [&] { return ask("GET", api_ + "/state"); };
  EXPECT_TRUE(eventually([&] { return state().body.value("unsettled", 1) == 0; })) << state().text;
  ledger.read();
  EXPECT_EQ(ledger.duplicates(), 0u);
  std::uint64_t oldest = 0;
  const KnownOrders levid = orders_of_levid(oldest);
  expect_accounted(ledger, levid, oldest, "levid");
  const Positions expected = without_zeros(ledger.positions_e8());
  EXPECT_EQ(positions_of_levid(), expected);

  const auto applied = [&] {
    return ask("GET", api_ + "/health")
        .body["components"]["store"]
        .value("applied", std::uint64_t{0});
  };
  const std::uint64_t sequence = state().body.value("sequence", std::uint64_t{0});
  EXPECT_TRUE(eventually([&] { return applied() >= sequence; })) << applied();
  expect_accounted(ledger, orders_of_store(0), 0, "the store");
  EXPECT_EQ(without_zeros(positions_of_store()), expected);
  std::printf("%zu orders, %llu fills, %zu of them in memory\n", ledger.orders().size(),
              static_cast<unsigned long long>(ledger.fills()), levid.size());
}

}  // namespace levi::test
