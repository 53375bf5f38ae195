#include <gtest/gtest.h>

#include <set>

#include "tests/exchange/desk.h"

namespace levi::exchange {
namespace {

class RestTest : public ::testing::Test, protected Desk {};

std::vector<std::string> names_of(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

TEST_F(RestTest, APlacedOrderCanBeQueriedAndCanceled) {
  const Answer placed =
      order("side=BUY&type=LIMIT&quantity=0.5&price=90000.5&newClientOrderId=one");
  ASSERT_EQ(placed.status, 200);
  EXPECT_EQ(names_of(placed.body),
            (std::vector<std::string>{"orderId", "orderListId", "origQty", "price", "side",
                                      "symbol", "transactTime", "type"}));
  EXPECT_EQ(placed.body["price"], "90000.50");
  const std::string id = placed.body["orderId"];
  EXPECT_TRUE(id.starts_with("C02__"));

  const Answer by_client = call("GET", "order", "symbol=BTCUSDT&origClientOrderId=one");
  EXPECT_EQ(by_client.body["status"], "NEW");
  EXPECT_EQ(by_client.body["orderId"], id);
  EXPECT_EQ(call("GET", "openOrders", "symbol=BTCUSDT").body.size(), 1u);
  EXPECT_EQ(call("GET", "openOrders", "symbol=ETHUSDT").body.size(), 0u);

  const Answer canceled = call("DELETE", "order", "symbol=BTCUSDT&orderId=" + id);
  EXPECT_EQ(canceled.body["status"], "CANCELED");
  EXPECT_EQ(canceled.body["clientOrderId"], "one");
  EXPECT_EQ(canceled.body["cummulativeQuoteQty"], "0.00000000");
  EXPECT_EQ(call("DELETE", "order", "symbol=BTCUSDT&orderId=" + id).code(), kCodeUnknownCancel);
  EXPECT_EQ(call("GET", "order", "symbol=BTCUSDT&orderId=C02__5").code(), kCodeUnknownOrder);
  EXPECT_EQ(call("GET", "order", "symbol=BTCUSDT").code(), 700004);
  EXPECT_EQ(call("GET", "allOrders", "symbol=BTCUSDT").body.size(), 1u);
}

TEST_F(RestTest, AFillShowsInTradesAndBalances) {
  const Answer placed = order("side=BUY&type=MARKET&quantity=0.01");
  ASSERT_EQ(placed.status, 200);
  const std::string id = placed.body["orderId"];
  const Answer trades = call("GET", "myTrades", "symbol=BTCUSDT&orderId=" + id);
  ASSERT_GE(trades.body.size(), 1u);
  std::int64_t quantity = 0, quote = 0;
  for (const Json& trade : trades.body) {
    quantity += parse_decimal(trade["qty"].get<std::string>(), 6).value();
    quote += parse_decimal(trade["quoteQty"].get<std::string>(), 8).value();
    EXPECT_TRUE(trade["isBuyer"]);
    EXPECT_FALSE(trade["isMaker"]);
    EXPECT_EQ(trade["commissionAsset"], "USDT");
  }
  EXPECT_EQ(quantity, 10'000);
  const Answer queried = call("GET", "order", "symbol=BTCUSDT&orderId=" + id);
  EXPECT_EQ(queried.body["status"], "FILLED");
  EXPECT_EQ(parse_decimal(queried.body["cummulativeQuoteQty"].get<std::string>(), 8).value(),
            quote);
  const Answer account_answer = call("GET", "account");
  for (const Json& balance : account_answer.body["balances"]) {
    if (balance["asset"] == "BTC") {
      EXPECT_EQ(balance["free"], "11.01000000");
    }
  }
}

TEST_F(RestTest, TheSignatureCoversTheQueryAndThenTheBody) {
  const std::string time = std::to_string(now_ms());
  const std::string query = "symbol=BTCUSDT&side=BUY&type=LIMIT";
  const std::string body = "quantity=1&price=11&recvWindow=5000&timestamp=" + time;
  const std::string both = mexc::mexc_sign(kSecret, query + body);
  EXPECT_EQ(raw("POST", "/api/v3/order/test", query, body + "&signature=" + both).status, 200);
  EXPECT_EQ(raw("POST", "/api/v3/order/test", query + "&signature=" + both, body).status, 200);
  const std::string joined = mexc::mexc_sign(kSecret, query + "&" + body);
  EXPECT_EQ(raw("POST", "/api/v3/order/test", query, body + "&signature=" + joined).code(), 700002);
  const std::string json = R"({"quantity":"1","price":11})";
  const std::string timed = query + "&timestamp=" + time;
  const std::string mixed = mexc::mexc_sign(kSecret, timed + json);
  EXPECT_EQ(raw("POST", "/api/v3/order/test", timed + "&signature=" + mixed, json).status, 200);
}

TEST_F(RestTest, WhereQueryAndBodyDisagreeTheQueryWins) {
  const std::string query = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11&timestamp=" +
                            std::to_string(now_ms());
  const std::string body = "price=12";
  const Answer placed = raw("POST", "/api/v3/order",
                            query + "&signature=" + mexc::mexc_sign(kSecret, query + body), body);
  EXPECT_EQ(placed.body["price"], "11.00");
}

TEST_F(RestTest, EachFailureOfAuthorisationHasItsCode) {
  const auto signed_at = [this](std::int64_t ms, const std::string& extra = "") {
    const std::string query = "timestamp=" + std::to_string(ms) + extra;
    return raw("GET", "/api/v3/account", query + "&signature=" + mexc::mexc_sign(kSecret, query))
        .code();
  };
  const std::int64_t now = now_ms();
  EXPECT_EQ(signed_at(now), 0);
  EXPECT_EQ(signed_at(now + 999), 0);
  EXPECT_EQ(signed_at(now + 1000), 700003);
  EXPECT_EQ(signed_at(now - 5000), 0);
  EXPECT_EQ(signed_at(now - 5001), 700003);
  EXPECT_EQ(signed_at(now - 200, "&recvWindow=200"), 0);
  EXPECT_EQ(signed_at(now - 201, "&recvWindow=200"), 700003);
  EXPECT_EQ(signed_at(now - 60'000, "&recvWindow=60000"), 0);
  EXPECT_EQ(signed_at(now, "&recvWindow=60001"), 700005);
  EXPECT_EQ(signed_at(now, "&recvWindow=-1"), 700008);
  EXPECT_EQ(signed_at(now, "&recvWindow=x"), 700008);
  EXPECT_EQ(raw("GET", "/api/v3/account", "timestamp=1&signature=00", "", "").code(), 400);
  EXPECT_EQ(raw("GET", "/api/v3/account", "timestamp=1&signature=00", "", "stranger").code(),
            10072);
  EXPECT_EQ(raw("GET", "/api/v3/account", "timestamp=1").code(), 700004);
  EXPECT_EQ(raw("GET", "/api/v3/account", "timestamp=1&signature=").code(), 700004);
  EXPECT_EQ(raw("GET", "/api/v3/account", "timestamp=1&signature=00").code(), 700002);
  EXPECT_EQ(raw("GET", "/api/v3/account", "signature=" + mexc::mexc_sign(kSecret, "")).code(),
            700004);
}

TEST_F(RestTest, TheClockOffsetIsWhatTimestampsAreHeldAgainst) {
  venue.set_clock_offset(10s);
  EXPECT_EQ(get("time").body["serverTime"], kStartMs + 10'000);
  const std::string query = "timestamp=" + std::to_string(kStartMs);
  EXPECT_EQ(
      raw("GET", "/api/v3/account", query + "&signature=" + mexc::mexc_sign(kSecret, query)).code(),
      700003);
}

// An entry in between is older than the range, those behind it are not: all of the range must come.
TEST_F(RestTest, AClockThatWasSetBackHidesNoOrderAndNoTrade) {
  const std::string market = "side=BUY&type=MARKET&quantity=0.01&newClientOrderId=";
  ASSERT_EQ(order(market + "early").status, 200);
  venue.set_clock_offset(-100s);
  ASSERT_EQ(order(market + "back").status, 200);
  venue.set_clock_offset(0s);
  ASSERT_EQ(order(market + "late").status, 200);
  const std::string since = "symbol=BTCUSDT&startTime=" + std::to_string(kStartMs - 10'000);
  std::set<std::string> traded, placed;
  for (const Json& one : call("GET", "myTrades", since).body) traded.insert(one["clientOrderId"]);
  for (const Json& one : call("GET", "allOrders", since).body) placed.insert(one["clientOrderId"]);
  EXPECT_EQ(traded, (std::set<std::string>{"early", "late"}));
  EXPECT_EQ(placed, traded);
}

TEST_F(RestTest, BadOrdersAreRefusedWithAReasonAndWrittenDown) {
  struct Case {
    const char* parameters;
    int code;
  };
  const Case cases[] = {
      {"side=BUY&type=LIMIT&quantity=1", 700004},
      {"side=BUY&type=LIMIT&price=1", 700004},
      {"type=LIMIT&quantity=1&price=1", 700004},
      {"side=BUY&quantity=1&price=1", 700004},
      {"side=HOLD&type=LIMIT&quantity=1&price=1", 30001},
      {"side=BUY&type=STOP&quantity=1&price=1", 30041},
      {"side=BUY&type=LIMIT&quantity=0.0000001&price=1", 10096},
      {"side=BUY&type=LIMIT&quantity=1e3&price=1", 10096},
      {"side=BUY&type=LIMIT&quantity=99999999999999999999&price=1", 10096},
      {"side=BUY&type=LIMIT&quantity=1&price=0.001", 30010},
      {"side=BUY&type=LIMIT&quantity=1&price=-5", 30010},
      {"side=BUY&type=LIMIT&quantity=-1&price=5", 10102},
      {"side=BUY&type=LIMIT&quantity=0.01&price=5", 30002},
      {"side=BUY&type=LIMIT&quantity=1000&price=90000", 30003},
      {"side=BUY&type=LIMIT&quantity=20&price=90000", 30004},
      {"side=SELL&type=LIMIT&quantity=20&price=90000", 30005},
      {"side=BUY&type=MARKET", 700004},
      {"side=BUY&type=MARKET&quoteOrderQty=0.5", 30002},
      {"side=BUY&type=LIMIT&quantity=1&price=11&newClientOrderId=a%20b", 700008},
      {"side=BUY&type=LIMIT&quantity=1&price=11&newClientOrderId=123456789012345678901234567890123",
       700008},
  };
  for (const Case& each : cases) {
    const std::uint64_t before = venue.ledger().last().value;
    const Answer answer = order(each.parameters);
    EXPECT_EQ(answer.code(), each.code) << each.parameters;
    EXPECT_EQ(answer.status, 400);
    EXPECT_FALSE(answer.body["msg"].get<std::string>().empty());
    ASSERT_EQ(venue.ledger().last().value, before + 1) << each.parameters;
    const LedgerEntry& entry = venue.ledger().entries().back();
    EXPECT_EQ(entry.status, EntryStatus::kRejected);
    EXPECT_EQ(entry.code, each.code);
    EXPECT_EQ(entry.origin.connection.value, 7u);
  }
  EXPECT_EQ(call("POST", "order", "symbol=NONE&side=BUY&type=LIMIT&quantity=1&price=1").code(),
            10007);
  EXPECT_TRUE(venue.engine().open_orders(account).empty());
}

TEST_F(RestTest, AnOrderWithABadSignatureIsWrittenDownAsRefused) {
  EXPECT_EQ(raw("POST", "/api/v3/order",
                "symbol=BTCUSDT&newClientOrderId=forged&timestamp=1&signature=00")
                .code(),
            700002);
  const LedgerEntry& entry = venue.ledger().entries().back();
  EXPECT_EQ(entry.kind, EntryKind::kOrder);
  EXPECT_EQ(entry.status, EntryStatus::kRejected);
  EXPECT_EQ(entry.client_id, "forged");
  EXPECT_EQ(entry.account, kNoAccount);
}

TEST_F(RestTest, AUsedClientOrderIdIsRefusedAndWrittenDownAsDuplicate) {
  const std::string once = "side=BUY&type=LIMIT&quantity=1&price=11&newClientOrderId=once";
  EXPECT_EQ(order(once).status, 200);
  EXPECT_EQ(order(once).code(), kCodeDuplicate);
  EXPECT_EQ(venue.ledger().entries().back().status, EntryStatus::kDuplicate);
  EXPECT_EQ(venue.engine().open_orders(account).size(), 1u);
}

TEST_F(RestTest, ABatchMayFailInParts) {
  const std::string list =
      R"([{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","quantity":"1","price":"11","newClientOrderId":"b1"},)"
      R"({"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","quantity":"0.01","price":"11","newClientOrderId":"b2"}])";
  std::string encoded;
  for (const char c : list) {
    constexpr const char* kHex = "0123456789ABCDEF";
    encoded += isalnum(static_cast<unsigned char>(c))
                   ? std::string(1, c)
                   : std::string("%") + kHex[static_cast<unsigned char>(c) >> 4] + kHex[c & 15];
  }
  const Answer answer = call("POST", "batchOrders", "batchOrders=" + encoded);
  ASSERT_EQ(answer.body.size(), 2u) << answer.body;
  EXPECT_TRUE(answer.body[0].contains("orderId"));
  EXPECT_EQ(answer.body[1]["code"], 30002);
  EXPECT_EQ(answer.body[1]["newClientOrderId"], "b2");
  for (const char* bad : {"[]", "{}", "x", "[1]", R"([{"symbol":{}}])"}) {
    const Answer refused = raw("POST", "/api/v3/batchOrders", "batchOrders=" + std::string(bad));
    EXPECT_EQ(refused.status, 400) << bad;
  }
}

TEST_F(RestTest, TheKillSwitchCallCancelsTheNamedSymbolsOnly) {
  order("side=BUY&type=LIMIT&quantity=1&price=11");
  order("side=BUY&type=LIMIT&quantity=1&price=12");
  call("POST", "order", "symbol=ETHUSDT&side=BUY&type=LIMIT&quantity=1&price=11");
  EXPECT_EQ(call("DELETE", "openOrders", "symbol=BTCUSDT").body.size(), 2u);
  EXPECT_EQ(venue.engine().open_orders(account).size(), 1u);
  EXPECT_EQ(call("DELETE", "openOrders", "symbol=BTCUSDT,ETHUSDT").body.size(), 1u);
  EXPECT_EQ(call("DELETE", "openOrders", "symbol=BTCUSDT,NONE").code(), 10007);
  EXPECT_EQ(
      call("DELETE", "openOrders", "symbol=BTCUSDT,BTCUSDT,BTCUSDT,BTCUSDT,BTCUSDT,BTCUSDT").code(),
      700008);
}

TEST_F(RestTest, AListenKeyLivesForAnHourAndLongerWhenExtended) {
  const std::string key = call("POST", "userDataStream").body["listenKey"];
  at_ms(3'599'000);
  EXPECT_EQ(call("GET", "userDataStream").body["listenKey"], Json::array({key}));
  EXPECT_EQ(call("PUT", "userDataStream", "listenKey=" + key).status, 200);
  at_ms(2 * 3'599'000);
  EXPECT_TRUE(streams.find(key, venue.origin().mono));
  at_ms(3 * 3'600'000);
  EXPECT_FALSE(streams.find(key, venue.origin().mono));
  EXPECT_EQ(call("PUT", "userDataStream", "listenKey=" + key).status, 400);
  const std::string other = call("POST", "userDataStream").body["listenKey"];
  EXPECT_EQ(call("DELETE", "userDataStream", "listenKey=" + other).status, 200);
  EXPECT_EQ(call("DELETE", "userDataStream", "listenKey=" + other).status, 400);
}

TEST_F(RestTest, MarketDataHasTheFieldsOfTheVenue) {
  EXPECT_EQ(get("ping").body, Json::object());
  EXPECT_EQ(get("time").body["serverTime"], kStartMs);
  EXPECT_EQ(get("defaultSymbols").body["data"], Json::array({"BTCUSDT", "ETHUSDT"}));
  const Json info = get("exchangeInfo", "symbols=ETHUSDT").body["symbols"];
  ASSERT_EQ(info.size(), 1u);
  for (const char* name :
       {"symbol", "status", "baseAsset", "baseAssetPrecision", "quoteAsset", "quotePrecision",
        "quoteAssetPrecision", "orderTypes", "isSpotTradingAllowed", "permissions", "filters",
        "maxQuoteAmount", "makerCommission", "takerCommission", "quoteAmountPrecision",
        "baseSizePrecision", "tradeSideType"}) {
    EXPECT_TRUE(info[0].contains(name)) << name;
  }
  EXPECT_EQ(get("exchangeInfo").body["symbols"].size(), 2u);
  const Json depth = get("depth", "symbol=BTCUSDT&limit=5").body;
  EXPECT_EQ(depth["bids"].size(), 5u);
  EXPECT_GT(depth["lastUpdateId"], 0);
  EXPECT_EQ(get("trades", "symbol=BTCUSDT&limit=3").body.size(), 3u);
  EXPECT_EQ(get("aggTrades", "symbol=BTCUSDT&limit=2").body.size(), 2u);
  EXPECT_EQ(get("aggTrades", "symbol=BTCUSDT&startTime=1").code(), 700004);
  EXPECT_EQ(get("klines", "symbol=BTCUSDT&interval=1m").body[0].size(), 8u);
  EXPECT_EQ(get("klines", "symbol=BTCUSDT&interval=2m").code(), -1120);
  EXPECT_EQ(get("avgPrice", "symbol=BTCUSDT").body["mins"], 5);
  EXPECT_EQ(get("ticker/24hr").body.size(), 2u);
  EXPECT_EQ(get("ticker/24hr", "symbol=BTCUSDT").body["symbol"], "BTCUSDT");
  EXPECT_EQ(get("ticker/price").body.size(), 2u);
  EXPECT_EQ(get("ticker/bookTicker", "symbol=BTCUSDT").body["bidPrice"], depth["bids"][0][0]);
  EXPECT_EQ(get("depth").code(), 700004);
  EXPECT_EQ(get("depth", "symbol=NONE").code(), 10007);
}

TEST_F(RestTest, AnythingElseGetsAnErrorBody) {
  EXPECT_EQ(get("nothing").status, 404);
  EXPECT_EQ(raw("PATCH", "/api/v3/order").status, 405);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "a" + std::to_string(i) + "=1&";
  EXPECT_EQ(get("depth", many).code(), 33333);
  EXPECT_EQ(raw("POST", "/api/v3/order", "", "{\"a\":[[[[").code(), 33333);
  EXPECT_EQ(raw("POST", "/api/v3/order", "", "{\"a\":{\"b\":1}}").code(), 33333);
  EXPECT_EQ(raw("POST", "/api/v3/order", "%zz=%&=&&&%41", std::string("\0\xff", 2)).status, 400);
}

TEST(RestLimits, TooMuchWeightIs429WithRetryAfterAndStubbornnessIsABan) {
  RestOptions options;
  options.limits = true;
  Desk desk(options);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(desk.get("exchangeInfo").status, 200);
  const Desk::Answer over = desk.get("exchangeInfo");
  EXPECT_EQ(over.status, 429);
  EXPECT_EQ(over.retry_after_s, 11);
  EXPECT_EQ(desk.get("ping").status, 200) << "each endpoint has its own";
  desk.at_ms(10'000);
  EXPECT_EQ(desk.get("exchangeInfo").status, 200);
  for (int i = 0; i < 49; ++i) desk.get("exchangeInfo");
  for (int i = 0; i < RateLimits::kRefusalsMax; ++i) desk.get("exchangeInfo");
  EXPECT_EQ(desk.get("exchangeInfo").status, 418);
  EXPECT_EQ(desk.get("ping").status, 418) << "a ban is on the address";
  desk.at_ms(10'000 + 121'000);
  EXPECT_EQ(desk.get("ping").status, 200);
}

TEST(RestLimits, AnAccountMayHave500OpenOrdersAndTwoBatchesASecond) {
  RestOptions options;
  options.limits = true;
  Desk desk(options);
  for (int i = 0; i < 500; ++i) {
    desk.at_ms(i * 25);
    ASSERT_EQ(desk.order("side=BUY&type=LIMIT&quantity=0.1&price=11").status, 200) << i;
  }
  EXPECT_EQ(desk.order("side=BUY&type=LIMIT&quantity=0.1&price=11").code(), 30029);
  const std::string batch = "batchOrders=%5B%7B%22symbol%22%3A%22BTCUSDT%22%7D%5D";
  EXPECT_EQ(desk.call("POST", "batchOrders", batch).status, 200);
  EXPECT_EQ(desk.call("POST", "batchOrders", batch).status, 200);
  EXPECT_EQ(desk.call("POST", "batchOrders", batch).status, 429);
}

TEST(RestLimits, AnAccountMayAskForItselfTwiceASecond) {
  RestOptions options;
  options.limits = true;
  Desk desk(options);
  EXPECT_EQ(desk.call("GET", "account").status, 200);
  EXPECT_EQ(desk.call("GET", "account").status, 200);
  const Desk::Answer over = desk.call("GET", "account");
  EXPECT_EQ(over.status, 429);
  EXPECT_EQ(over.retry_after_s, 2);
  EXPECT_EQ(desk.call("GET", "openOrders", "symbol=BTCUSDT").status, 200);
  desk.at_ms(1'000);
  EXPECT_EQ(desk.call("GET", "account").status, 200);
}

TEST(Keys, AKeysFileIsReadStrictly) {
  const auto keys = parse_keys(
      "keys:\n  - {key: a, secret: b, name: n, balances: {USDT: 10.5, BTC: 1}}\n  - {key: c, "
      "secret: d}\n",
      "f.yaml");
  ASSERT_TRUE(keys) << keys.error().text();
  ASSERT_EQ(keys.value().size(), 2u);
  EXPECT_EQ(keys.value()[0].balances.size(), 2u);
  EXPECT_EQ(keys.value()[1].name, "c");
  EXPECT_TRUE(parse_keys(R"({"keys":[{"key":"a","secret":"b"}]})", "f.json"));
  for (const char* bad :
       {"", "keys: []", "keys: [{key: a}]", "keys: [{key: a, secret: b, nmae: c}]",
        "keys: [{key: a, secret: b, balances: {USDT: -1}}]", "keys: [{key: '', secret: b}]"}) {
    EXPECT_FALSE(parse_keys(bad, "f.yaml")) << bad;
  }
  const auto wrong = parse_keys("keys:\n  - {key: a, secret: b, balances: {USDT: x}}\n", "f.yaml");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("f.yaml:2"), std::string::npos) << wrong.error().message;
}

}  // namespace
}  // namespace levi::exchange
