#include "core/control/stop_request.h"

#include <gtest/gtest.h>

#include <string>

namespace levi::control {
namespace {

struct Row {
  const char* query;
  const char* body;
  bool off;
  const char* reason;
};

class SaysOff : public testing::TestWithParam<Row> {};

TEST_P(SaysOff, OnlyWhereItIsSaidAndNotDenied) {
  const Row& row = GetParam();
  const StopRequest request = read_stop_request(row.query, row.body, true);
  EXPECT_EQ(request.says_off, row.off);
  EXPECT_EQ(request.reason.view(), row.reason);
}

INSTANTIATE_TEST_SUITE_P(
    Table, SaysOff,
    testing::Values(
        // Kills: everything that does not say on=false.
        Row{"", "", false, ""}, Row{"on=true&reason=x", "", false, "x"}, Row{"on=", "", false, ""},
        Row{"ON=false", "", false, ""}, Row{"on=falsch", "", false, ""},
        Row{"off=true", "", false, ""}, Row{"on=false&on=true", "", false, ""},
        Row{"on=true&on=false", "", false, ""},
        Row{"", R"({"reason":"mad feed"})", false, "mad feed"},
        Row{"", R"({"on":true})", false, ""}, Row{"", R"({"on":null})", false, ""},
        Row{"", R"({"on":{"x":false}})", false, ""}, Row{"", R"({"on":false)", false, ""},
        Row{"", R"({"on":false} trailing)", false, ""},
        Row{"", R"({"on":false,"on":true})", false, ""},
        Row{"on=true", R"({"on":false})", false, ""}, Row{"on=false", R"({"on":true})", false, ""},
        Row{"", "the exchange is on fire", false, "the exchange is on fire"},
        Row{"", "--b\r\nContent-Disposition: form-data; name=\"on\"\r\n\r\nfalse\r\n--b--", false,
            ""},
        Row{"", "\x01\xff\x00garbage", false, "\x01\xff"}, Row{"", R"({"reason":7})", false, "7"},
        Row{"", R"(["on",false])", false, R"(["on",false])"}, Row{"", "false", false, "false"},
        Row{"unknown=1", R"({"what":{"ever":[1,2]},"reason":"r"})", false, "r"},
        // Releases.
        Row{"on=false", "", true, ""}, Row{"on=False&reason=a%20b", "", true, "a b"},
        Row{"on=0", "", true, ""}, Row{"on=off", "", true, ""}, Row{"on=no", "", true, ""},
        Row{"on=fal%73e", "", true, ""}, Row{"on=false", "junk", true, "junk"},
        Row{"on=false", R"({"broken)", true, ""},
        Row{"", R"({"on":false,"reason":"fixed"})", true, "fixed"},
        Row{"", R"({"on":"false"})", true, ""}, Row{"", R"({"on":0})", true, ""},
        Row{"", "on=false&reason=fixed", true, "fixed"},
        Row{"reason=first&on=false", R"({"reason":"second"})", true, "first"}));

TEST(StopRequest, ABodyThatIsNotWholeCanGiveAReasonButNeverRelease) {
  const StopRequest request = read_stop_request("", R"({"on":false,"reason":"x"})", false);
  EXPECT_FALSE(request.says_off);
  EXPECT_EQ(request.reason.view(), "x");
  EXPECT_FALSE(request.body_readable);
}

TEST(StopRequest, ReadsHolderActorAndEpoch) {
  const StopRequest request = read_stop_request(
      "holder=chaos&actor=chaos:r1", R"({"epoch":41,"holder":"operator","actor":"x"})", true);
  EXPECT_EQ(request.holder, latch::Holder::kChaos);
  EXPECT_EQ(request.actor.view(), "chaos:r1");
  EXPECT_EQ(request.epoch, 41u);
  EXPECT_TRUE(request.holder_known);
}

TEST(StopRequest, AnUnknownHolderIsNamedAndFallsBackToTheOperator) {
  const StopRequest request = read_stop_request("holder=nobody", "", true);
  EXPECT_FALSE(request.holder_known);
  EXPECT_EQ(request.holder, latch::Holder::kOperator);
}

TEST(StopRequest, AnEpochThatIsNoNumberIsNoEpoch) {
  for (const char* query :
       {"epoch=x", "epoch=-1", "epoch=1.5", "epoch=99999999999999999999999", "epoch=1&epoch=2"}) {
    EXPECT_FALSE(read_stop_request(query, "", true).epoch_readable) << query;
  }
  EXPECT_TRUE(read_stop_request("epoch=", "", true).epoch_readable);
}

TEST(StopRequest, NamesTheFirstKeyThatIsNotUnderstood) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"", R"({"epcoh":7,"x":1})", "epcoh"},
      {"epcoh=7", "", "epcoh"},
      {"", "epcoh=7&reason=x", "epcoh"},
      {"", R"({"epoch":[7]})", "epoch"},
      {"", R"({"holder":{"name":"chaos"}})", "holder"},
      {"", R"({"":7})", "(no name)"},
      {"reason=x", R"([{"epoch":7}])", "(the body)"},
      {"", R"({"reason":"x","epoch":7,"holder":"chaos","actor":"a","on":false})", ""},
      {"on=false&reason=x&epoch=7&holder=chaos&actor=a", "", ""},
      {"", "the feed is mad", ""},
  };
  for (const auto& [query, body, stray] : rows) {
    EXPECT_EQ(read_stop_request(query, body, true).stray.view(), stray) << query << body;
  }
}

TEST(StopRequest, LongReasonsAreCutBetweenCharacters) {
  std::string reason;
  for (int i = 0; i < 100; ++i) reason += "\xc3\xa4";
  const StopRequest request = read_stop_request("reason=" + reason, "", true);
  EXPECT_EQ(request.reason.view(), reason.substr(0, 126));
}

}  // namespace
}  // namespace levi::control
