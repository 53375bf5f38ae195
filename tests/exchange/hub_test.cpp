// The push hub without sockets: a fake socket keeps what it was sent, the test moves the clock.
#include <gtest/gtest.h>

#include "exchange/stream/push_hub.h"
#include "tests/exchange/desk.h"

namespace levi::exchange {
namespace {

constexpr const char* kDepth = "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT";
constexpr const char* kSlowDepth = "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT";
constexpr const char* kDeals = "spot@public.aggre.deals.v3.api.pb@10ms@BTCUSDT";
constexpr const char* kOrders = "spot@private.orders.v3.api.pb";
constexpr SymbolId kSymbol{0};

struct FakeSocket : PushSocket {
  std::vector<std::string> texts;
  std::vector<pb::PushDataV3ApiWrapper> pushes;
  bool closed = false;
  bool was_reset = false;

  bool send(bool binary, std::string_view payload) override {
    if (binary) {
      EXPECT_TRUE(pushes.emplace_back().ParseFromString(std::string(payload)));
    } else {
      texts.emplace_back(payload);
    }
    return true;
  }
  void close(std::uint16_t, std::string_view) override { closed = true; }
  void reset() override { was_reset = true; }
};

struct FakeFaults : PushFaults {
  std::string silent;
  int skips = 0;
  bool silenced(std::string_view channel) override {
    return !silent.empty() && channel.starts_with(silent);
  }
  bool skips_depth(SymbolId, BookVersion, BookVersion) override { return skips > 0 && skips-- > 0; }
};

class HubTest : public ::testing::Test, protected Desk {
 protected:
  HubTest() { venue.observe(&hub); }

  MonoTime now() const { return venue.origin().mono; }
  void open(FakeSocket& socket, std::uint64_t connection, AccountId owner = kNoAccount) {
    hub.open({connection}, owner, socket, now());
  }
  void say(std::uint64_t connection, const std::string& text) {
    hub.message({connection}, false, text, now());
  }
  void subscribe(std::uint64_t connection, const std::string& channel) {
    say(connection, R"({"method":"SUBSCRIPTION","params":[")" + channel + "\"]}");
  }
  void tick(int times = 1) {
    for (int i = 0; i < times; ++i) {
      time_ms += 10;
      at_ms(time_ms);
      hub.tick(now());
    }
  }

  FakeFaults faults;
  PushHub hub{venue, faults, {}};
  std::int64_t time_ms = 0;
};

TEST_F(HubTest, ControlFramesAreAnsweredInTheVenuesWords) {
  FakeSocket socket;
  open(socket, 1);
  say(1, R"({"method":"PING"})");
  say(1, R"({"method":"ping","id":5})");
  subscribe(1, kDeals);
  say(1, R"({"method":"UNSUBSCRIPTION","params":[")" + std::string(kDeals) + "\"]}");
  subscribe(1, "spot@public.nonsense");
  subscribe(1, "spot@public.aggre.deals.v3.api.pb@10ms@NONE");
  say(1, "{");
  say(1, "[1]");
  say(1, R"({"method":7})");
  hub.message({1}, true, "\x01\xff", now());
  ASSERT_EQ(socket.texts.size(), 10u);
  EXPECT_EQ(socket.texts[0], R"({"id":0,"code":0,"msg":"PONG"})");
  EXPECT_EQ(socket.texts[1], R"({"id":5,"code":0,"msg":"PONG"})");
  EXPECT_EQ(socket.texts[2],
            R"({"id":0,"code":0,"msg":"spot@public.aggre.deals.v3.api.pb@10ms@BTCUSDT"})");
  EXPECT_EQ(socket.texts[3], socket.texts[2]);
  EXPECT_NE(socket.texts[4].find("Not Subscribed successfully! [spot@public.nonsense]"),
            std::string::npos);
  EXPECT_NE(socket.texts[5].find("Blocked"), std::string::npos);
  for (int i = 6; i < 10; ++i)
    EXPECT_EQ(socket.texts[static_cast<std::size_t>(i)],
              R"({"id":0,"code":0,"msg":"msg format invalid"})");
}

