// RestApi: the venue's HTTP calls, without HTTP. A request's parts come in, a status and a body go
// out.
//
// One thread. Any bytes are answered: what is wrong gets the venue's error body. The hot path (POST
// and DELETE /order) builds no tree and allocates little: see bench/exchange_bench.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exchange/rest/error.h"
#include "exchange/rest/key_ring.h"
#include "exchange/rest/limits.h"
#include "exchange/rest/parameters.h"
#include "exchange/rest/user_streams.h"
#include "exchange/venue/venue.h"

namespace levi::exchange {

struct RestRequest {
  std::string_view method;
  std::string_view path;
  std::string_view query;
  std::string_view body;
  std::string_view api_key;
  std::string_view address;  // of the peer, without its port
};

struct RestAnswer {
  int http_status = 200;
  int retry_after_s = 0;  // a header where it is not 0
  std::string body;
};

struct RestOptions {
  bool limits = false;
  std::int64_t recv_window_max_ms = 60'000;
  std::int64_t recv_window_default_ms = 5'000;
};

class RestApi {
 public:
  RestApi(Venue& venue, KeyRing& keys, UserStreams& streams, RestOptions options)
      : venue_(venue), keys_(keys), streams_(streams), options_(options) {}

  // The venue's origin must stand (Venue::arrive).
  void handle(const RestRequest& request, RestAnswer& answer);
  const Parameters& parameters() const { return parameters_; }  // of the request handled last

 private:
  using Failure = std::optional<VenueError>;
  struct Call {
    const RestRequest& request;
    RestAnswer& answer;
    AccountId account = kNoAccount;
  };
  using Handler = Failure (RestApi::*)(Call&);
  struct Route {
    std::string_view method;
    std::string_view path;
    CallWeight weight;
    bool is_signed = false;
    Handler handler = nullptr;
  };
  static const Route* find_route(std::string_view method, std::string_view path, bool& path_known);

  Failure dispatch(const Route& route, Call& call);
  Failure authorise(Call& call);
  Failure check_time() const;
  Failure check_limits(const Route& route, Call& call, bool by_account);

  // market_calls.cpp
  Failure ping(Call& call);
  Failure time(Call& call);
  Failure default_symbols(Call& call);
  Failure exchange_info(Call& call);
  Failure depth(Call& call);
  Failure trades(Call& call);
  Failure aggregate_trades(Call& call);
  Failure klines(Call& call);
  Failure average_price(Call& call);
  Failure day_ticker(Call& call);
  Failure price_ticker(Call& call);
  Failure book_ticker(Call& call);
  Failure contract_detail(Call& call);
  // order_calls.cpp
  Failure place_order(Call& call);
  Failure test_order(Call& call);
  Failure batch_orders(Call& call);
  Failure cancel_order(Call& call);
  Failure cancel_open_orders(Call& call);
  Failure query_order(Call& call);
  Failure open_orders(Call& call);
  Failure all_orders(Call& call);
  // account_calls.cpp
  Failure account(Call& call);
  Failure my_trades(Call& call);
  Failure trade_fee(Call& call);
  Failure coins(Call& call);
  Failure create_stream(Call& call);
  Failure extend_stream(Call& call);
  Failure list_streams(Call& call);
  Failure close_stream(Call& call);

  Failure read_symbol(SymbolId& symbol) const;
  Failure read_order(const Parameters& from, AccountId account, NewOrder& order) const;
  Failure place(const Parameters& from, AccountId account, MatchingEngine::Placed& placed);
  void refuse_order(const NewOrder& order, const VenueError& failure);
  Failure find_order(Call& call, SymbolId symbol, const Order*& order) const;
  struct TimeRange {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = INT64_MAX;
    std::size_t limit = 0;
    bool holds(std::int64_t time_ms) const { return time_ms >= from_ms && time_ms <= to_ms; }
  };
  TimeRange read_range(std::size_t limit_default, std::size_t limit_max) const;
  Failure each_symbol(Call& call, void (RestApi::*write)(std::string&, SymbolId) const);
  void write_day(std::string& out, SymbolId symbol) const;
  void write_price(std::string& out, SymbolId symbol) const;
  void write_book_ticker(std::string& out, SymbolId symbol) const;
  Price last_price(SymbolId symbol) const;

  Venue& venue_;
  KeyRing& keys_;
  UserStreams& streams_;
  RestOptions options_;
  RateLimits limits_;
  Parameters parameters_;  // of the request at hand
};

}  // namespace levi::exchange
