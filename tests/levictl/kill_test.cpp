// `levictl kill` against latches whose gateway can't be asked: a process of the test's own that was
// stopped in the middle of a send.
#include "levictl/kill.h"

#include <nlohmann/json.hpp>

#include "tests/chaos/stage_rig.h"
#include "tests/latch/support.h"

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

TEST_F(KillCommand, WithNothingInReachIs3AndSealsNothing) {
  const TempFolder runtime(test::kTmpfs);
  const Outcome said = kill(runtime, {});
  EXPECT_EQ(said.code, 3) << said.text;
  EXPECT_NE(said.text.find("nothing was reached: nothing is sealed"), std::string::npos);
}

}  // namespace
}  // namespace levi::chaos