TEST_F(HubTest, ThirtySubscriptionsAreTheMost) {
  FakeSocket socket;
  open(socket, 1);
  int taken = 0;
  for (const char* symbol : {"BTCUSDT", "ETHUSDT"}) {
    for (const char* cadence : {"10ms", "100ms"}) {
      for (const char* kind : {"deals", "depth", "bookTicker"}) {
        subscribe(
            1, std::string("spot@public.aggre.") + kind + ".v3.api.pb@" + cadence + "@" + symbol);
        ++taken;
      }
    }
    for (int i = 0; i < 10; ++i) {
      subscribe(1, std::string("spot@public.kline.v3.api.pb@") + symbol + "@" +
                       mexc::to_string(static_cast<mexc::KlineInterval>(i)));
      ++taken;
    }
  }
  ASSERT_EQ(taken, 32);
  EXPECT_EQ(hub.find({1})->subscriptions.size(), 30u);
  EXPECT_NE(socket.texts[31].find("Not Subscribed"), std::string::npos);
}

TEST_F(HubTest, ANewSubscriberGetsTheStateAtOnceAndDeltasFromThereOn) {
  FakeSocket early, late;
  open(early, 1);
  subscribe(1, kDepth);
  ASSERT_EQ(early.pushes.size(), 1u);
  const auto& first = early.pushes[0].publicaggredepths();
  EXPECT_EQ(first.fromversion(), std::to_string(venue.engine().version(kSymbol).value));
  EXPECT_EQ(first.toversion(), first.fromversion());
  EXPECT_GE(first.bids_size(), 1);
  venue.step_flow(kSymbol);
  open(late, 2);
  subscribe(2, kDepth);  // In the middle of a window.
  ASSERT_EQ(early.pushes.size(), 2u) << "brought up to the version at which the newcomer starts";
  EXPECT_EQ(early.pushes[1].publicaggredepths().toversion(),
            late.pushes[0].publicaggredepths().toversion());
  while (venue.engine().version(kSymbol).value ==
         std::stoull(late.pushes[0].publicaggredepths().toversion())) {
    venue.step_flow(kSymbol);
  }
  tick();
  ASSERT_EQ(late.pushes.size(), 2u);
  EXPECT_EQ(late.pushes[1].SerializeAsString(), early.pushes[2].SerializeAsString());
}

TEST_F(HubTest, WindowsAggregateAndTheirVersionsHaveNoGap) {
  FakeSocket fast, slow;
  open(fast, 1);
  open(slow, 2);
  subscribe(1, kDepth);
  subscribe(2, kSlowDepth);
  for (int i = 0; i < 200; ++i) {
    for (int k = 0; k < 3; ++k) venue.step_flow(kSymbol);
    tick();
  }
  for (const FakeSocket* socket : {&fast, &slow}) {
    for (std::size_t i = 1; i < socket->pushes.size(); ++i) {
      const auto& before = socket->pushes[i - 1].publicaggredepths();
      const auto& push = socket->pushes[i].publicaggredepths();
      ASSERT_EQ(std::stoull(push.fromversion()), std::stoull(before.toversion()) + 1);
    }
    EXPECT_EQ(socket->pushes.back().publicaggredepths().toversion(),
              std::to_string(venue.engine().version(kSymbol).value));
  }
  EXPECT_EQ(slow.pushes.size(), 21u);
  EXPECT_GT(fast.pushes.size(), 150u);
}

