// Any query and body, signed or not, on every call of the exchange and of its admin port: an answer
// that is JSON.
//
// Input: one byte chooses the call, one says whether it is signed, then the query, a line feed, the
// body.
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/check.h"
#include "core/venue/mexc/wire/sign.h"
#include "exchange/admin/admin_api.h"
#include "exchange/rest/rest_api.h"

namespace {

using namespace levi::exchange;
using levi::Instant;
using levi::MonoTime;

constexpr const char* kSecret = "fuzz";
constexpr int kRunsPerVenue =
    2'000;  // then a fresh one: memory stays bounded, and so does what an input builds on

struct Call {
  const char* method;
  const char* path;
};
constexpr std::array<Call, 37> kCalls{{
    {"POST", "/api/v3/order"},
    {"DELETE", "/api/v3/order"},
    {"GET", "/api/v3/order"},
    {"POST", "/api/v3/order/test"},
    {"POST", "/api/v3/batchOrders"},
    {"DELETE", "/api/v3/openOrders"},
    {"GET", "/api/v3/openOrders"},
    {"GET", "/api/v3/allOrders"},
    {"GET", "/api/v3/myTrades"},
    {"GET", "/api/v3/account"},
    {"GET", "/api/v3/tradeFee"},
    {"POST", "/api/v3/userDataStream"},
    {"PUT", "/api/v3/userDataStream"},
    {"GET", "/api/v3/userDataStream"},
    {"DELETE", "/api/v3/userDataStream"},
    {"GET", "/api/v3/exchangeInfo"},
    {"GET", "/api/v3/depth"},
    {"GET", "/api/v3/trades"},
    {"GET", "/api/v3/aggTrades"},
    {"GET", "/api/v3/klines"},
    {"GET", "/api/v3/avgPrice"},
    {"GET", "/api/v3/ticker/24hr"},
    {"GET", "/api/v3/ticker/price"},
    {"GET", "/api/v3/ticker/bookTicker"},
    {"GET", "/nothing"},
    {"GET", "/ledger"},
    {"GET", "/ledger/summary"},
    {"GET", "/ledger/orders"},
    {"GET", "/ledger/rate"},
    {"GET", "/connections"},
    {"GET", "/faults"},
    {"DELETE", "/faults"},
    {"POST", "/faults/silence"},
    {"POST", "/faults/lose_answer"},
    {"POST", "/faults/clock_offset"},
    {"POST", "/flow"},
    {"GET", "/state"},
}};
constexpr std::size_t kFirstAdminCall = 25;

class NoSockets : public ExchangeHost {
 public:
  std::vector<ConnectionInfo> connections() const override { return {}; }
  void reset_connection(ConnectionOrdinal) override {}
  void freeze_connection(ConnectionOrdinal, bool) override {}
  levi::Status refuse_connects(bool) override { return levi::ok(); }
  FlowPace pace(const FlowPace*) override { return {}; }
};

VenueOptions venue_options() {
  VenueOptions options;
  options.symbols = {make_symbol("BTCUSDT").value(), make_symbol("ETHUSDT").value()};
  options.ledger_entries_max = 200;
  options.orders_max = 100;
  return options;
}

struct Exchange {
  Exchange() {
    venue.arrive({{1}, MonoTime{1}, Instant{1'700'000'000'000'000'000}});
    const AccountId account = venue.open_account("fuzz");
    for (const StartingBalance& balance : default_balances(venue.engine().symbols())) {
      venue.deposit(account, balance.asset, balance.amount);
    }
    LEVI_CHECK(keys.add({"key", kSecret, "fuzz", {}}, account).has_value());
    venue.warm_up();
  }

  Venue venue{venue_options()};
  NoSockets host;
  Faults faults{venue, host};
  PushHub hub{venue, faults, {}};
  KeyRing keys;
  UserStreams streams{[n = 0]() mutable { return std::to_string(n++); }};
  RestApi rest{venue, keys, streams, {}};
  AdminApi admin{venue, hub, faults, host, "boot"};
};

std::string call(Exchange& exchange, const Call& call, bool admin, bool sign, std::string query,
                 const std::string& body) {
  if (admin) return exchange.admin.handle(call.method, call.path, query, body).body;
  if (sign) {
    query += "&timestamp=" + std::to_string(exchange.venue.now().ns / 1'000'000);
    query += "&signature=" + levi::mexc::mexc_sign(kSecret, query + body);
  }
  RestAnswer answer;
  exchange.rest.handle({call.method, call.path, query, body, "key", "127.0.0.1"}, answer);
  return answer.body;
}

}  // namespace

// The exchange outlives each input, so that every one looks like a leak, and is searched for:
// ninety times slower.
extern "C" int __lsan_is_turned_off() { return 1; }  // NOLINT: the sanitizer's name

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::unique_ptr<Exchange> exchange;
  static int runs = 0;
  if (!exchange || ++runs % kRunsPerVenue == 0) exchange = std::make_unique<Exchange>();
  if (size < 2) return 0;
  const std::size_t which = data[0] % kCalls.size();
  const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t line = text.find('\n');
  const std::string body = line == std::string::npos ? "" : text.substr(line + 1);
  const std::string answer = call(*exchange, kCalls[which], which >= kFirstAdminCall,
                                  data[1] % 4 != 0, text.substr(0, line), body);
  LEVI_CHECK(nlohmann::json::accept(answer));
  return 0;
}
