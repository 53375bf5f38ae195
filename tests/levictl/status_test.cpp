// `levictl status` of cores that don't answer: one that hangs is not one that is not there.
#include <nlohmann/json.hpp>

#include "core/os/socket.h"
#include "tests/chaos/stage_rig.h"
#include "tests/latch/support.h"
#include "tests/levictl/fake_core.h"
#include "tests/levictl/spawned.h"

namespace levi::chaos {
namespace {

using test::Forked;
using test::free_port;
using test::TempFolder;

class StatusCommand : public LevictlRig {
 protected:
  Outcome status(const TempFolder& runtime, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"status", "--target",
                                       "127.0.0.1:" + std::to_string(free_port()), "--runtime",
                                       runtime.path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return levictl(arguments);
  }
};

TEST_F(StatusCommand, OfACoreWhoseProcessLivesAndAnswersNothingSaysThatItHangs) {
  const TempFolder runtime(test::kTmpfs);
  Forked core([&] {
    const latch::Latch latch = test::open_latch(runtime);
    raise(SIGSTOP);
    return 0;
  });
  ASSERT_TRUE(core.wait_stopped());
  const std::string pid = std::to_string(core.pid());
  const Outcome said = status(runtime);
  EXPECT_EQ(said.code, 3);
  EXPECT_NE(said.text.find("HUNG: pid " + pid + " lives and answers nothing"), std::string::npos)
      << said.text;
  EXPECT_NE(said.text.find("latch      open"), std::string::npos) << said.text;
  EXPECT_NE(said.text.find("levictl kill"), std::string::npos) << said.text;
  const auto json = nlohmann::json::parse(status(runtime, {"-o", "json"}).text, nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["running"], true);
  EXPECT_EQ(json["answers"], false);
  EXPECT_EQ(json["pid"], core.pid());
}

constexpr const char* kHealthy = R"({"status":"healthy","pid":1})";

TEST_F(StatusCommand, WithoutAnAnswerAboutTheLatchSaysUnknownAndNeverSealed) {
  const test::FakeCore core({{"/health", kHealthy}}, {});
  const Outcome said = levictl({"status", "--target", core.api(), "--control", core.control()});
  EXPECT_EQ(said.code, 1) << said.text;
  EXPECT_NE(said.text.find("latch      unknown: control does not answer"), std::string::npos)
      << said.text;
  EXPECT_EQ(said.text.find("levictl resume"), std::string::npos) << said.text;
  EXPECT_NE(said.text.find("next       levictl recover --target " + core.api()), std::string::npos)
      << said.text;
}

TEST_F(StatusCommand, AsksTheApiAboutTheLatchWhereControlIsSilent) {
  const test::FakeCore core(
      {{"/health", kHealthy}, {"/live/kill", R"({"sealed":false,"epoch":4,"open_orders":1})"}}, {});
  const Outcome said = levictl({"status", "--target", core.api(), "--control", core.control()});
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_NE(said.text.find("latch      open, epoch 4"), std::string::npos) << said.text;
}

TEST_F(StatusCommand, OfNothingWithoutALatchFileDoesNotKnowIt) {
  const TempFolder runtime(test::kTmpfs);
  const Outcome said = status(runtime);
  EXPECT_EQ(said.code, 3);
  EXPECT_NE(said.text.find("latch      unknown"), std::string::npos) << said.text;
}

// A reason is anybody's text: it must not look like a line of ours, nor move the cursor.
TEST_F(StatusCommand, ShowsWhatOthersWroteAsOneLineThatNoTerminalObeys) {
  const test::FakeCore core(
      {{"/health",
        R"({"status":"degraded","components":{"feed":{"status":"down","detail":"a\nb"}}})"}},
      {{"/live/kill",
        R"({"sealed":true,"epoch":4,"open_orders":0,"holders":[{"holder":"operator",)"
        R"("reason":"x\nlatch      open, epoch 9","actor":"\u001b[2Kme","ts":"now"}]})"}});
  const Outcome said = levictl({"status", "--target", core.api(), "--control", core.control()});
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.text.find("\nlatch      open"), std::string::npos) << said.text;
  EXPECT_NE(said.text.find("x\\nlatch      open"), std::string::npos) << said.text;
  EXPECT_EQ(said.text.find('\x1b'), std::string::npos) << said.text;
  EXPECT_NE(said.text.find("down: a\\nb"), std::string::npos) << said.text;
}

TEST_F(StatusCommand, OfACoreThatIsGoneSaysThatItIsNotRunning) {
  const TempFolder runtime(test::kTmpfs);
  Forked core([&] {
    const latch::Latch latch = test::open_latch(runtime);
    return 0;
  });
  ASSERT_TRUE(core.exited_with(0));
  const Outcome said = status(runtime);
  EXPECT_EQ(said.code, 3);
  EXPECT_NE(said.text.find("not running"), std::string::npos) << said.text;
  const auto json = nlohmann::json::parse(status(runtime, {"-o", "json"}).text, nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["running"], false);
}

// `recover` tells the same words, and its hints can be typed as well.
TEST_F(StatusCommand, AndRecoverSpeakTheSameOfASealedCore) {
  const test::FakeCore core(
      {{"/health", kHealthy}, {"/engines", R"({"engines":[],"total":0,"running":0})"}},
      {{"/health", kHealthy},
       {"/live/kill", R"({"sealed":true,"epoch":4,"open_orders":0,"holders":[{"holder":"operator",)"
                      R"("reason":"x\nfound  nothing","actor":"me","ts":"now"}]})"}});
  const Outcome said =
      levictl({"recover", "--plan", "--target", core.api(), "--control", core.control()});
  EXPECT_EQ(said.text.find("\nfound  nothing"), std::string::npos) << said.text;
  EXPECT_NE(said.text.find("levictl resume --target " + core.api()), std::string::npos)
      << said.text;
}

// Its waiting ends, and what it did is said.
TEST_F(StatusCommand, ButRecoverThatIsInterruptedSaysSo) {
  const test::FakeCore core({{"/health", R"({"status":"unhealthy"})"}, {"/engines", "{}"}},
                            {{"/live/kill", R"({"sealed":false,"epoch":4})"}});
  test::Spawned recover(
      {"recover", "--yes", "--wait", "1h", "--target", core.api(), "--control", core.control()},
      folder("recover.log"));
  // Made just before it acts.
  const std::string lock = folder("levictl/recover.lock");
  ASSERT_TRUE(test::eventually([&] { return os::exists(lock); }));
  recover.signal(SIGINT);
  EXPECT_EQ(recover.code(), 4) << recover.text();
  EXPECT_NE(recover.text().find("interrupted"), std::string::npos) << recover.text();
}

}  // namespace
}  // namespace levi::chaos