TEST_F(HubTest, DealsCarryEachTradeOnce) {
  FakeSocket socket;
  open(socket, 1);
  subscribe(1, kDeals);
  EXPECT_TRUE(socket.pushes.empty()) << "events, not a state: no greeting";
  const std::uint64_t before = venue.market(kSymbol).trade_count();
  for (int i = 0; i < 300; ++i) {
    venue.step_flow(kSymbol);
    tick();
  }
  std::uint64_t deals = 0;
  std::string last;
  for (const auto& push : socket.pushes) {
    for (const auto& deal : push.publicaggredeals().deals()) {
      EXPECT_GT(deal.tradeid(), last);
      last = deal.tradeid();
      ++deals;
    }
  }
  EXPECT_EQ(deals, venue.market(kSymbol).trade_count() - before);
}

TEST_F(HubTest, EveryPublicChannelHasAPushOfItsOwnKind) {
  FakeSocket socket;
  open(socket, 1);
  using Body = pb::PushDataV3ApiWrapper::BodyCase;
  const std::pair<const char*, Body> kinds[] = {
      {"spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT", Body::kPublicAggreBookTicker},
      {"spot@public.limit.depth.v3.api.pb@BTCUSDT@5", Body::kPublicLimitDepths},
      {"spot@public.bookTicker.batch.v3.api.pb@BTCUSDT", Body::kPublicBookTickerBatch},
      {"spot@public.kline.v3.api.pb@BTCUSDT@Min1", Body::kPublicSpotKline},
      {"spot@public.miniTicker.v3.api.pb@BTCUSDT@UTC+8", Body::kPublicMiniTicker},
      {"spot@public.miniTickers.v3.api.pb@UTC+8", Body::kPublicMiniTickers},
  };
  for (const auto& [channel, body] : kinds) {
    subscribe(1, channel);
    ASSERT_FALSE(socket.pushes.empty()) << channel;
    EXPECT_EQ(socket.pushes.back().body_case(), body) << channel;
    EXPECT_EQ(socket.pushes.back().channel(), channel);
  }
  const std::size_t greeted = socket.pushes.size();
  for (int i = 0; i < 100; ++i) {
    venue.step_flow(kSymbol);
    tick();
  }
  EXPECT_GE(socket.pushes.size(), greeted + 24) << "three at 100 ms, three a second";
}

TEST_F(HubTest, PrivateChannelsTellTheOwnerOnlyAndAfterTheRound) {
  FakeSocket owner, stranger;
  const AccountId other = venue.open_account("other");
  open(owner, 1, account);
  open(stranger, 2, other);
  for (const char* channel :
       {kOrders, "spot@private.deals.v3.api.pb", "spot@private.account.v3.api.pb"}) {
    subscribe(1, channel);
    subscribe(2, channel);
  }
  order("side=BUY&type=MARKET&quantity=0.001&newClientOrderId=mine");
  EXPECT_TRUE(owner.pushes.empty());
  hub.flush_private(now());
  EXPECT_TRUE(stranger.pushes.empty());
  int orders = 0, deals = 0, balances = 0;
  for (const auto& push : owner.pushes) {
    deals += push.has_privatedeals() ? 1 : 0;
    balances += push.has_privateaccount() ? 1 : 0;
    if (!push.has_privateorders()) continue;
    ++orders;
    EXPECT_EQ(push.privateorders().clientid(), "mine");
    EXPECT_EQ(push.privateorders().status(), 2);
    EXPECT_EQ(push.privateorders().ordertype(), 5);
    EXPECT_EQ(push.symbol(), "BTCUSDT");
  }
  EXPECT_EQ(orders, 1);
  EXPECT_GE(deals, 1);
  EXPECT_GE(balances, 3);
  FakeSocket anonymous;
  open(anonymous, 3);
  subscribe(3, kOrders);
  EXPECT_NE(anonymous.texts[0].find("Not Subscribed"), std::string::npos);
}

