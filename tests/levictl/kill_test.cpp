// `levictl kill` against latches whose gateway can't be asked: a process of the test's own that was
// stopped in the middle of a send.
#include "levictl/kill.h"

#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "tests/chaos/stage_rig.h"
#include "tests/latch/support.h"
#include "tests/levictl/fake_core.h"
#include "tests/levictl/spawned.h"

namespace levi::chaos {
namespace {

using test::Forked;
using test::free_port;
using test::Signal;
using test::TempFolder;

class KillCommand : public LevictlRig {
 protected:
  Outcome kill(const TempFolder& runtime, std::vector<std::string> more) {
    std::vector<std::string> arguments{
        "kill",      "--target",     "127.0.0.1:" + std::to_string(free_port()),
        "--runtime", runtime.path(), "--wait",
        "0ms"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return levictl(arguments);
  }
};

TEST_F(KillCommand, OfACoreThatIsStoppedInsideASendIsSealedAndSaysThatSMayStillLeave) {
  const TempFolder runtime(test::kTmpfs);
  const Signal sent;
  Forked gateway([&] {
    latch::Latch latch = test::open_latch(runtime);
    if (!latch.begin_send(7)) return 1;
    raise(SIGSTOP);
    latch.end_send(7, true);
    sent.give();
    return latch.begin_send(8) ? 2 : 0;
  });
  ASSERT_TRUE(gateway.wait_stopped());
  const Outcome said = kill(runtime, {"--no-fence"});
  EXPECT_EQ(said.code, 1) << said.text;
  EXPECT_NE(said.text.find("NOT drained: orders up to S = 7 may still leave"), std::string::npos)
      << said.text;
  EXPECT_EQ(said.text.find("nothing is sealed"), std::string::npos) << said.text;
  const Outcome as_json = kill(runtime, {"--no-fence", "-o", "json"});
  EXPECT_EQ(as_json.code, 1);
  const auto json = nlohmann::json::parse(as_json.text, nullptr, false);
  ASSERT_TRUE(json.is_object()) << as_json.text;
  EXPECT_EQ(json["sealed"], true);
  EXPECT_EQ(json["drained"], false);
  EXPECT_EQ(json["sequence"], 7);
  EXPECT_EQ(json["open_orders"]["known"], false);
  ASSERT_TRUE(gateway.runs());
  gateway.signal(SIGCONT);
  EXPECT_TRUE(sent.take());
  EXPECT_TRUE(gateway.exited_with(0)) << "an order above S left";
}

// A terminal of another time types latin-1. The kill must land whatever the words are.
TEST_F(KillCommand, SealsThoughTheReasonIsNotUtf8) {
  const TempFolder runtime(test::kTmpfs);
  (void)test::open_latch(runtime);
  const Outcome said = kill(runtime, {"--reason", "f\xfcr", "--actor", "j\xfcrg"});
  EXPECT_EQ(said.code, 1) << said.text;  // nobody answers how many orders are open
  EXPECT_NE(said.text.find("sealed."), std::string::npos) << said.text;
  const auto latch = latch::Latch::attach(latch::latch_path(runtime.path()));
  ASSERT_TRUE(latch);
  EXPECT_TRUE(latch.value().load().sealed());
}

TEST_F(KillCommand, ResumeAndFlattenTakeWordsThatAreNotUtf8) {
  const test::FakeCore core(
      {{"/paper/positions", R"({"positions":[{"symbol":"BTCUSDT","quantity":"1"}]})"}},
      {{"/live/kill", R"({"sealed":true,"epoch":3})"}, {"/live/restore", R"({"sealed":false})"}});
  const std::vector<std::string> at{"--target",     core.api(), "--control",
                                    core.control(), "--reason", "f\xfcr"};
  std::vector<std::string> resume{"resume", "--actor", "j\xfcrg"};
  resume.insert(resume.end(), at.begin(), at.end());
  EXPECT_EQ(levictl(resume).code, 0);
  std::vector<std::string> flatten{"flatten", "BTCUSDT", "--yes"};
  flatten.insert(flatten.end(), at.begin(), at.end());
  const Outcome refused = levictl(flatten);
  EXPECT_EQ(refused.code, 3) << refused.text;  // this core knows no /live/flatten
}

std::string sealed_with(const char* open_orders, const char* age_ms) {
  return R"({"sealed":true,"drained":true,"aborted":false,"epoch":3,"sequence":5,"in_flight":0,)"
         R"("open_orders":)" +
         std::string(open_orders) + R"(,"open_orders_age_ms":)" + age_ms + "}";
}

TEST_F(KillCommand, ThatDoesNotWaitSaysSoAndNotThatTheCoreHangs) {
  const test::FakeCore core({}, {{"/live/kill", sealed_with("2", "60000")}});
  const Outcome said =
      levictl({"kill", "--target", core.api(), "--control", core.control(), "--wait", "0s"});
  EXPECT_EQ(said.code, 1) << said.text;
  EXPECT_NE(said.text.find("not waited for"), std::string::npos) << said.text;
  EXPECT_EQ(said.text.find("hangs"), std::string::npos) << said.text;
}

TEST_F(KillCommand, WhoseVenueFailedIsNotDone) {
  const test::FakeCore core({}, {{"/live/kill", sealed_with("0", "0")}});
  const std::vector<std::string> done{"kill", "--target", core.api(), "--control", core.control()};
  const Outcome said = levictl(done);
  EXPECT_EQ(said.code, 0) << said.text;
  // As it can be typed.
  EXPECT_NE(said.text.find("levictl resume --target " + core.api() + " --control " +
                           core.control() + " --reason"),
            std::string::npos)
      << said.text;
  std::vector<std::string> venue = done;
  venue.push_back("--venue");
  const Outcome failed = levictl(venue);
  EXPECT_EQ(failed.code, 1) << failed.text;
  EXPECT_NE(failed.text.find("the venue's way FAILED"), std::string::npos) << failed.text;
  EXPECT_NE(failed.text.find("sealed."), std::string::npos) << failed.text;
}

TEST_F(KillCommand, ThatIsInterruptedSaysWhatWasDone) {
  const TempFolder runtime(test::kTmpfs);
  const latch::Latch latch = test::open_latch(runtime);
  const test::FakeCore core({}, {{"/live/kill", sealed_with("2", "0")}});
  test::Spawned kill({"kill", "--target", core.api(), "--control", core.control(), "--runtime",
                      runtime.path(), "--wait", "1h"},
                     folder("kill.log"));
  ASSERT_TRUE(test::eventually([&] { return latch.load().sealed(); }));
  kill.signal(SIGINT);
  EXPECT_EQ(kill.code(), 4);
  EXPECT_NE(kill.text().find("interrupted"), std::string::npos) << kill.text();
  EXPECT_NE(kill.text().find("sealed."), std::string::npos) << kill.text();
}

// A data folder as levid leaves it, with the latch of its instance in a runtime folder that no
// default of ours would lead to.
class KillByData : public KillCommand {
 protected:
  void describe(const TempFolder& data, const std::string& instance) {
    struct stat info {};
    ASSERT_EQ(::stat(data.path().c_str(), &info), 0);
    ASSERT_TRUE(os::write_file_atomic(data / "incarnation",
                                      "instance " + instance + "\nincarnation 1\nfolder " +
                                          std::to_string(info.st_ino) + " 0\n"));
    ASSERT_TRUE(os::write_file_atomic(data / "runtime", runtime_.path() + "\n"));
  }
  Outcome kill_by(const std::string& data) {
    return levictl({"kill", "--target", "127.0.0.1:" + std::to_string(free_port()), "--data", data,
                    "--wait", "0ms"});
  }
  bool sealed() {
    const auto latch = latch::Latch::attach(latch::latch_path(runtime_.path()));
    return !latch || latch.value().load().sealed();
  }
  void make_latch() {
    latch::CreateOptions options;
    options.instance = InstanceId("abcdefg");
    auto latch = latch::Latch::create(latch::latch_path(runtime_.path()), options);
    ASSERT_TRUE(latch);
    ASSERT_TRUE(latch.value().release(latch::Holder::kNewInstance, 0));
  }
  const TempFolder runtime_{test::kTmpfs};
};

TEST_F(KillByData, FindsTheLatchWhereLevidRecordedIt) {
  ASSERT_NO_FATAL_FAILURE(make_latch());
  const TempFolder data;
  ASSERT_NO_FATAL_FAILURE(describe(data, "abcdefg"));
  const Outcome said = kill_by(data.path());
  EXPECT_EQ(said.code, 1) << said.text;  // nobody answers how many orders are open
  EXPECT_TRUE(sealed()) << said.text;
}

TEST_F(KillByData, NeverSealsAStrangersLatch) {
  ASSERT_NO_FATAL_FAILURE(make_latch());
  const TempFolder stranger;
  ASSERT_NO_FATAL_FAILURE(describe(stranger, "xxxxxxx"));
  const Outcome other = kill_by(stranger.path());
  EXPECT_EQ(other.code, 2) << other.text;
  EXPECT_NE(other.text.find("is of instance abcdefg"), std::string::npos) << other.text;
  EXPECT_NE(other.text.find("--runtime"), std::string::npos) << other.text;
  // A copy says of itself what the original does.
  const TempFolder original, copy;
  ASSERT_NO_FATAL_FAILURE(describe(original, "abcdefg"));
  ASSERT_TRUE(
      os::write_file_atomic(copy / "incarnation", test::read_all(original / "incarnation")));
  ASSERT_TRUE(os::write_file_atomic(copy / "runtime", test::read_all(original / "runtime")));
  const Outcome copied = kill_by(copy.path());
  EXPECT_EQ(copied.code, 2) << copied.text;
  EXPECT_NE(copied.text.find("is a copy"), std::string::npos) << copied.text;
  const Outcome nowhere = kill_by("/no/such/folder");
  EXPECT_EQ(nowhere.code, 2) << nowhere.text;
  EXPECT_NE(nowhere.text.find("no such folder"), std::string::npos) << nowhere.text;
  EXPECT_FALSE(sealed());
}

TEST_F(KillCommand, WithNothingInReachIs3AndSealsNothing) {
  const TempFolder runtime(test::kTmpfs);
  const Outcome said = kill(runtime, {});
  EXPECT_EQ(said.code, 3) << said.text;
  EXPECT_NE(said.text.find("nothing was reached: nothing is sealed"), std::string::npos);
  EXPECT_NE(said.text.find("--runtime FOLDER names another place"), std::string::npos) << said.text;
}

}  // namespace
}  // namespace levi::chaos
