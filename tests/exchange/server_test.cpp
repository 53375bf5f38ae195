// The exchange over real sockets: books that clients build, private pushes, the ledger's order.
#include <gtest/gtest.h>

#include <map>

#include "tests/exchange/stage.h"

namespace levi::exchange {
namespace {

// A client's book by the rule of the venue: buffer, snapshot, drop what is older, refuse gaps.
class LocalBook {
 public:
  void buffer(const mexc::pb::PublicAggreDepthsV3Api& push) { apply(push); }

  // False: the snapshot is too old for the pushes that were kept.
  bool start(const Json& snapshot) {
    version_ = snapshot["lastUpdateId"].get<std::uint64_t>();
    for (const auto& level : snapshot["bids"])
      bids_[level[0].get<std::string>()] = level[1].get<std::string>();
    for (const auto& level : snapshot["asks"])
      asks_[level[0].get<std::string>()] = level[1].get<std::string>();
    started_ = true;
    return true;
  }

  void apply(const mexc::pb::PublicAggreDepthsV3Api& push) {
    const std::uint64_t from = std::stoull(push.fromversion());
    const std::uint64_t to = std::stoull(push.toversion());
    if (!started_ || to <= version_) return;
    EXPECT_TRUE(first_ ? from <= version_ + 1 : from == version_ + 1)
        << from << " after " << version_;
    first_ = false;
    for (const auto& level : push.bids()) set(bids_, level.price(), level.quantity());
    for (const auto& level : push.asks()) set(asks_, level.price(), level.quantity());
    version_ = to;
  }

  std::uint64_t version() const { return version_; }
  const std::map<std::string, std::string>& bids() const { return bids_; }
  const std::map<std::string, std::string>& asks() const { return asks_; }

 private:
  static void set(std::map<std::string, std::string>& side, const std::string& price,
                  const std::string& quantity) {
    if (quantity.find_first_not_of("0.") == std::string::npos) {
      side.erase(price);
    } else {
      side[price] = quantity;
    }
  }

