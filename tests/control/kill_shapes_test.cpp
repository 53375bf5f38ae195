// Every shape of a kill, whole and broken: what must kill kills, what must not does not.
#include <gtest/gtest.h>

#include "tests/control/rig.h"

namespace levi::control {
namespace {

using test::ControlRig;
using test::HttpAnswer;
using test::HttpPeer;

ControlOptions quick() {
  ControlOptions options;
  options.kill_body_max = 20ms;
  options.request_max = 40ms;
  return options;
}

// Waits until the latch is sealed by something that gives no answer; false after the deadline.
bool wait_sealed(ControlRig& rig) {
  HttpPeer watcher = rig.connect();
  for (int i = 0; i < 100'000; ++i) {
    if (rig.latch().load().sealed()) return true;
    if (watcher.get("/healthz").status != 200) return false;
  }
  return false;
}

struct Shape {
  const char* name;
  std::string bytes;
  const char* reason;  // in the answer
};

std::vector<Shape> shapes() {
  const std::string length = "\r\nContent-Length: ";
  return {
      {"plain", "POST /live/kill HTTP/1.1\r\nHost: a\r\n\r\n", ""},
      {"query", "POST /live/kill?on=true&reason=a%20b HTTP/1.1\r\n\r\n", "a b"},
      {"json",
       "POST /live/kill HTTP/1.1\r\nContent-Type: application/json" + length +
           "14\r\n\r\n{\"reason\":\"r\"}",
       "r"},
      {"json without a type", "POST /live/kill HTTP/1.1" + length + "14\r\n\r\n{\"reason\":\"r\"}",
       "r"},
      {"json of a wrong type",
       "POST /live/kill HTTP/1.1\r\nContent-Type: image/png" + length +
           "14\r\n\r\n{\"reason\":\"r\"}",
       "r"},
      {"form", "POST /live/kill HTTP/1.1" + length + "8\r\n\r\nreason=r", "r"},
      {"text", "POST /live/kill HTTP/1.1" + length + "8\r\n\r\nmad feed", "mad feed"},
      {"binary body", "POST /live/kill HTTP/1.1" + length + "4\r\n\r\n\xff\xfe=\x01", ""},
      {"broken json", "POST /live/kill HTTP/1.1" + length + "20\r\n\r\n{\"reason\":\"r\",\"on\":f",
       "r"},
      {"unknown keys", "POST /live/kill?x=1 HTTP/1.1" + length + "9\r\n\r\n{\"y\":[1]}", ""},
      {"chunked",
       "POST /live/kill HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nreason=r\r\n0\r\n\r\n",
       "r"},
      {"broken chunks",
       "POST /live/kill?reason=q HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "q"},
      {"unknown coding", "POST /live/kill?reason=q HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
       "q"},
      {"length and chunks",
       "POST /live/kill?reason=q HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: "
       "chunked\r\n\r\nabc",
       "q"},
      {"length is no number", "POST /live/kill?reason=q HTTP/1.1\r\nContent-Length: many\r\n\r\n",
       "q"},
      {"body too large",
       "POST /live/kill?reason=q HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" +
           std::string(7000, 'x'),
       "q"},
      {"json too large",
       "POST /live/kill HTTP/1.1\r\nContent-Length: 9000\r\n\r\n{\"reason\":\"r\",\"pad\":\"xxx",
       "r"},
      {"too many headers",
       "POST /live/kill?reason=q HTTP/1.1\r\n" +
           [] {
             std::string lines;
             for (int i = 0; i < 100; ++i) lines += "A: b\r\n";
             return lines;
           }() +
           "\r\n",
       "q"},
      {"headers too long",
       "POST /live/kill?reason=q HTTP/1.1\r\nA: " + std::string(9000, 'x') + "\r\n\r\n", "q"},
      {"line too long",
       "POST /live/kill?reason=q&pad=" + std::string(9000, 'x') + " HTTP/1.1\r\n\r\n", "q"},
      {"odd header", "POST /live/kill?reason=q HTTP/1.1\r\nthis is no header\r\n\r\n", "q"},
      {"nul in header", std::string("POST /live/kill?reason=q HTTP/1.1\r\nA: b\0\r\n\r\n", 44),
       "q"},
      {"no version", "POST /live/kill?reason=q\r\n\r\n", "q"},
      {"unknown version", "POST /live/kill?reason=q HTTP/9.9\r\n\r\n", "q"},
      {"lower-case method", "post /live/kill HTTP/1.1\r\n\r\n", ""},
      {"upper-case path", "POST /LIVE/KILL HTTP/1.1\r\n\r\n", ""},
      {"doubled slashes", "POST //live//kill HTTP/1.1\r\n\r\n", ""},
      {"escaped path", "POST /live%2fkill HTTP/1.1\r\n\r\n", ""},
      {"prefixed path", "POST /api/v1/live/kill HTTP/1.1\r\n\r\n", ""},
      {"absolute target", "POST http://127.0.0.1/live/kill HTTP/1.1\r\n\r\n", ""},
      {"blank in target", "POST /live/kill now HTTP/1.1\r\n\r\n", ""},
      {"bare line feeds", "POST /live/kill HTTP/1.1\n\n", ""},
      {"leading blank lines", "\r\n\r\n\r\nPOST /live/kill HTTP/1.1\r\n\r\n", ""},
      {"says both", "POST /live/kill?on=false HTTP/1.1\r\nContent-Length: 11\r\n\r\n{\"on\":true}",
       ""},
      {"body says off but breaks",
       "POST /live/kill HTTP/1.1\r\nContent-Length: 11\r\n\r\n{\"on\":false", ""},
      {"alias", "POST /admin/kill HTTP/1.1\r\n\r\n", ""},
      // The peer stops sending in the middle: the request is not whole in time.
      {"line without end", "POST /live/kill?reason=q", "q"},
      {"head without end", "POST /live/kill?reason=q HTTP/1.1\r\nHost: a\r\n", "q"},
      {"body never comes", "POST /live/kill?reason=q HTTP/1.1\r\nContent-Length: 30\r\n\r\n", "q"},
      {"half a body", "POST /live/kill HTTP/1.1\r\nContent-Length: 30\r\n\r\n{\"reason\":\"r\",\"a",
       "r"},
      {"chunks without end",
       "POST /live/kill?reason=q HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc", "q"},
      {"query cut in on=false", "POST /live/kill?on=fals", ""},
  };
}

TEST(KillShapes, EachKillsAndIsAnswered) {
  for (const Shape& shape : shapes()) {
    ControlRig rig(quick());
    HttpPeer peer = rig.connect();
    const HttpAnswer answer = peer.call(shape.bytes);
    EXPECT_EQ(answer.status, 200) << shape.name << answer.head << answer.body;
    EXPECT_TRUE(rig.latch().load().held_by(latch::Holder::kOperator)) << shape.name;
    const auto body = nlohmann::json::parse(answer.body, nullptr, false);
    EXPECT_EQ(body["killed"], true) << shape.name;
    EXPECT_EQ(body["reason"], shape.reason) << shape.name;
    EXPECT_TRUE(rig.scribe.wait_entries(1)) << shape.name;
    EXPECT_EQ(rig.scribe.entries().at(0).status, 200) << shape.name;
  }
}

TEST(KillShapes, EachKillsAlsoWhenThePeerEndsItsStreamAndWhenItVanishes) {
  for (const Shape& shape : shapes()) {
    ControlRig half(quick());
    HttpPeer peer = half.connect();
    peer.send(shape.bytes);
    peer.end_sending();
    EXPECT_EQ(peer.answer().status, 200) << shape.name;
    EXPECT_TRUE(half.latch().load().sealed()) << shape.name;

    ControlRig gone;  // full time-outs: it is the end of the stream that decides, not the clock
    HttpPeer other = gone.connect();
    other.send(shape.bytes);
    other.close();
    EXPECT_TRUE(wait_sealed(gone)) << shape.name;
  }
}

struct NoKill {
  const char* name;
  std::string bytes;
  int status;
};

TEST(KillShapes, WhatDoesNotKill) {
  const NoKill rows[] = {
      {"get", "GET /live/kill HTTP/1.1\r\n\r\n", 200},
      {"put", "PUT /live/kill HTTP/1.1\r\n\r\n", 405},
      {"delete", "DELETE /live/kill HTTP/1.1\r\n\r\n", 405},
      {"other path", "POST /live/kil HTTP/1.1\r\n\r\n", 404},
      {"only in the query", "POST /health?next=/live/kill HTTP/1.1\r\n\r\n", 405},
      {"only in a header", "GET /healthz HTTP/1.1\r\nReferer: POST /live/kill HTTP/1.1\r\n\r\n",
       200},
      {"in a body",
       "POST /health HTTP/1.1\r\nContent-Length: 26\r\n\r\nPOST /live/kill HTTP/1.1\r\n", 405},
      {"release without a reason", "POST /live/kill?on=false HTTP/1.1\r\n\r\n", 400},
      {"malformed release", "POST /live/kill?on=false&reason=x HTTP/1.1\r\nnonsense\r\n\r\n", 400},
      {"release of unknown version", "POST /live/kill?on=false HTTP/9.9\r\n\r\n", 505},
      {"release whose body is too large",
       "POST /live/kill?on=false HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", 413},
      {"release whose body never comes",
       "POST /live/kill?on=false HTTP/1.1\r\nContent-Length: 9\r\n\r\n", 408},
      {"not http", "kill please\r\n\r\n", 400},
  };
  for (const NoKill& row : rows) {
    ControlRig rig(quick());
    HttpPeer peer = rig.connect();
    EXPECT_EQ(peer.call(row.bytes).status, row.status) << row.name;
    rig.server->stop();
    EXPECT_FALSE(rig.latch().load().sealed()) << row.name;
  }
}

TEST(KillShapes, ABodyThatIsLateKillsAndDoesNotWaitForTheLimitOfOtherRequests) {
  ControlOptions options;  // the real limits: 100 ms for a kill, 10 s for others
  ControlRig rig(options);
  HttpPeer peer = rig.connect();
  peer.send("POST /live/kill HTTP/1.1\r\nContent-Length: 10\r\n\r\n");
  EXPECT_EQ(peer.answer().status, 200);
  EXPECT_TRUE(rig.latch().load().sealed());
}

TEST(KillShapes, DribblingBytesDoNotPutTheKillOff) {
  ControlRig rig(quick());
  HttpPeer peer = rig.connect();
  peer.send("POST /live/kill HTTP/1.1\r\nContent-Length: 8000\r\n\r\n");
  // Bytes until the answer: were each of them to renew the deadline, none would come before all
  // 8000 are there.
  int sent = 0;
  pollfd watched{peer.fd(), POLLIN, 0};
  while (sent < 4000 && ::poll(&watched, 1, 1) == 0 && peer.send("x")) ++sent;
  EXPECT_LT(sent, 4000);
  EXPECT_EQ(peer.answer().status, 200);
}

TEST(KillShapes, AConnectionEvictedInTheMiddleOfAKillHasKilled) {
  ControlOptions options;
  options.connections_max = 8;
  ControlRig rig(options);
  HttpPeer victim = rig.connect();
  victim.send("POST /live/kill HTTP/1.1\r\nContent-Le");
  // Served after the victim's bytes arrived, so they are in its slot now.
  ASSERT_EQ(rig.connect().get("/healthz").status, 200);
  std::vector<HttpPeer> crowd;
  for (int i = 0; i < 12; ++i) crowd.push_back(rig.connect());
  EXPECT_TRUE(wait_sealed(rig));
}

TEST(KillShapes, AKillBehindAnUnreadAnswerHappensWhenTheConnectionEnds) {
  ControlRig rig;
  HttpPeer peer = rig.connect();
  // Answers that nobody reads fill the socket; then the kill, then RST.
  const int small = 4096;
  ::setsockopt(peer.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  std::string many;
  for (int i = 0; i < 200; ++i) many += "GET /health HTTP/1.1\r\n\r\n";
  peer.send(many);
  peer.send("POST /live/kill HTTP/1.1\r\n\r\n");
  peer.close();
  // Whether the kill was reached or not depends on how much the kernel buffered; either way nothing
  // may hang.
  EXPECT_EQ(rig.connect().get("/healthz").status, 200);
}

}  // namespace
}  // namespace levi::control
