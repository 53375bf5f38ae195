// The questions at the start: what an operator reads when something is wrong.
#include "core/venue/mexc/start_up.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/venue/rig.h"

namespace levi::mexc {
namespace {

using test::Rig;

constexpr std::int64_t kWall_ms = 1'736'412'092'433;  // this machine's clock stands still

struct Starting {
  Starting() {
    rig.wall = Instant{kWall_ms * 1'000'000};
    rig.fake.clock_held_ms = kWall_ms;
    rig.fake.on("GET /exchangeInfo", [](const os::HttpRequest& request, const auto& reply) {
      EXPECT_EQ(request.parameter("symbols"), "BTCUSDT,ETHUSDT");
      test::FakeVenue::send(reply, 200,
                            "{\"symbols\":[" + test::symbol_json("ETHUSDT") + "," +
                                test::symbol_json("BTCUSDT") + "]}");
    });
  }
  Result<std::vector<Instrument>> load() {
    std::optional<Result<std::vector<Instrument>>> loaded;
    start_up.load({"BTCUSDT", "ETHUSDT"}, [&](auto answer) { loaded = std::move(answer); });
    EXPECT_FALSE(loaded) << "never from inside the call";
    if (!rig.wait([&] { return loaded.has_value(); }))
      return error(ErrorCode::kTimeout, "the test's own time is over");
    return *loaded;
  }
  Rig rig;
  StartUp start_up{rig.options.gateway, rig.rest, rig.clock};
};

std::string refusal(const std::function<void(test::FakeVenue&)>& script) {
  Starting starting;
  script(starting.rig.fake);
  const auto loaded = starting.load();
  return loaded ? "loaded" : loaded.error().text();
}

TEST(StartUp, LoadsTheSymbolsInTheOrderOfTheConfiguration) {
  const auto loaded = Starting().load();
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

// Others are not kept from trading by one that the venue has taken off its list.
TEST(StartUp, StartsWithTheSymbolsThatTheVenueHasAndNamesTheOthers) {
  for (const bool refuses : {false, true}) {
    Starting starting;
    starting.rig.fake.on(
        "GET /exchangeInfo", [&](const os::HttpRequest& request, const auto& reply) {
          const bool has_other = request.parameter("symbols")->find("ETHUSDT") != std::string::npos;
          if (refuses && has_other)
            return test::FakeVenue::send(reply, 400, R"({"code":-1121,"msg":"Invalid symbol."})");
          test::FakeVenue::send(reply, 200, "{\"symbols\":[" + test::symbol_json("BTCUSDT") + "]}");
        });
    const auto loaded = starting.load();
    ASSERT_TRUE(loaded) << loaded.error().text();
    ASSERT_EQ(loaded.value().size(), 1u);
    EXPECT_EQ(loaded.value()[0].name, "BTCUSDT");
    EXPECT_EQ(loaded.value()[0].definition.symbol, SymbolId{0});
    const std::string& missing = starting.start_up.missing();
    EXPECT_EQ(missing.find("ETHUSDT: the venue does not trade it"), 0u) << missing;
  }
}

TEST(StartUp, SaysSoWhenTheVenueHasNoneOfTheSymbols) {
  const std::string none = refusal(
      [](test::FakeVenue& fake) { fake.answer("GET /exchangeInfo", 200, R"({"symbols":[]})"); });
  EXPECT_NE(none.find("trades none of BTCUSDT,ETHUSDT"), std::string::npos) << none;
  const std::string refused = refusal([](test::FakeVenue& fake) {
    fake.answer("GET /exchangeInfo", 400, R"({"code":10007,"msg":"symbol not support api"})");
  });
  EXPECT_NE(refused.find("trades none of BTCUSDT,ETHUSDT"), std::string::npos) << refused;
}

TEST(StartUp, SaysThatNobodyAnswersAndWhere) {
  Starting starting;
  starting.rig.fake.server().stop_listening();
  const auto loaded = starting.load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kUnreachable);
  const std::string text = loaded.error().text();
  EXPECT_NE(text.find("does not answer"), std::string::npos) << text;
  EXPECT_NE(text.find(starting.rig.fake.endpoint().text()), std::string::npos) << text;
}

TEST(StartUp, AnUnhealthyVenueIsWorthAnotherTry) {
  for (const char* route : {"GET /time", "GET /account", "GET /exchangeInfo"}) {
    Starting starting;
    starting.rig.fake.answer(route, 503, "busy");
    const auto loaded = starting.load();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::kUnreachable) << route;
  }
}

TEST(StartUp, ASecondLoadForgetsTheFirst) {
  Starting starting;
  test::FakeVenue::Reply held;
  starting.rig.fake.on("GET /account", [&](const auto&, const auto& reply) { held = reply; });
  bool first = false;
  starting.start_up.load({"BTCUSDT"}, [&](const auto&) { first = true; });
  ASSERT_TRUE(starting.rig.wait([&] { return held != nullptr; }));
  starting.rig.fake.answer("GET /account", 200, "{}");
  EXPECT_TRUE(starting.load());
  test::FakeVenue::send(held, 200, "{}");
  test::run_ready(starting.rig.loop);
  EXPECT_FALSE(first);
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
