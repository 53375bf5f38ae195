#include "core/levid/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/machine/machine.h"
#include "core/os/file.h"

namespace levi::levid {
namespace {

using testing::HasSubstr;

constexpr const char* kMinimal = R"(data: /tmp/levi-config-test
symbols: [BTCUSDT]
venue:
  rest: 127.0.0.1:8734
)";

class Config : public testing::Test {
 protected:
  void SetUp() override {
    setenv("LEVI_VENUE_KEY", "key-1", 1);
    setenv("LEVI_VENUE_SECRET", "hush", 1);
  }
  void TearDown() override {
    unsetenv("LEVI_VENUE_KEY");
    unsetenv("LEVI_VENUE_SECRET");
    unsetenv("MEXC_USE_WS");
  }
};

TEST_F(Config, TakesDefaultsAndSecretsFromTheEnvironment) {
  const auto config = parse_config(kMinimal, "levid.yaml");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config.value().key, "key-1");
  EXPECT_EQ(config.value().secret, "hush");
  EXPECT_FALSE(config.value().live);
  EXPECT_EQ(config.value().api.port, 8000);
  EXPECT_EQ(config.value().control.port, 8001);
  EXPECT_FALSE(config.value().runtime.empty());
}

TEST_F(Config, TheShippedExampleIsValid) {
  const auto text = os::read_file(LEVI_SOURCE_DIR "/configs/levid.yaml");
  ASSERT_TRUE(text);
  const auto config = parse_config(text.value(), "configs/levid.yaml");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config.value().engines.size(), 1u);
  EXPECT_EQ(
      config.value().engines[0].parameters,
      "levels=2;spread_bps=10;quantity=0.001;position_max=0.05;requote_bps=2;refresh_after=500ms");
}

TEST_F(Config, TheStoreKeepsTheRowsThatAreAskedFor) {
  const std::string text =
      std::string(kMinimal) + "\nstore: {signals_max: 5000, orders_max: 7000}\n";
  const auto config = parse_config(text, "levid.yaml");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config.value().store_kept.signals, 5000u);
  EXPECT_EQ(config.value().store_kept.orders, 7000u);
}

// A resolver that is down is no mistake of the configuration's.
TEST_F(Config, AVenuesNameIsKeptAndNotLookedUp) {
  const auto with = [](const std::string& rest) {
    return parse_config(
        std::string("data: d\nsymbols: [BTCUSDT]\nvenue: {rest: \"") + rest + "\"}\n",
        "levid.yaml");
  };
  const auto named = with("venue..invalid:80");
  ASSERT_TRUE(named) << named.error().text();
  EXPECT_EQ(named.value().venue_rest, "venue..invalid:80");
  EXPECT_EQ(named.value().venue_websocket, "venue..invalid:80");
  EXPECT_EQ(with("localhost:8734").value().venue_rest, "127.0.0.1:8734");
  for (const char* bad : {"venue.example", "venue.example:99999", "ve nue:80", "ve/nue:80", ":80"})
    EXPECT_FALSE(with(bad)) << bad;
}

TEST_F(Config, MexcUseWsFalseForcesPolling) {
  setenv("MEXC_USE_WS", "false", 1);
  EXPECT_FALSE(parse_config(kMinimal, "levid.yaml").value().use_websocket);
}

TEST_F(Config, NeverShowsASecretInAnError) {
  const auto config = parse_config(std::string(kMinimal) + "  bogus: 1\n", "levid.yaml");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().text(), testing::Not(HasSubstr("hush")));
}

struct BadConfig {
  const char* text;
  const char* says;
};

