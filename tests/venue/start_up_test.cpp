// The blocking questions at the start, against a venue on a thread of its own: what an operator
// reads when something is wrong.
#include "core/venue/mexc/start_up.h"

#include <gtest/gtest.h>

#include <future>

#include "core/os/thread.h"
#include "tests/venue/rig.h"

namespace levi::mexc {
namespace {

constexpr std::int64_t kWall_ms = 1'736'412'092'433;  // this machine's clock stands still

class VenueThread {
 public:
  explicit VenueThread(std::function<void(test::FakeVenue&)> script) {
    std::promise<os::Endpoint> ready;
    auto endpoint = ready.get_future();
    thread_ = os::start_thread("venue", [this, script = std::move(script), &ready] {
      test::FakeVenue fake(loop_);
      fake.clock_held_ms = kWall_ms;
      fake.on("GET /exchangeInfo", [](const os::HttpRequest& request, const auto& reply) {
        EXPECT_EQ(request.parameter("symbols"), "BTCUSDT,ETHUSDT");
        test::FakeVenue::send(reply, 200,
                              "{\"symbols\":[" + test::symbol_json("ETHUSDT") + "," +
                                  test::symbol_json("BTCUSDT") + "]}");
      });
      script(fake);
      ready.set_value(fake.endpoint());
      loop_.run();
    });
    endpoint_ = endpoint.get();
  }
  ~VenueThread() {
    loop_.stop();
    thread_.join();
  }
  const os::Endpoint& endpoint() const { return endpoint_; }

 private:
  os::Loop loop_;
  os::Endpoint endpoint_;
  os::Thread thread_;
};

struct Starting {
  Result<std::vector<Instrument>> load(const os::Endpoint& endpoint) {
    options.rest = endpoint;
    options.credentials = {test::kKey, test::kSecret};
    options.answer_timeout = test::kWaitMax;
    auto signer = Signer::create(test::kSecret);
    EXPECT_TRUE(signer);
    return StartUp(options, signer.value(), clock).load({"BTCUSDT", "ETHUSDT"});
  }
  venue::GatewayOptions options;
  VenueClock clock{[] { return Instant{kWall_ms * 1'000'000}; }};
};

std::string refusal(const std::function<void(test::FakeVenue&)>& script) {
  VenueThread fake(script);
  const auto loaded = Starting().load(fake.endpoint());
  return loaded ? "loaded" : loaded.error().text();
}

TEST(StartUp, LoadsTheSymbolsInTheOrderOfTheConfiguration) {
  VenueThread fake([](test::FakeVenue&) {});
  const auto loaded = Starting().load(fake.endpoint());
  ASSERT_TRUE(loaded) << loaded.error().text();
  ASSERT_EQ(loaded.value().size(), 2u);
  EXPECT_EQ(loaded.value()[0].name, "BTCUSDT");
  EXPECT_EQ(loaded.value()[1].definition.symbol, SymbolId{1});
}

TEST(StartUp, NamesTheOffsetOfAClockThatIsTenSecondsOff) {
  const auto refusal_at = [](std::int64_t venue_ms) {
    return refusal([&](test::FakeVenue& fake) { fake.clock_held_ms = venue_ms; });
  };
  const std::string behind = refusal_at(kWall_ms + 10'000);
  EXPECT_NE(behind.find("this machine's clock is 10.000 s behind the venue's"), std::string::npos)
      << behind;
  const std::string ahead = refusal_at(kWall_ms - 10'000);
  // The venue cuts its time to milliseconds: no more than this is proven.
  EXPECT_NE(ahead.find("this machine's clock is 9.999 s ahead of the venue's"), std::string::npos)
      << ahead;
}

TEST(StartUp, TellsAWrongKeyFromAWrongSecretAndShowsNeither) {
  const std::string key = refusal([](test::FakeVenue& fake) {
    fake.answer("GET /account", 401, R"({"code":10072,"msg":"Api key info invalid"})");
  });
  EXPECT_NE(key.find("API key"), std::string::npos) << key;
  const std::string secret = refusal([](test::FakeVenue& fake) {
    fake.answer("GET /account", 400,
                R"({"code":700002,"msg":"Signature for this request is not valid."})");
  });
  EXPECT_NE(secret.find("signature"), std::string::npos) << secret;
  for (const std::string& text : {key, secret}) {
    EXPECT_EQ(text.find(test::kKey), std::string::npos);
    EXPECT_EQ(text.find(test::kSecret), std::string::npos);
  }
}

TEST(StartUp, NamesASymbolThatTheVenueDoesNotTrade) {
  const std::string text = refusal([](test::FakeVenue& fake) {
    fake.answer("GET /exchangeInfo", 200, "{\"symbols\":[" + test::symbol_json("BTCUSDT") + "]}");
  });
  EXPECT_NE(text.find("does not trade ETHUSDT"), std::string::npos) << text;
  const std::string refused = refusal([](test::FakeVenue& fake) {
    fake.answer("GET /exchangeInfo", 400, R"({"code":10007,"msg":"symbol not support api"})");
  });
  EXPECT_NE(refused.find("BTCUSDT,ETHUSDT"), std::string::npos) << refused;
}

TEST(StartUp, SaysThatNobodyAnswersAndWhere) {
  os::Endpoint nowhere{"127.0.0.1", 1, ""};
  const auto loaded = Starting().load(nowhere);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kUnreachable);
  EXPECT_NE(loaded.error().text().find("127.0.0.1:1"), std::string::npos) << loaded.error().text();
}

TEST(StartUp, AnUnhealthyVenueIsWorthAnotherTry) {
  for (const char* route : {"GET /time", "GET /account", "GET /exchangeInfo"}) {
    VenueThread fake([&](test::FakeVenue& one) { one.answer(route, 503, "busy"); });
    const auto loaded = Starting().load(fake.endpoint());
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::kUnreachable) << route;
  }
}

TEST(MakeMexc, RefusesOptionsThatCanNeverWork) {
  os::Loop loop;
  test::OpenLatch latch;
  const auto attempt = [&](const std::function<void(venue::VenueOptions&)>& change) {
    venue::VenueOptions options;
    options.rest = options.websocket = options.gateway.rest = {"127.0.0.1", 1, ""};
    options.gateway.credentials = {test::kKey, test::kSecret};
    options.gateway.instance = "abcdefg";
    options.symbols = {"BTCUSDT"};
    change(options);
    return venue::make_mexc(loop, *latch, options, [](const machine::Event&) {}).has_value();
  };
  EXPECT_TRUE(attempt([](auto&) {}));
  EXPECT_FALSE(attempt([](auto& o) { o.gateway.credentials.key = ""; }));
  EXPECT_FALSE(attempt([](auto& o) { o.gateway.credentials.secret = ""; }));
  EXPECT_FALSE(attempt([](auto& o) { o.update_speed = "1ms"; }));
  EXPECT_FALSE(attempt([](auto& o) { o.gateway.recv_window = 61s; }));
  EXPECT_FALSE(attempt([](auto& o) { o.gateway.order_connections = 0; }));
  EXPECT_FALSE(attempt([](auto& o) { o.gateway.order_connections = 65; }));
}

}  // namespace
}  // namespace levi::mexc
