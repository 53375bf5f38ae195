// AdminApi: the exchange's own calls, on a port of their own: the witness, the faults, the flow.
// Without HTTP.
//
// One thread. docs/exchange.md has the table. Loopback only: it is the server that listens nowhere
// else.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/admin/faults.h"
#include "exchange/json/json_writer.h"
#include "exchange/rest/parameters.h"

namespace levi::exchange {

struct AdminAnswer {
  int http_status = 200;
  std::string body;
};

// What GET /ledger/summary counts.
struct LedgerCounts {
  struct Fills {
    Quantity bought;
    Quantity sold;
    std::uint64_t count = 0;
  };
  std::array<std::uint64_t, kEntryKindCount> kinds{};
  std::array<std::uint64_t, kEntryStatusCount> order_outcomes{};
  std::vector<Fills> fills;  // by symbol
  Arrival until;             // counted up to here
};

class AdminApi {
 public:
  static constexpr std::size_t kPageMax = 10'000;
  static constexpr std::size_t kPageDefault = 1'000;
  static constexpr std::size_t kScanMax = 100'000;  // entries that one page looks at
  static constexpr std::size_t kPrefixesMax = 64;

  AdminApi(Venue& venue, PushHub& hub, Faults& faults, ExchangeHost& host, std::string boot_id)
      : venue_(venue), hub_(hub), faults_(faults), host_(host), boot_id_(std::move(boot_id)) {}

  // The venue's origin must stand (Venue::arrive), with connection 0.
  AdminAnswer handle(std::string_view method, std::string_view path, std::string_view query,
                     std::string_view body);

 private:
  using Handler = void (AdminApi::*)(AdminAnswer&);
  static Handler find_handler(std::string_view method, std::string_view path, bool& path_known);

  void ledger(AdminAnswer& answer);
  void summary(AdminAnswer& answer);
  void orders(AdminAnswer& answer);
  void rate(AdminAnswer& answer);
  void connections(AdminAnswer& answer);
  void list_faults(AdminAnswer& answer);
  void revert_faults(AdminAnswer& answer);
  void inject(AdminAnswer& answer);
  void flow(AdminAnswer& answer);
  void state(AdminAnswer& answer);
  void health(AdminAnswer& answer);

  LedgerCounts counts_of(const std::string& prefix, Arrival after);
  std::size_t page_limit() const;
  Result<FaultSpec> read_fault(std::string_view name) const;
  Status read_fault_scope(FaultSpec& spec) const;   // tag, on, symbol
  Status read_fault_amount(FaultSpec& spec) const;  // count, ms, lease_ms
  void write_fault(JsonWriter& json, const Fault& fault) const;
  void write_order(JsonWriter& json, const Order& order, Quantity filled) const;

  Venue& venue_;
  PushHub& hub_;
  Faults& faults_;
  ExchangeHost& host_;
  std::string boot_id_;
  Parameters parameters_;
  std::map<std::string, LedgerCounts> counted_;  // by prefix
  std::string_view path_;
};

}  // namespace levi::exchange