  bool started_ = false;
  bool first_ = true;
  std::uint64_t version_ = 0;
  std::map<std::string, std::string> bids_;
  std::map<std::string, std::string> asks_;
};

std::map<std::string, std::string> levels_of(const Json& list) {
  std::map<std::string, std::string> levels;
  for (const auto& level : list) levels[level[0].get<std::string>()] = level[1].get<std::string>();
  return levels;
}

TEST(ExchangeServer, ABookBuiltFromSnapshotAndDeltasIsTheExchangesBook) {
  Stage stage(2000);
  os::Loop loop;
  Listener listener(loop, stage);
  ASSERT_TRUE(listener.subscribe(kDepth));
  ASSERT_TRUE(listener.wait_push(3));
  LocalBook book;
  book.start(stage.get("/api/v3/depth?symbol=BTCUSDT&limit=5000"));
  ASSERT_GE(book.version(), std::stoull(listener.pushes[0].publicaggredepths().fromversion()));
  ASSERT_TRUE(listener.wait_push(60));
  stage.admin("POST", "/flow?paused=true");
  const Json last = stage.get("/api/v3/depth?symbol=BTCUSDT&limit=5000");
  std::size_t applied = 0;
  ASSERT_TRUE(wait_until(loop, [&] {
    for (; applied < listener.pushes.size(); ++applied)
      book.apply(listener.pushes[applied].publicaggredepths());
    return book.version() >= last["lastUpdateId"].get<std::uint64_t>();
  }));
  EXPECT_EQ(book.version(), last["lastUpdateId"].get<std::uint64_t>());
  EXPECT_EQ(book.bids(), levels_of(last["bids"]));
  EXPECT_EQ(book.asks(), levels_of(last["asks"]));
}

TEST(ExchangeServer, AFillReachesItsOwnerOnThePrivateChannels) {
  Stage stage;
  os::Loop loop;
  const std::string key = stage.call("POST", "/api/v3/userDataStream")["listenKey"];
  Listener listener(loop, stage, "/ws?listenKey=" + key);
  ASSERT_TRUE(listener.subscribe("spot@private.orders.v3.api.pb"));
  ASSERT_TRUE(listener.subscribe("spot@private.deals.v3.api.pb"));
  const Json placed =
      stage.call("POST", "/api/v3/order",
                 "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=20&newClientOrderId=f1");
  ASSERT_TRUE(placed.contains("orderId")) << placed;
  ASSERT_TRUE(listener.wait_push(2));
  EXPECT_EQ(listener.pushes[0].privatedeals().orderid(), placed["orderId"]);
  EXPECT_EQ(listener.pushes.back().privateorders().clientid(), "f1");
  const auto fills = stage.ledger("fill");
  ASSERT_GE(fills.size(), 1u);
  EXPECT_EQ(fills[0]["trade_id"], listener.pushes[0].privatedeals().tradeid());
  EXPECT_EQ(fills[0]["maker"], false);
}

TEST(ExchangeServer, AnInvalidListenKeyIsSaidAndClosed) {
  Stage stage;
  os::Loop loop;
  Listener listener(loop, stage, "/ws?listenKey=nonsense");
  ASSERT_TRUE(listener.wait_closed());
  ASSERT_EQ(listener.texts.size(), 1u);
  EXPECT_EQ(listener.texts[0], "Invalid listen key");
}

TEST(ExchangeServer, ADeletedListenKeyEndsItsConnection) {
  Stage stage;
  os::Loop loop;
  const std::string key = stage.call("POST", "/api/v3/userDataStream")["listenKey"];
  Listener listener(loop, stage, "/ws?listenKey=" + key);
  ASSERT_TRUE(listener.subscribe("spot@private.orders.v3.api.pb"));
  stage.call("DELETE", "/api/v3/userDataStream", "listenKey=" + key);
  EXPECT_TRUE(listener.wait_closed());
}

TEST(ExchangeServer, TheLedgerHoldsArrivalsInOrderWithTheirConnectionAndItsEnd) {
  Stage stage;
  os::HttpSession session(stage.endpoint());
  std::uint64_t connection = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string order =
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11&newClientOrderId=LVtest" +
        std::to_string(i);
    const auto answer =
        session.call(Stage::signed_request("POST", "/api/v3/order", order), kPatience);
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer.value().status, 200) << answer.value().body;
  }
  auto orders = stage.ledger("order");
  ASSERT_EQ(orders.size(), 20u);
  for (std::size_t i = 0; i < orders.size(); ++i) {
    EXPECT_EQ(orders[i]["client_id"], "LVtest" + std::to_string(i));
    if (i > 0) {
      EXPECT_GT(orders[i]["arrival"], orders[i - 1]["arrival"]);
      EXPECT_GE(orders[i]["mono_ns"], orders[i - 1]["mono_ns"]);
      EXPECT_EQ(orders[i]["connection"], orders[0]["connection"]);
    }
  }
  connection = orders[0]["connection"];
  // Written, then cut off by RST, as the gateway does it: what was sent counts, and stands before
  // the end.
  const os::HttpRequest last = Stage::signed_request(
      "POST", "/api/v3/order",
      "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11&newClientOrderId=LVlast");
  const std::string bytes = "POST " + last.target +
                            " HTTP/1.1\r\nHost: x\r\nX-MEXC-APIKEY: " + Stage::kKey +
                            "\r\nContent-Length: 0\r\n\r\n";
  ASSERT_EQ(::write(session.fd(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  os::abort_connection(session.fd());
  os::Loop loop;
  std::vector<Json> ends;
  ASSERT_TRUE(wait_until(loop, [&] {
    ends = stage.ledger("end");
    return std::any_of(ends.begin(), ends.end(),
                       [&](const Json& end) { return end["connection"] == connection; });
  }));
  orders = stage.ledger("order");
  EXPECT_EQ(orders.back()["client_id"], "LVlast");
  for (const Json& end : ends) {
    if (end["connection"] == connection) {
      EXPECT_GT(end["arrival"], orders.back()["arrival"]);
    }
  }
  const Json summary = stage.admin("GET", "/ledger/summary?prefix=LV");
  EXPECT_EQ(summary["accepted"], 21);
  EXPECT_EQ(summary["open_orders"], 21);
  EXPECT_EQ(summary["duplicates"], 0);
  EXPECT_EQ(stage.admin("GET", "/ledger/orders?client_prefix=LVtest")["orders"].size(), 20u);
  EXPECT_EQ(stage.admin("GET", "/ledger/rate?window_ms=60000")["orders"], 21);
}

TEST(ExchangeServer, TheLedgerIsReadInPages) {
  Stage stage;
  for (int i = 0; i < 5; ++i)
    stage.call("POST", "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11");
  std::uint64_t after = 0, expected = 1;
  while (true) {
    const Json page = stage.admin("GET", "/ledger?limit=4&after=" + std::to_string(after));
    EXPECT_EQ(page["truncated_before"], 1);
    if (page["entries"].empty()) break;
    for (const Json& entry : page["entries"]) EXPECT_EQ(entry["arrival"], expected++);
    after = page["next"];
  }
  EXPECT_EQ(expected, stage.last_arrival() + 1);
}

TEST(ExchangeServer, TheFlowKeepsItsPaceAndStopsWhenTold) {
  Stage stage(500);
  os::Loop loop;
  const auto events = [&] { return stage.admin("GET", "/flow")["events"].get<std::uint64_t>(); };
  const std::uint64_t before = events();
  ASSERT_TRUE(wait_until(loop, [&] { return events() > before + 100; }));
  EXPECT_EQ(stage.admin("POST", "/flow?paused=true")["paused"], true);
  const std::uint64_t stopped = events();
  stage.admin("POST", "/flow?rate=1000");
  EXPECT_EQ(events(), stopped);
  EXPECT_TRUE(stage.admin("POST", "/flow?rate=x").contains("error"));
}

TEST(ExchangeServer, ConnectionsAndStateCanBeSeen) {
  Stage stage;
  os::Loop loop;
  Listener listener(loop, stage);
  ASSERT_TRUE(listener.subscribe(kDepth));
  const Json connections = stage.admin("GET", "/connections");
  ASSERT_EQ(connections.size(), 1u);
  EXPECT_EQ(connections[0]["kind"], "public");
  EXPECT_EQ(connections[0]["subscriptions"][0], kDepth);
  EXPECT_EQ(connections[0]["frozen"], false);
  const Json state = stage.admin("GET", "/state");
  EXPECT_EQ(state["symbols"].size(), 2u);
  EXPECT_EQ(state["accounts"][1]["account"], "stage");
  EXPECT_EQ(stage.admin("GET", "/health")["status"], "ok");
  EXPECT_TRUE(stage.admin("GET", "/nothing").contains("error"));
}

}  // namespace
}  // namespace levi::exchange
