// The whole adaptor against the real practice exchange in a process of its own: what the two
// believe of each other is compared with the exchange's ledger.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "core/os/clock.h"
#include "core/os/http.h"
#include "core/os/process.h"
#include "core/venue/venue.h"
#include "tests/venue/fake_venue.h"
#include "tests/venue/support.h"

namespace levi::venue {
namespace {

using machine::FeedDown;
using machine::FeedDownWhy;
using machine::FeedUp;
using machine::TopOfBook;
using machine::VenueAck;
using machine::VenueCanceled;
using machine::VenueFill;
using machine::VenueOrderState;
using machine::VenueUnknown;
using nlohmann::json;

class Exchange {
 public:
  Exchange() {
    auto pipe = os::make_pipe();
    LEVI_CHECK(pipe);
    os::SpawnOptions options;
    options.program = LEVI_EXCHANGE_BINARY;
    options.arguments = {"--port", "0", "--admin-port", "0", "--rate", "100", "--ready-fd", "3"};
    options.environment_add = {{"LEVI_PRACTICE_KEY", test::kKey},
                               {"LEVI_PRACTICE_SECRET", test::kSecret}};
    options.descriptors = {{pipe.value().second.get(), 3}};
    options.stdout_path = "/dev/null";
    options.parent_death_signal = SIGKILL;
    auto child = os::Child::spawn(options);
    LEVI_CHECK(child);
    child_ = std::move(child.value());
    pipe.value().second.reset();
    const json ports = json::parse(read_line(pipe.value().first.get()));
    rest_ = {"127.0.0.1", ports["rest_port"], ""};
    admin_ = "http://127.0.0.1:" + std::to_string(ports["admin_port"].get<int>());
  }
  ~Exchange() {
    (void)child_.kill(SIGKILL);
    child_.wait(10s);
  }
  const os::Endpoint& rest() const { return rest_; }
  json admin(const std::string& method, const std::string& target) const {
    const auto response = os::http_call(method, admin_ + target, "", 10s);
    LEVI_CHECK(response && response.value().status == 200);
    return json::parse(response.value().body);
  }

 private:
  static std::string read_line(int fd) {
    std::string line;
    char byte = 0;
    pollfd watched{fd, POLLIN, 0};
    while (::poll(&watched, 1, 20'000) == 1 && ::read(fd, &byte, 1) == 1 && byte != '\n')
      line += byte;
    return line;
  }
  os::Child child_;
  os::Endpoint rest_;
  std::string admin_;
};

class WithExchange : public testing::Test {
 protected:
  void SetUp() override {
    VenueOptions options;
    options.rest = options.websocket = options.gateway.rest = exchange.rest();
    options.gateway.credentials = {test::kKey, test::kSecret};
    options.gateway.instance = "abcdefg";
    options.gateway.incarnation = {3};
    options.gateway.order_connections = 4;
    options.symbols = {"BTCUSDT", "ETHUSDT"};
    options.jitter_seed = 7;
    options.data_age_max = data_age_max;
    options.gateway.answer_timeout = options.gateway.connect_timeout = test::kWaitMax;
    auto made = make_mexc(loop, *latch, options, recorder.emit());
    ASSERT_TRUE(made);
    venue = std::move(made.value());
    std::optional<Result<std::vector<machine::InstrumentDefined>>> loaded;
    venue->load_instruments([&](auto answer) { loaded = std::move(answer); });
    ASSERT_TRUE(wait([&] { return loaded.has_value(); }));
    ASSERT_TRUE(*loaded) << loaded->error().text();
    instruments = loaded->value();
    venue->set_instruments(instruments);
    venue->market().start();
    venue->private_stream().start();
    venue->gateway().open_order_connections();
    ASSERT_TRUE(wait([&] {
      return recorder.count<FeedUp>() == 2 && venue->gateway().order_connections_open() == 4 &&
             top(0) && top(1);
    }));
  }

  bool wait(const std::function<bool()>& so) { return test::run_until(loop, so); }
  std::optional<TopOfBook> top(std::uint16_t symbol) const {
    const auto all = recorder.all<TopOfBook>();
    for (auto one = all.rbegin(); one != all.rend(); ++one) {
      if (one->symbol.value == symbol) return *one;
    }
    return std::nullopt;
  }
  // A buy at `price_percent` of the best bid: 90 rests, 110 takes.
  machine::SendOrder buy(std::uint64_t sequence, int price_percent,
                         machine::OrderType type = machine::OrderType::kLimit) const {
    machine::SendOrder order;
    order.sequence = {sequence};
    order.type = type;
    order.price = {top(0)->bid_price.value * price_percent / 100};
    order.quantity = {instruments[0].quantity_min.value * 100};
    return order;
  }
  std::size_t acks(std::uint64_t sequence) const {
    const auto all = recorder.all<VenueAck>();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const auto& a) { return a.sequence.value == sequence; }));
  }
  json ledger() const { return exchange.admin("GET", "/ledger?limit=10000").at("entries"); }
  // Our orders in the exchange's ledger, by client id.
  std::multiset<std::string> ledger_orders() const {
    std::multiset<std::string> ids;
    const json entries = ledger();
    for (const json& entry : entries) {
      if (entry["kind"] != "order") continue;
      const std::string id = entry["client_id"];
      if (parse_client_order_id(id)) ids.insert(id);
    }
    return ids;
  }
  // Connections over which an order came, and whose end the exchange has not seen.
  std::set<std::uint64_t> order_connections_not_ended() const {
    std::set<std::uint64_t> open;
    const json entries = ledger();
    for (const json& entry : entries) {
      if (entry["kind"] == "order") open.insert(entry["connection"].get<std::uint64_t>());
    }
    for (const json& entry : entries) {
      if (entry["kind"] == "end") open.erase(entry["connection"].get<std::uint64_t>());
    }
    return open;
  }
  std::uint64_t open_orders() const {
    return exchange.admin("GET", "/ledger/summary?prefix=LV").at("open_orders");
  }

