// `levictl status` of cores that don't answer: one that hangs is not one that is not there.
#include <nlohmann/json.hpp>

#include "core/os/socket.h"
#include "tests/chaos/stage_rig.h"
#include "tests/latch/support.h"

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

}  // namespace
}  // namespace levi::chaos