TEST_F(Config, RefusesWhatCannotWork) {
  const BadConfig cases[] = {
      {"symbols: [BTCUSDT]\nvenue: {}\n", "'data' is missing"},
      {"data: /tmp/x\nvenue: {}\n", "'symbols' is missing"},
      {"data: /tmp/x\nsymbols: [A]\n", "'venue' is missing"},
      {"data: /tmp/x\nsymbls: [A]\nvenue: {}\n", "levid.yaml:2: unknown key 'symbls'"},
      {"data: /tmp/x\nruntime: /proc/levi\nsymbols: [A]\nvenue: {}\n", "is not on tmpfs"},
      {"data: /tmp/x\nsymbols: [A, A]\nvenue: {}\n", "stands twice"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\napi: 0.0.0.0:8000\n", "beyond loopback"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\ncontrol: 192.168.0.1:8001\n", "beyond loopback"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {rest: nowhere}\n", "write host:port"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {recv_window: 2m}\n", "1ms to 60s"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {answer_timeout: 2h}\n", "10ms to 60s"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {polling_after: 1300h}\n", "'polling_after' must be"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {key_env: LEVI_TEST_NO_SUCH}\n",
       "export LEVI_TEST_NO_SUCH"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\nengines: [{name: e, symbol: B}]\n",
       "not among 'symbols'"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\nlimits: {max_daily_loss: -1}\n", "positive amount"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\nlimits: {max_daily_loss: 23100000000}\n",
       "at most 23 billion"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\nlimits: {max_daily_loss: 0.000000001}\n",
       "at most 8 decimals"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\nlimits:\n  max_data_age: 0s\n",
       "levid.yaml:5: 'max_data_age' must be 1ms to 1h"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\nlimits: {engine_restart_window: 0s}\n",
       "'engine_restart_window' must be"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\nlimits: {engine_restart_window: 1300h}\n",
       "'engine_restart_window' must be"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\nsupervision: {heartbeat_max: 50ms}\n",
       "100ms to 10s"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\njournal: {snapshot_every: 0s}\n",
       "'snapshot_every' must be"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\nstore:\n  signals_max: 999\n",
       "levid.yaml:5: 'store.signals_max' is '999'"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\nstore: {fills_max: 5000}\n",
       "unknown key 'store.fills_max'"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\nmode: live\n", "expected one of: LIVE, DRY"},
      {"data: ''\nsymbols: [A]\nvenue: {}\n", "'data' is empty"},
      {"data: /dev/null\nsymbols: [A]\nvenue: {}\n", "/dev/null, which is no folder"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\ncontrol: localhost:8000\n",
       "levid.yaml:4: 'control' is the address of 'api' (127.0.0.1:8000)"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\napi: unix:/tmp/a\ncontrol: unix:/tmp/a\n",
       "is the address of 'api'"},
      {"data: /tmp/x\nsymbols: [A]\nvenue: {}\n---\nmode: LIVE\n",
       "levid.yaml:5: a second document begins here"}};
  for (const auto& bad : cases) {
    const auto config = parse_config(bad.text, "levid.yaml");
    ASSERT_FALSE(config) << bad.text;
    EXPECT_THAT(config.error().text(), HasSubstr(bad.says));
    EXPECT_THAT(config.error().text(), HasSubstr("levid.yaml:"));
  }
}

// What stands at the end of a range is usable all the way: the machine takes it, too.
TEST_F(Config, EveryLimitThatIsAcceptedIsOneThatTheMachineTakes) {
  for (const char* limits : {"max_daily_loss: 23000000000", "max_position_size_usd: 0.00000001",
                             "max_data_age: 1h", "max_data_age: 1ms", "engine_restart_window: 720h",
                             "engine_restart_window: 1s", "engine_restarts_max: 1000"}) {
    const auto config = parse_config(
        std::string(kMinimal) + "  polling_after: 24h\nlimits: {" + limits + "}\n", "f");
    ASSERT_TRUE(config) << config.error().text();
    EXPECT_TRUE(machine::check(config.value().limits)) << limits;
  }
}

TEST_F(Config, PortsThatAreTakenFromWhatIsFreeAreTwo) {
  const auto config =
      parse_config(std::string(kMinimal) + "api: 127.0.0.1:0\ncontrol: 127.0.0.1:0\n", "f");
  EXPECT_TRUE(config) << config.error().text();
}

// A key becomes a header: with a line's end in it, every order would be refused while trading.
TEST_F(Config, AKeyThatIsNoWordIsRefused) {
  for (const char* key : {"key\nX: y", "key\r", "key-\x1b", "two words", "k\xc3\xa9y"}) {
    setenv("LEVI_VENUE_KEY", key, 1);
    const auto config = parse_config(kMinimal, "levid.yaml");
    ASSERT_FALSE(config) << key;
    EXPECT_THAT(config.error().text(), HasSubstr("key has blanks or control characters"));
  }
  setenv("LEVI_VENUE_KEY", "key-1", 1);
  setenv("LEVI_VENUE_SECRET", "hu\nsh", 1);
  EXPECT_FALSE(parse_config(kMinimal, "levid.yaml"));
}

TEST_F(Config, WhatTheEnvironmentForcesIsTrueOrFalse) {
  const std::pair<const char*, bool> cases[] = {
      {"false", false}, {"0", false}, {"true", true}, {"1", true}, {"", true}};
  for (const auto& [value, websocket] : cases) {
    setenv("MEXC_USE_WS", value, 1);
    const auto config = parse_config(kMinimal, "levid.yaml");
    ASSERT_TRUE(config) << value << config.error().text();
    EXPECT_EQ(config.value().use_websocket, websocket) << value;
  }
  setenv("MEXC_USE_WS", "no", 1);
  const auto config = parse_config(kMinimal, "levid.yaml");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().text(), HasSubstr("MEXC_USE_WS is 'no'"));
}

TEST(KeyFingerprint, IsTheBeginOfSha256) {
  EXPECT_EQ(key_fingerprint("abc"), "ba7816bf");  // FIPS 180-2 appendix B.1
}

}  // namespace
}  // namespace levi::levid