  Nanos data_age_max = 1h;  // out of reach: on a busy machine, either process may stand still
  os::Loop loop;
  test::OpenLatch latch;
  test::Recorder recorder;
  Exchange exchange;
  std::unique_ptr<Venue> venue;
  std::vector<machine::InstrumentDefined> instruments;
};

class WithWatchdog : public WithExchange {
 protected:
  WithWatchdog() { data_age_max = 1s; }
};

TEST_F(WithExchange, AnOrderLivesRestsAndIsCancelled) {
  venue->gateway().send(buy(1, 90), 0);
  ASSERT_TRUE(wait([&] { return acks(1) >= 2; })) << "by REST and by push";
  EXPECT_LT(venue->clock_offset(), Nanos(1s));
  venue->gateway().cancel({{1}, {0}, {3}, OrderKind::kNormal});
  ASSERT_TRUE(wait([&] { return recorder.count<VenueCanceled>() >= 1; }));
  EXPECT_EQ(recorder.last<VenueCanceled>().sequence.value, 1u);
  EXPECT_EQ(recorder.last<VenueCanceled>().executed.value, 0);
  EXPECT_EQ(ledger_orders().size(), 1u);
}

TEST_F(WithExchange, AnOrderThatTakesIsFilledByPushAndTheSameTradesAreFoundByAsking) {
  venue->gateway().send(buy(1, 110, machine::OrderType::kImmediateOrCancel), 0);
  ASSERT_TRUE(wait([&] { return recorder.count<VenueFill>() >= 1; }));
  const auto pushed = recorder.last<VenueFill>();
  EXPECT_EQ(pushed.sequence.value, 1u);
  EXPECT_GT(pushed.fee.value, 0);
  recorder.clear();
  machine::QueryTrades question;
  question.sequence = {1};
  question.incarnation = {3};
  venue->gateway().query_trades(question);
  ASSERT_TRUE(wait([&] { return recorder.count<VenueFill>() >= 1; }));
  std::set<std::string> asked;
  for (const auto& fill : recorder.all<VenueFill>()) asked.insert(fill.trade.str());
  EXPECT_TRUE(asked.count(pushed.trade.str())) << "one trade has one id on both ways";
}

TEST_F(WithExchange, ALostAnswerIsUnknownAndThenFoundAndNothingIsSentTwice) {
  exchange.admin("POST", "/faults/lose_answer?tag=t&count=1&on=rest");
  venue->gateway().send(buy(1, 90), 0);
  ASSERT_TRUE(wait([&] { return recorder.count<VenueUnknown>() == 1; }));
  venue->gateway().query({{1}, {0}, {3}, OrderKind::kNormal});
  ASSERT_TRUE(wait([&] { return recorder.count<VenueOrderState>() >= 1; }));
  EXPECT_EQ(recorder.last<VenueOrderState>().status, machine::VenueStatus::kNew);
  EXPECT_EQ(ledger_orders().size(), 1u);
}

TEST_F(WithExchange, AnOrderThatNeverArrivedIsFinallyNotFound) {
  venue->gateway().query({{77}, {0}, {3}, OrderKind::kNormal});
  ASSERT_TRUE(wait([&] {
    return recorder.count<VenueOrderState>() == 2 &&
           recorder.last<VenueOrderState>().not_found_final;
  }));
}

TEST_F(WithExchange, AResetOfTheMarketSocketIsSeenAndMendedAtOnce) {
  exchange.admin("POST", "/faults/reset?on=market");
  ASSERT_TRUE(
      wait([&] { return recorder.count<FeedDown>() == 1 && recorder.count<FeedUp>() == 3; }));
  EXPECT_EQ(recorder.last<FeedDown>().why, FeedDownWhy::kReset);
  EXPECT_EQ(recorder.last<FeedUp>().source, kMarketSource);
  EXPECT_GT(recorder.last<FeedUp>().since_down, Nanos(0));
  const std::size_t tops = recorder.count<TopOfBook>();
  ASSERT_TRUE(wait([&] { return recorder.count<TopOfBook>() > tops + 5; }));
}

TEST_F(WithWatchdog, AHalfOpenMarketSocketIsNoticedByTheWatchdog) {
  exchange.admin("POST", "/faults/half_open?tag=t&on=market");
  ASSERT_TRUE(
      wait([&] { return recorder.count<FeedDown>() >= 1 && recorder.count<FeedUp>() >= 3; }));
  EXPECT_EQ(recorder.last<FeedDown>().why, FeedDownWhy::kSilent);
  exchange.admin("DELETE", "/faults?tag=t");
}

TEST_F(WithExchange, SkippedVersionsPoisonTheBookAndAreHealed) {
  exchange.admin("POST", "/faults/skip_versions?tag=t&count=1&symbol=BTCUSDT");
  ASSERT_TRUE(wait([&] { return recorder.count<machine::BookGap>() == 1; }))
      << recorder.count<machine::BookGap>() << " gaps, " << recorder.count<FeedDown>()
      << " losses; " << exchange.admin("GET", "/faults").dump();
  EXPECT_EQ(recorder.last<machine::BookGap>().symbol, SymbolId{0});
  const auto poisoned_at = recorder.events().size();
  ASSERT_TRUE(wait([&] {
    const auto& events = recorder.events();
    for (std::size_t i = poisoned_at; i < events.size(); ++i) {
      const auto* one = std::get_if<TopOfBook>(&events[i]);
      if (one != nullptr && one->symbol == SymbolId{0}) return true;
    }
    return false;
  }));
  EXPECT_EQ(recorder.count<FeedDown>(), 0u);
}

TEST_F(WithExchange, AResetOfThePrivateSocketIsFollowedByAReconciliationThatFindsWhatWasMissed) {
  machine::State state;
  state.instruments.resize(2);
  venue->gateway().send(buy(1, 90), 0);
  ASSERT_TRUE(wait([&] { return acks(1) >= 2; }));
  exchange.admin("POST", "/faults/reset?on=private");
  ASSERT_TRUE(wait([&] { return recorder.count<FeedUp>() == 3; }));
  EXPECT_EQ(recorder.last<FeedUp>().source, kPrivateSource);
  recorder.clear();
  venue->reconcile(state, os::wall_now() - 60s);
  ASSERT_TRUE(wait([&] { return recorder.count<machine::ReconcileDone>() == 1; }));
  EXPECT_EQ(recorder.last<VenueOrderState>().sequence.value, 1u);
  EXPECT_EQ(recorder.last<machine::ReconcileDone>().unsettled, 0u);
}

TEST_F(WithExchange, ASealUnderFlowLetsNoLaterOrderThroughAndTheExchangeSeesTheEnd) {
  std::uint64_t sequence = 0;
  const auto send_some = [&] {
    for (int i = 0; i < 4; ++i) venue->gateway().send(buy(++sequence, 90), 0);
  };
  ASSERT_TRUE(wait([&] {
    send_some();
    return recorder.count<VenueAck>() > 200;
  }));
  latch.seal();
  const std::uint64_t last = (*latch).last_sequence();
  venue->gateway().close_order_connections();
  for (int i = 0; i < 10; ++i) {
    send_some();
    test::run_ready(loop);
  }
  ASSERT_TRUE(wait([&] { return venue->gateway().order_connections_open() == 0; }));
  // Every order connection's end is in the ledger, and behind none of them an order above S.
  ASSERT_TRUE(wait([&] { return order_connections_not_ended().empty(); }));
  for (const std::string& id : ledger_orders()) {
    EXPECT_LE(parse_client_order_id(id)->sequence.value, last);
  }
  EXPECT_EQ((*latch).last_sequence(), last);
  venue->gateway().cancel_all({{0}, {1}});
  ASSERT_TRUE(wait([&] { return open_orders() == 0; })) << "cancels pass";
}

TEST_F(WithExchange, TheBookIsTheVenuesBook) {
  exchange.admin("POST", "/flow?paused=true");
  const auto venue_top = [&]() -> std::pair<std::string, std::string> {
    const auto response = os::http_call(
        "GET", "http://" + exchange.rest().text() + "/api/v3/ticker/bookTicker?symbol=BTCUSDT", "",
        10s);
    LEVI_CHECK(response);
    const json body = json::parse(response.value().body);
    return {body["bidPrice"], body["askPrice"]};
  };
  const auto [bid, ask] = venue_top();
  const int exponent = instruments[0].price_exponent;
  ASSERT_TRUE(wait([&] {
    return top(0)->bid_price.value == parse_decimal(bid, exponent).value() &&
           top(0)->ask_price.value == parse_decimal(ask, exponent).value();
  }));
}

TEST_F(WithWatchdog, AQuietMarketStaysUpByProofAndFresh) {
  exchange.admin("POST", "/flow?paused=true");
  const std::size_t tops = recorder.count<TopOfBook>();
  ASSERT_TRUE(wait([&] { return recorder.count<TopOfBook>() >= tops + 8; }));
  EXPECT_EQ(recorder.count<FeedDown>(), 0u);
}

}  // namespace
}  // namespace levi::venue
