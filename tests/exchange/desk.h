// A venue with its REST calls and one trader, without sockets and with a clock that the test moves.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "core/venue/mexc/wire/sign.h"
#include "exchange/rest/rest_api.h"

namespace levi::exchange {

using Json = nlohmann::json;

class Desk {
 public:
  static constexpr const char* kKey = "desk-key";
  static constexpr const char* kSecret = "desk-secret";
  static constexpr std::int64_t kStartMs = 1'700'000'000'000;

  struct Answer {
    int status = 0;
    int retry_after_s = 0;
    Json body;
    int code() const { return body.is_object() ? body.value("code", 0) : 0; }
  };

  explicit Desk(RestOptions options = {}) : rest(venue, keys, streams, options) {
    at_ms(0);
    account = venue.open_account("desk");
    for (const StartingBalance& balance : default_balances(venue.engine().symbols())) {
      venue.deposit(account, balance.asset, balance.amount);
    }
    EXPECT_TRUE(keys.add({kKey, kSecret, "desk", {}}, account));
    venue.warm_up();
  }

  void at_ms(std::int64_t ms) {
    venue.arrive(
        {{7}, MonoTime{1'000'000'000 + ms * 1'000'000}, Instant{(kStartMs + ms) * 1'000'000}});
  }
  std::int64_t now_ms() const { return venue.now().ns / 1'000'000; }

  Answer raw(const std::string& method, const std::string& path, const std::string& query = "",
             const std::string& body = "", const std::string& key = kKey) {
    RestAnswer given;
    rest.handle({method, path, query, body, key, "127.0.0.1"}, given);
    Answer answer{given.http_status, given.retry_after_s, Json::parse(given.body, nullptr, false)};
    EXPECT_FALSE(answer.body.is_discarded()) << path << "?" << query << ": " << given.body;
    return answer;
  }
  Answer get(const std::string& path, const std::string& query = "") {
    return raw("GET", "/api/v3/" + path, query);
  }

  // Signed, everything in the query, at the present time.
  Answer call(const std::string& method, const std::string& path, std::string query = "") {
    query += (query.empty() ? "" : "&") + std::string("timestamp=") + std::to_string(now_ms());
    return raw(method, "/api/v3/" + path, query + "&signature=" + mexc::mexc_sign(kSecret, query));
  }
  Answer order(const std::string& parameters) {
    return call("POST", "order", "symbol=BTCUSDT&" + parameters);
  }

  static VenueOptions options() {
    VenueOptions options;
    for (const char* name : {"BTCUSDT", "ETHUSDT"})
      options.symbols.push_back(make_symbol(name).value());
    options.engine.first_order_id = 1'000'000'000'000'000'001;
    return options;
  }

  Venue venue{options()};
  KeyRing keys;
  UserStreams streams{[n = 0]() mutable { return "listen" + std::to_string(n++); }};
  RestApi rest;
  AccountId account;
};

}  // namespace levi::exchange
