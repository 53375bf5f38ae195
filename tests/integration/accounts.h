// What levid and its store know of orders and fills, held against the exchange's ledger.
//
// A failure is the test's (gtest expectations). Reads the stage through its API and levi.db alone.
#pragma once

#include <map>
#include <string>

#include "tests/integration/rig.h"

namespace levi::test {

struct KnownOrder {
  std::string state;
  std::int64_t filled_e8 = 0;
};
using KnownOrders = std::map<std::string, KnownOrder>;  // by client id
using Positions = std::map<std::string, std::int64_t>;  // by symbol, e-8

class Accounts {
 public:
  explicit Accounts(const cli::Stage& stage) : api_("http://" + stage.api), data_(stage.data) {}

  // Under flow, of incarnations up to this one, which are dead: each order that the exchange took
  // is known to the store, settled, and filled as much as the exchange says, and so on the other
  // way. Waits until it is so. Looks at nothing that an earlier call has seen settled.
  void expect_settled(LedgerReader& ledger, std::uint32_t incarnation);

  // With no order open and none to come: levid, its store and the exchange agree about every order,
  // fill and position, from the first to the last.
  void expect_reconciled(LedgerReader& ledger);

 private:
  KnownOrders orders_of_levid(std::uint64_t& oldest) const;
  KnownOrders orders_of_store(std::uint64_t from) const;
  Positions positions_of_levid() const;
  Positions positions_of_store() const;
  std::string unsettled(const LedgerReader& ledger, const KnownOrders& known,
                        std::uint32_t incarnation) const;

  std::string api_;
  std::string data_;
  std::uint64_t settled_below_ = 0;  // sequence
};

}  // namespace levi::test
