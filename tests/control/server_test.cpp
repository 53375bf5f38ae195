// The rows of docs/api.md that control serves, over real sockets.
#include <gtest/gtest.h>

#include "tests/control/rig.h"

namespace levi::control {
namespace {

using nlohmann::json;
using test::body_of;
using test::ControlRig;
using test::HttpAnswer;
using test::HttpPeer;
using test::keys_of;

TEST(ControlServer, RefusesToListenBeyondLoopback) {
  test::TempFolder folder(test::kTmpfs);
  auto latch = latch::Latch::create(folder / "kill.latch");
  ASSERT_TRUE(latch);
  SharedStatus status;
  CommandPort port;
  AuditRing audit;
  ControlOptions options;
  options.tcp = {.host = "0.0.0.0", .port = 0, .path = {}};
  const auto started = ControlServer::start(
      options, latch.value(), status, port, [] {}, audit);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kInvalid);
}

TEST(ControlServer, SaysWhichPortIsTaken) {
  ControlRig rig;
  ControlOptions options;
  options.tcp = {.host = "127.0.0.1", .port = rig.server->tcp_port(), .path = {}};
  const auto second = ControlServer::start(
      options, rig.latch(), rig.status, rig.port, [] {}, rig.audit);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(std::to_string(rig.server->tcp_port())), std::string::npos);
}

TEST(ControlServer, HealthzIsAliveWhateverElseIs) {
  ControlRig rig;
  const HttpAnswer answer = rig.connect().get("/healthz");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"status":"alive"})");
}

TEST(ControlServer, KillAnswersWithSequenceEpochAndHolders) {
  ControlRig rig;
  ASSERT_TRUE(rig.latch().begin_send(41));
  rig.latch().end_send(41, true);
  const std::uint64_t before = rig.epoch();
  const HttpAnswer answer =
      rig.connect().post("/live/kill", R"({"reason":"mad \"feed\"","actor":"ann"})",
                         "Content-Type: application/json\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.head.find("Content-Type: application/json"), std::string::npos);
  const json kill = body_of(answer);
  EXPECT_EQ(kill["ok"], true);
  EXPECT_EQ(kill["kill_switch"], true);
  EXPECT_EQ(kill["killed"], true);
  EXPECT_EQ(kill["sealed"], true);
  EXPECT_EQ(kill["drained"], true);
  EXPECT_EQ(kill["aborted"], false);
  EXPECT_EQ(kill["epoch"], before + 1);
  EXPECT_EQ(kill["sequence"], 41);
  EXPECT_EQ(kill["holders"], json{"operator"});
  EXPECT_EQ(kill["reason"], "mad \"feed\"");
  EXPECT_TRUE(rig.latch().load().sealed());
  EXPECT_EQ(rig.latch().slot(latch::Holder::kOperator).actor, "ann");
}

TEST(ControlServer, ASendThatDoesNotEndIsAbortedAndCountsIntoTheSequence) {
  ControlRig rig;
  ASSERT_TRUE(rig.latch().begin_send(42));  // and never ends
  const json kill = body_of(rig.connect().post("/live/kill"));
  EXPECT_EQ(kill["drained"], false);
  EXPECT_EQ(kill["aborted"], true);
  EXPECT_EQ(kill["sequence"], 42);
  EXPECT_EQ(rig.aborts, 1);
}

TEST(ControlServer, TheTradingThreadIsWokenByAKill) {
  ControlRig rig;
  const int before = rig.trading.wakes;
  HttpPeer peer = rig.connect();
  peer.post("/live/kill");
  peer.get(
      "/healthz");  // the wake comes just after the answer: the next answer comes after the wake
  EXPECT_EQ(rig.trading.wakes, before + 1);
}

TEST(ControlServer, KillStateShowsWhoSealedWhenAndWhy) {
  ControlRig rig;
  rig.status.order_connections = 2;
  HttpPeer peer = rig.connect();
  peer.post("/live/kill?holder=chaos&actor=chaos:r7&reason=trial%203");
  const json state = body_of(peer.get("/live/kill"));
  EXPECT_EQ(state["kill_switch"], true);
  EXPECT_EQ(state["sealed"], true);
  EXPECT_EQ(state["epoch"], rig.epoch());
  EXPECT_EQ(state["in_flight"], 0);
  EXPECT_EQ(state["order_connections"], 2);
  ASSERT_EQ(state["holders"].size(), 1u);
  EXPECT_EQ(state["holders"][0]["holder"], "chaos");
  EXPECT_EQ(state["holders"][0]["actor"], "chaos:r7");
  EXPECT_EQ(state["holders"][0]["reason"], "trial 3");
  EXPECT_EQ(state["holders"][0]["epoch"], rig.epoch());
  EXPECT_EQ(state["holders"][0]["ts"].get<std::string>().size(), 27u);
}

TEST(ControlServer, AnswersOnTheUnixSocketToo) {
  ControlRig rig;
  HttpPeer peer = rig.connect_unix();
  EXPECT_EQ(peer.get("/healthz").status, 200);
  EXPECT_EQ(body_of(peer.post("/admin/kill"))["killed"], true);
  EXPECT_TRUE(rig.latch().load().sealed());
}