TEST_F(HubTest, AnIdleConnectionIsClosedAndAPingKeepsIt) {
  FakeSocket bare, silent, pinging;
  open(bare, 1);
  open(silent, 2, account);
  open(pinging, 3, account);
  subscribe(2, kOrders);
  subscribe(3, kOrders);
  tick(100);
  for (int second = 1; second < 29; ++second) tick(100);
  EXPECT_FALSE(bare.closed);
  tick(200);
  EXPECT_TRUE(bare.closed) << "no subscription for 30 s";
  for (int second = 0; second < 32; ++second) {
    say(3, R"({"method":"PING"})");
    tick(100);
  }
  EXPECT_TRUE(silent.closed) << "no data and no ping for 60 s";
  EXPECT_FALSE(pinging.closed);
}

TEST_F(HubTest, ASilencedChannelSendsNothingButAnswersPings) {
  FakeSocket socket;
  open(socket, 1);
  faults.silent = "spot@public.aggre.depth";
  subscribe(1, kDepth);
  for (int i = 0; i < 50; ++i) venue.step_flow(kSymbol);
  tick(10);
  say(1, R"({"method":"PING"})");
  EXPECT_TRUE(socket.pushes.empty());
  EXPECT_EQ(socket.texts.size(), 2u);
  faults.silent.clear();
  for (int i = 0; i < 50; ++i) venue.step_flow(kSymbol);
  tick(10);
  EXPECT_FALSE(socket.pushes.empty());
}

TEST_F(HubTest, ASkippedPushIsAGapInTheVersions) {
  FakeSocket socket;
  open(socket, 1);
  subscribe(1, kDepth);
  faults.skips = 1;
  for (int i = 0; i < 20; ++i) {
    for (int k = 0; k < 5; ++k) venue.step_flow(kSymbol);
    tick();
  }
  int gaps = 0;
  for (std::size_t i = 1; i < socket.pushes.size(); ++i) {
    const auto before = std::stoull(socket.pushes[i - 1].publicaggredepths().toversion());
    gaps += std::stoull(socket.pushes[i].publicaggredepths().fromversion()) == before + 1 ? 0 : 1;
  }
  EXPECT_EQ(gaps, 1);
}

TEST_F(HubTest, AThawedConnectionThatMissedAPushIsReset) {
  FakeSocket market, quiet;
  open(market, 1);
  open(quiet, 2, account);
  subscribe(1, kDepth);
  subscribe(2, kOrders);
  hub.freeze({1}, true);
  hub.freeze({2}, true);
  const std::size_t before = market.pushes.size();
  for (int i = 0; i < 20; ++i) {
    venue.step_flow(kSymbol);
    tick();
  }
  say(1, R"({"method":"PING"})");
  EXPECT_EQ(market.pushes.size(), before);
  hub.freeze({1}, false);
  hub.freeze({2}, false);
  EXPECT_TRUE(market.was_reset);
  EXPECT_FALSE(quiet.was_reset) << "it missed nothing";
}

TEST_F(HubTest, AClosedConnectionLeavesNoSubscriptionBehind) {
  FakeSocket socket, other;
  open(socket, 1);
  subscribe(1, kDepth);
  hub.closed({1});
  EXPECT_EQ(hub.find({1}), nullptr);
  venue.step_flow(kSymbol);
  tick();
  EXPECT_EQ(socket.pushes.size(), 1u);
  open(other, 1);
  EXPECT_TRUE(hub.find({1})->subscriptions.empty());
}

TEST(HubLimits, MoreThanAHundredFramesASecondEndTheConnection) {
  Desk desk;
  FakeFaults faults;
  PushHub hub(desk.venue, faults, {.limits = true});
  FakeSocket socket;
  hub.open({1}, kNoAccount, socket, MonoTime{0});
  for (int i = 0; i < 100; ++i)
    hub.message({1}, false, R"({"method":"PING"})", MonoTime{1'000'000'000});
  EXPECT_FALSE(socket.closed);
  hub.message({1}, false, R"({"method":"PING"})", MonoTime{1'000'000'000});
  EXPECT_TRUE(socket.closed);
}

}  // namespace
}  // namespace levi::exchange
