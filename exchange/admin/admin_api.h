// AdminApi: the exchange's own calls, on a port of their own: the witness, the faults, the flow.
// Without HTTP.
//
// One thread. docs/exchange.md has the table. Loopback only: it is the server that listens nowhere
// else.
#pragma once

#include <string>
#include <string_view>

#include "exchange/admin/faults.h"
#include "exchange/json/json_writer.h"
#include "exchange/rest/parameters.h"

namespace levi::exchange {

struct AdminAnswer {
  int http_status = 200;
  std::string body;
};

class AdminApi {
 public:
  static constexpr std::size_t kPageMax = 10'000;
  static constexpr std::size_t kPageDefault = 1'000;

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

  std::size_t page_limit() const;
  Result<FaultSpec> read_fault(std::string_view name) const;
  void write_fault(JsonWriter& json, const Fault& fault) const;

  Venue& venue_;
  PushHub& hub_;
  Faults& faults_;
  ExchangeHost& host_;
  std::string boot_id_;
  Parameters parameters_;
  std::string_view path_;
};

}  // namespace levi::exchange