TEST(ControlServer, AliasesAndTrailingSlashesAnswerTheSame) {
  ControlRig rig;
  HttpPeer peer = rig.connect();
  for (const char* path : {"/api/health", "/health/", "/healthz/", "/live/status/", "/live/kill/",
                           "/admin/kill", "/"}) {
    EXPECT_LT(peer.get(path).status, 504) << path;
    EXPECT_NE(peer.get(path).status, 404) << path;
  }
}

TEST(ControlServer, AnUnknownPathSaysWhereTheRestIs) {
  ControlRig rig;
  const HttpAnswer answer = rig.connect().get("/engines");
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(answer.head.find("application/problem+json"), std::string::npos);
  const json problem = body_of(answer);
  EXPECT_EQ(keys_of(problem), (std::set<std::string>{"type", "title", "status", "detail"}));
  EXPECT_NE(problem["detail"].get<std::string>().find("API port"), std::string::npos);
}

TEST(ControlServer, AWrongMethodNamesTheRightOnes) {
  ControlRig rig;
  HttpPeer peer = rig.connect();
  const HttpAnswer answer = peer.call("PUT /live/kill HTTP/1.1\r\n\r\n");
  EXPECT_EQ(answer.status, 405);
  EXPECT_NE(answer.head.find("Allow: GET, HEAD, POST"), std::string::npos);
  EXPECT_FALSE(rig.latch().load().sealed());
  EXPECT_EQ(peer.post("/health").status, 405);
  EXPECT_EQ(peer.get("/live/restore").status, 405);
  EXPECT_EQ(peer.call("DELETE /live/status HTTP/1.1\r\n\r\n").status, 405);
}

TEST(ControlServer, HeadAnswersWithoutABody) {
  ControlRig rig;
  HttpPeer peer = rig.connect();
  peer.send("HEAD /healthz HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(peer.wait_closed());
  const std::string& all = peer.buffered();
  EXPECT_NE(all.find("\"alive\""), std::string::npos);
  EXPECT_EQ(all.find("\"alive\""), all.rfind("\"alive\""));
  EXPECT_NE(all.find("Connection: close"), std::string::npos);
}

TEST(ControlServer, KeepsConnectionsAliveAndAnswersPipelinedRequestsInOrder) {
  ControlRig rig;
  HttpPeer peer = rig.connect();
  peer.send(
      "GET /healthz HTTP/1.1\r\n\r\nGET /nothing HTTP/1.1\r\n\r\nPOST /live/kill "
      "HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n");
  EXPECT_EQ(peer.answer().status, 200);
  EXPECT_EQ(peer.answer().status, 404);
  EXPECT_EQ(body_of(peer.answer())["killed"], true);
  EXPECT_EQ(peer.answer().status, 200);
}

TEST(ControlServer, RequestsThatArriveByteByByteAreRequests) {
  ControlRig rig;
  HttpPeer peer = rig.connect();
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const char c : request) ASSERT_TRUE(peer.send({&c, 1}));
  EXPECT_EQ(peer.answer().status, 200);
}

TEST(ControlServer, AsksForABodyThatWaitsForContinue) {
  ControlRig rig;
  HttpPeer peer = rig.connect();
  peer.send("POST /live/restore HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(peer.answer().status, 100);
  peer.send("{}");
  EXPECT_EQ(peer.answer().status, 400);  // no reason given
}

TEST(ControlServer, AnUnfinishedRequestIsAnsweredWithATimeOut) {
  ControlOptions options;
  options.request_max = 20ms;
  ControlRig rig(options);
  HttpPeer peer = rig.connect();
  peer.send("GET /healthz HTT");
  EXPECT_EQ(peer.answer().status, 408);
  EXPECT_TRUE(peer.wait_closed());
}

TEST(ControlServer, IdleConnectionsAreClosed) {
  ControlOptions options;
  options.idle_max = 20ms;
  ControlRig rig(options);
  HttpPeer peer = rig.connect();
  EXPECT_TRUE(peer.wait_closed());
  EXPECT_EQ(peer.buffered(), "");
}

TEST(ControlServer, LogsItsKillsForAnotherThreadToPrint) {
  ControlRig rig;
  HttpPeer peer = rig.connect();
  peer.post("/live/kill?actor=ann&reason=why");
  peer.get("/healthz");
  const auto line = rig.server->next_log_line();
  ASSERT_TRUE(line);
  EXPECT_EQ(line->text.view(), "killed by ann: why");
  EXPECT_TRUE(line->warning);
}

TEST(ControlServer, LeavesNoSocketBehind) {
  ControlRig rig;
  HttpPeer peer = rig.connect_unix();
  ASSERT_TRUE(peer.connected());
  rig.server->stop();
  EXPECT_FALSE(rig.connect_unix().connected());
  EXPECT_TRUE(peer.wait_closed());
}

}  // namespace
}  // namespace levi::control
