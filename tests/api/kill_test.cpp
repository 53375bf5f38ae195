// Stopping and opening through the API port.
#include <gtest/gtest.h>

#include "tests/api/rig.h"

namespace levi::api {
namespace {

using test::ApiRig;
using test::HttpAnswer;
using test::HttpPeer;
using test::json;

TEST(ApiKill, EveryFormThatDoesNotSayOffKills) {
  struct Form {
    const char* target;
    const char* body;
    const char* headers;
    const char* reason;
  };
  for (const Form& form :
       {Form{"/live/kill", "", "", ""}, Form{"/live/kill?on=true&reason=a%20b", "", "", "a b"},
        Form{"/live/kill", R"({"reason":"r"})", "Content-Type: application/json\r\n", "r"},
        Form{"/live/kill", R"({"reason":"r"})", "", "r"},
        Form{"/live/kill", R"({"reason":"r")", "Content-Type: image/png\r\n", "r"},
        Form{"/live/kill", "{\xff\xfe", "", ""}, Form{"/live/kill", "reason=r", "", "r"},
        Form{"/admin/kill?x=1", R"({"y":[1]})", "", ""}, Form{"/LIVE//kill/", "", "", ""}}) {
    ApiRig rig;
    const HttpAnswer answer = rig.connect().post(form.target, form.body, form.headers);
    EXPECT_EQ(answer.status, 200) << form.target << form.body;
    const json body = json::parse(answer.body, nullptr, false);
    EXPECT_EQ(body["killed"], true);
    EXPECT_EQ(body["holders"], json{"operator"});
    EXPECT_EQ(body["reason"], form.reason);
    EXPECT_TRUE(rig.latch().load().sealed());
    rig.wait_audited(1);
    EXPECT_EQ(rig.audit_lines()[0]["status"], 200);
  }
}

TEST(ApiKill, WhatNeverBecomesARequestKillsToo) {
  for (const std::string& bytes :
       {std::string("POST /live/kill?reason=q HTTP/1.1\r\nthis is no header\r\n\r\n"),
        std::string("POST /live/kill?reason=q HTTP/9.9\r\n\r\n"),
        "POST /live/kill?reason=q HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n" +
            std::string(3000, 'x'),
        "POST /live/kill?reason=q HTTP/1.1\r\nA: " + std::string(20'000, 'x') + "\r\n\r\n",
        std::string("POST /live/kill?reason=q HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n")}) {
    ApiRig rig;
    const HttpAnswer answer = rig.connect().call(bytes);
    EXPECT_EQ(answer.status, 200) << bytes.substr(0, 80);
    EXPECT_NE(answer.body.find("\"reason\":\"q\""), std::string::npos) << answer.body;
    EXPECT_TRUE(rig.latch().load().sealed());
    rig.wait_audited(1);
    EXPECT_EQ(rig.audit_lines()[0]["ip"], "127.0.0.1");
  }
}

TEST(ApiKill, AKillThatIsCutOffKills) {
  for (const char* bytes : {"POST /live/kill HTTP/1.1\r\nContent-Length: 10\r\n\r\n{\"re",
                            "POST /live/kill HTTP/1.1\r\nHo", "POST /live/kill"}) {
    ApiRig rig;
    HttpPeer peer = rig.connect();
    peer.send(bytes);
    peer.close();
    rig.wait_audited(1);
    EXPECT_TRUE(rig.latch().load().sealed()) << bytes;
  }
}

TEST(ApiKill, WhatSaysOffOrIsAnotherPathDoesNotKill) {
  for (const char* bytes :
       {"POST /live/kill?on=false HTTP/1.1\r\nnonsense\r\n\r\n", "POST /live/kil HTTP/1.1\r\n\r\n",
        "GET /live/kill HTTP/1.1\r\n\r\n", "PUT /live/kill HTTP/1.1\r\n\r\n",
        "POST /live/kill?on=false HTTP/1.1\r\n\r\n",
        "POST /healthz?x=/live/kill HTTP/1.1\r\n\r\n"}) {
    ApiRig rig;
    EXPECT_NE(rig.connect().call(bytes).status, 0) << bytes;
    EXPECT_FALSE(rig.latch().load().sealed()) << bytes;
  }
}

TEST(ApiKill, ACrowdThatSaysNothingDoesNotKeepItOut) {
  for (const char* said : {"", "GET /health HTTP/1.1\r\nA:"}) {
    ApiOptions options;
    options.http.connections_max = 16;
    ApiRig rig(options);
    std::vector<HttpPeer> crowd;
    for (int i = 0; i < 40; ++i) {
      crowd.push_back(rig.connect());
      crowd.back().send(said);
    }
    EXPECT_EQ(rig.post("/live/kill")["killed"], true) << said;
    EXPECT_TRUE(rig.latch().load().sealed());
  }
}

TEST(ApiKill, AnUndrainedSendIsAborted) {
  ApiRig rig;
  ASSERT_TRUE(rig.latch().begin_send(42));
  const json kill = rig.post("/live/kill");
  EXPECT_EQ(kill["aborted"], true);
  EXPECT_EQ(kill["sequence"], 42);
  EXPECT_EQ(rig.aborts, 1);
}

TEST(ApiRestore, OpensByEveryFormAndTellsTheWord) {
  for (const auto& [target, body] :
       {std::pair{"/live/restore?reason=fixed", ""},
        std::pair{"/live/restore", R"({"reason":"fixed","actor":"ann"})"},
        std::pair{"/live/kill?on=false&reason=fixed", ""},
        std::pair{"/live/kill", R"({"on":false,"reason":"fixed"})"},
        std::pair{"/admin/unkill", R"({"reason":"fixed"})"}}) {
    ApiRig rig;
    rig.core.start();
    const std::uint64_t epoch = rig.post("/live/kill")["epoch"];
    const json opened = rig.post(target, body);
    EXPECT_EQ(opened["ok"], true);
    EXPECT_EQ(opened["kill_switch"], false);
    EXPECT_EQ(opened["sealed"], false);
    EXPECT_EQ(opened["epoch"], epoch);
    EXPECT_EQ(opened["holders"], json::array());
    EXPECT_FALSE(rig.latch().load().sealed());
    EXPECT_EQ(rig.core.commands().at(0).epoch, epoch);
    EXPECT_EQ(rig.core.commands().at(0).request & 1, 0u);
  }
}

TEST(ApiRestore, LeavesItsLineInTheChainBeforeItHappens) {
  ApiRig rig;
  rig.core.start();
  rig.post("/live/kill");
  rig.core.hang(true);
  HttpPeer waiting = rig.connect();
  waiting.send("POST /live/restore?reason=why&actor=ann HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  rig.wait_audited(2);  // the kill, the intention; the trading thread has not answered
  EXPECT_TRUE(rig.latch().load().sealed());
  const auto lines = rig.audit_lines();
  EXPECT_EQ(lines[1]["status"], 102);
  EXPECT_EQ(lines[1]["actor"], "ann");
  EXPECT_EQ(lines[1]["reason"], "why");
  rig.core.hang(false);
  EXPECT_EQ(waiting.answer().status, 200);
  rig.wait_audited(3);
  EXPECT_EQ(rig.audit_lines()[2]["status"], 200);
}

TEST(ApiRestore, IsRefusedWithoutReasonForAStaleEpochAndForAnothersSeal) {
  ApiRig rig;
  rig.core.start();
  rig.post("/live/kill?holder=chaos&actor=chaos:r1");
  rig.post("/live/restore", "", 400);
  rig.post("/live/restore?reason=x&epoch=1", "", 409);
  rig.post("/live/restore?reason=x&actor=chaos:r2&holder=chaos", "", 409);
  rig.post("/live/restore?reason=x&actor=chaos:r1", "", 409);
  EXPECT_TRUE(rig.core.commands().empty());
  EXPECT_EQ(rig.post("/live/restore?reason=x&actor=chaos:r1&holder=chaos")["sealed"], false);
}

TEST(ApiRestore, WhatIsNotUnderstoodIsRefused) {
  ApiRig rig;
  rig.core.start();
  rig.post("/live/kill?whatever=1", R"({"some":["thing"]})");  // a kill takes anything
  for (const char* body :
       {R"({"reason":"x","epcoh":7})", "reason=x&epcoh=7", R"({"reason":"x","epoch":[7]})",
        R"({"reason":"x","holder":["chaos"]})"}) {
    rig.post("/live/restore", body, 400);
    rig.post("/live/kill?on=false", body, 400);
  }
  const json refused = rig.post("/live/restore?reason=x&epcoh=7", "", 400);
  EXPECT_NE(refused["detail"].get<std::string>().find("'epcoh'"), std::string::npos);
  EXPECT_TRUE(rig.core.commands().empty());
}

TEST(ApiRestore, WhatHappensAfterItWasGivenUpHasALineToo) {
  ApiOptions options;
  options.answer_max = 500ms;  // the scribe's time, too
  ApiRig rig(options);
  rig.core.start();
  rig.post("/live/kill");
  rig.core.hang(true);
  rig.post("/live/restore?reason=x", "", 503);
  rig.wait_audited(3);  // the kill, the intention, the refusal
  EXPECT_TRUE(rig.latch().load().sealed());
  rig.core.hang(false);
  rig.wait_audited(4);
  EXPECT_FALSE(rig.latch().load().sealed());
  const json late = rig.audit_lines().at(3);
  EXPECT_EQ(late["method"], "LATE");
  EXPECT_EQ(late["path"], "/live/restore");
  EXPECT_EQ(late["status"], 200);
  EXPECT_EQ(late["reason"], "released");
}

TEST(ApiRestore, AKillThatComesBetweenWins) {
  ApiRig rig;
  rig.core.start();
  rig.post("/live/kill");
  rig.core.hang(true);
  HttpPeer waiting = rig.connect();
  waiting.send("POST /live/restore?reason=x HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  rig.wait_audited(2);
  rig.post("/live/kill");
  rig.core.hang(false);
  EXPECT_EQ(waiting.answer().status, 409);
  EXPECT_TRUE(rig.latch().load().sealed());
}

}  // namespace
}  // namespace levi::api
