// Opening: only with a reason, a trace in the audit chain, the trading thread's answer, and at the
// epoch that was seen.
#include <gtest/gtest.h>

#include "tests/control/rig.h"

namespace levi::control {
namespace {

using nlohmann::json;
using test::body_of;
using test::ControlRig;
using test::HttpAnswer;
using test::HttpPeer;

struct SealedRig : ControlRig {
  explicit SealedRig(ControlOptions options = {}) : ControlRig(std::move(options)) {
    latch().seal(latch::Holder::kOperator, "test", "test", Instant{1}, 0ns);
  }
};

TEST(Release, EveryFormOpens) {
  const std::string json_form = R"({"on":false,"reason":"fixed"})";
  const std::string restore = R"({"reason":"fixed","holder":"operator","actor":"ann"})";
  const std::pair<const char*, std::string> rows[] = {
      {"/live/restore?reason=fixed", ""}, {"/live/restore", restore},
      {"/admin/unkill?reason=fixed", ""}, {"/live/kill?on=false&reason=fixed", ""},
      {"/live/kill", json_form},          {"/live/kill?on=false", R"({"reason":"fixed"})"},
      {"/live/restore", "reason=fixed"},
  };
  for (const auto& [path, body] : rows) {
    SealedRig rig;
    const HttpAnswer answer = rig.connect().post(path, body);
    EXPECT_EQ(answer.status, 200) << path << body << answer.body;
    const json released = body_of(answer);
    EXPECT_EQ(released["ok"], true);
    EXPECT_EQ(released["kill_switch"], false);
    EXPECT_EQ(released["sealed"], false);
    EXPECT_EQ(released["holders"], json::array());
    EXPECT_EQ(released["epoch"], rig.epoch());
    EXPECT_FALSE(rig.latch().load().sealed());
    const auto seen = rig.trading.seen();
    ASSERT_EQ(seen.size(), 1u);
    const auto& command = std::get<machine::Command>(seen[0]);
    EXPECT_EQ(command.kind, machine::CommandKind::kResume);
    EXPECT_EQ(command.reason.view(), "fixed");
    EXPECT_EQ(command.epoch, rig.epoch());
    EXPECT_EQ(command.request & 1, 1u);
  }
}

TEST(Release, IsRefusedWithoutAReasonAnEpochOfNowOrAKnownHolder) {
  const std::tuple<const char*, int> rows[] = {
      {"/live/restore", 400},
      {"/live/restore?reason=", 400},
      {"/live/restore?reason=x&holder=nobody", 400},
      {"/live/restore?reason=x&epoch=seven", 400},
      {"/live/restore?reason=x&epcoh=1", 400},
      {"/live/kill?on=false&reason=x&epcoh=1", 400},
      {"/live/restore?reason=x&epoch=1", 409},
      {"/live/restore?reason=x&actor=chaos:r1", 409},               // not its holder
      {"/live/restore?reason=x&actor=chaos:r2", 409},               // nor is it of who sealed
      {"/live/restore?reason=x&actor=chaos:r1&holder=chaos", 409},  // another run's seal
  };
  for (const auto& [path, status] : rows) {
    SealedRig rig;
    rig.latch().seal(latch::Holder::kChaos, "chaos:r2", "trial", Instant{1}, 0ns);
    const HttpAnswer answer = rig.connect().post(path);
    EXPECT_EQ(answer.status, status) << path;
    EXPECT_NE(answer.head.find("problem+json"), std::string::npos);
    EXPECT_TRUE(rig.trading.seen().empty());
    EXPECT_TRUE(rig.latch().load().sealed());
    ASSERT_TRUE(rig.scribe.wait_entries(1));
    EXPECT_EQ(rig.scribe.entries()[0].status, status);
  }
}

TEST(Release, AMisspeltPinIsRefusedWhereverItStands) {
  for (const char* body :
       {R"({"reason":"x","epcoh":7})", "reason=x&epcoh=7", R"({"reason":"x","epoch":[7]})",
        R"({"reason":"x","holder":["chaos"]})"}) {
    SealedRig rig;
    const HttpAnswer answer = rig.connect().post("/live/restore", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_TRUE(rig.trading.seen().empty());
    EXPECT_TRUE(rig.latch().load().sealed());
  }
}

TEST(Release, APageOfElsewhereOpensNothingAndKillsAllTheSame) {
  for (const std::string headers :
       {"Host: 127.0.0.1:8001\r\nOrigin: https://evil.example\r\n", "Host: evil.example\r\n",
        "Host: localhost:8001\r\nOrigin: null\r\n"}) {
    SealedRig rig;
    const auto send = [&](HttpPeer peer, const std::string& target) {
      return peer.call("POST " + target + " HTTP/1.1\r\n" + headers + "\r\n").status;
    };
    EXPECT_EQ(send(rig.connect(), "/live/restore?reason=x"), 403) << headers;
    EXPECT_EQ(send(rig.connect(), "/live/kill?on=false&reason=x"), 403) << headers;
    EXPECT_TRUE(rig.trading.seen().empty());
    ASSERT_TRUE(rig.scribe.wait_entries(2));
    EXPECT_EQ(rig.scribe.entries()[1].status, 403);
    const std::uint64_t before = rig.epoch();
    EXPECT_EQ(send(rig.connect(), "/live/kill"), 200) << headers;
    EXPECT_EQ(rig.epoch(), before + 1);
    // No browser speaks to the Unix socket, and its clients may call the host as they like.
    EXPECT_EQ(send(rig.connect_unix(), "/live/restore?reason=x"), 200) << headers;
    EXPECT_FALSE(rig.latch().load().sealed());
  }
}

TEST(Release, AChaosRunReleasesItsOwnSealAndNothingElse) {
  SealedRig rig;
  rig.latch().seal(latch::Holder::kChaos, "chaos:r1", "trial", Instant{1}, 0ns);
  const HttpAnswer answer =
      rig.connect().post("/live/restore?reason=done&actor=chaos:r1&holder=chaos");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(body_of(answer)["sealed"], true);  // the operator's bit stands
  EXPECT_EQ(body_of(answer)["holders"], json{"operator"});
}

TEST(Release, TheChainHasItsLineBeforeTheLatchOpens) {
  SealedRig rig;
  rig.scribe.hang(true);
  HttpPeer peer = rig.connect();
  peer.send("POST /live/restore?reason=x&actor=ann HTTP/1.1\r\n\r\n");
  // While the chain does not take the line, everybody else is served and nothing reaches the
  // trading thread.
  EXPECT_EQ(rig.connect().get("/healthz").status, 200);
  EXPECT_TRUE(rig.trading.seen().empty());
  EXPECT_TRUE(rig.latch().load().sealed());
  rig.scribe.hang(false);
  EXPECT_EQ(peer.answer().status, 200);
  ASSERT_TRUE(rig.scribe.wait_entries(2));
  const auto entries = rig.scribe.entries();
  EXPECT_EQ(entries[0].status, 102);
  EXPECT_EQ(entries[0].actor.view(), "ann");
  EXPECT_EQ(entries[0].reason.view(), "x");
  EXPECT_EQ(entries[1].status, 200);
}

TEST(Release, IsRefusedWhileTheAuditFailsButAKillIsNot) {
  ControlRig rig;
  rig.status.audit_ok = false;
  HttpPeer peer = rig.connect();
  EXPECT_EQ(peer.post("/live/kill").status, 200);
  const HttpAnswer answer = peer.post("/live/restore?reason=x");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("audit"), std::string::npos);
  EXPECT_TRUE(rig.latch().load().sealed());
}

TEST(Release, IsRefusedWhenTheChainDoesNotTakeTheLineInTimeAndNothingHappensLater) {
  ControlOptions options;
  options.answer_max = 20ms;
  SealedRig rig(options);
  rig.scribe.hang(true);
  HttpPeer peer = rig.connect();
  EXPECT_EQ(peer.post("/live/restore?reason=x").status, 503);
  rig.scribe.hang(false);
  ASSERT_TRUE(rig.scribe.wait_entries(2));
  EXPECT_EQ(peer.get("/healthz").status, 200);
  EXPECT_TRUE(rig.trading.seen().empty());
  EXPECT_TRUE(rig.latch().load().sealed());
}

TEST(Release, AFullAuditRingRefusesReleasesAndNeverKills) {
  ControlRig rig;
  rig.scribe.hang(true);
  HttpPeer peer = rig.connect();
  for (int i = 0; i < 1100; ++i) ASSERT_EQ(peer.post("/live/kill").status, 200);
  EXPECT_GT(rig.audit.lost(), 0u);
  EXPECT_EQ(peer.post("/live/restore?reason=x").status, 503);
}

TEST(Release, AHangingTradingThreadGives503InTimeWhileOthersAreServed) {
  ControlOptions options;
  options.answer_max = 50ms;
  SealedRig rig(options);
  rig.trading.hang(true);
  HttpPeer waiting = rig.connect();
  waiting.send("POST /live/restore?reason=x HTTP/1.1\r\n\r\n");
  HttpPeer other = rig.connect();
  EXPECT_EQ(other.get("/live/kill").status, 200);
  EXPECT_EQ(other.post("/live/kill").status, 200);
  const HttpAnswer answer = waiting.answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("may still happen"), std::string::npos);
  // The late answer has a line of its own; the kill that came between won.
  rig.trading.hang(false);
  ASSERT_TRUE(rig.scribe.wait_entries(4));
  EXPECT_EQ(rig.scribe.entries().back().method.view(), "LATE");
  EXPECT_TRUE(rig.latch().load().sealed());
}

TEST(Release, AKillThatComesWhileAReleaseIsOnItsWayWins) {
  SealedRig rig;
  rig.trading.hang(true);
  HttpPeer waiting = rig.connect();
  waiting.send("POST /live/restore?reason=x HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(rig.scribe.wait_entries(1));
  ASSERT_EQ(rig.connect().post("/live/kill").status, 200);
  rig.trading.hang(false);
  EXPECT_EQ(waiting.answer().status, 409);
  EXPECT_TRUE(rig.latch().load().sealed());
}

TEST(Release, AKillOnTheSameConnectionDoesNotWaitForTheRelease) {
  const std::string release = "POST /live/restore?reason=x HTTP/1.1\r\n\r\n";
  const std::string kill = "POST /live/kill HTTP/1.1\r\n\r\n";
  for (const bool in_one_piece : {true, false}) {
    SealedRig rig;
    const std::uint64_t before = rig.epoch();
    rig.trading.hang(true);
    HttpPeer peer = rig.connect();
    peer.send(in_one_piece ? release + kill : release);
    if (!in_one_piece) {
      ASSERT_TRUE(rig.scribe.wait_entries(1));
      ASSERT_EQ(rig.connect().get("/healthz").status, 200);  // and by now it waits for trading
      peer.send(kill);
    }
    EXPECT_EQ(peer.answer().status, 409);
    EXPECT_EQ(peer.answer().status, 200);
    EXPECT_EQ(rig.epoch(), before + 1);
    rig.trading.hang(false);
    EXPECT_TRUE(in_one_piece || rig.trading.wait_seen(1));
    EXPECT_TRUE(rig.latch().load().sealed());
  }
}

TEST(Release, EveryChangingRequestLeavesItsLineOnBothWaysIn) {
  struct Row {
    const char* bytes;
    int status;
    const char* actor;
    const char* reason;
  };
  const Row rows[] = {
      {"POST /live/kill?actor=ann&reason=mad HTTP/1.1\r\n\r\n", 200, "ann", "mad"},
      {"POST /live/kill HTTP/1.1\r\n\r\n", 200, "unknown", ""},
      {"POST /live/kill?reason=cut HTTP/1.1\r\nHos", 200, "unknown", "cut"},
      {"POST /live/kill?reason=odd HTTP/9.9\r\n\r\n", 200, "unknown", "odd"},
      {"POST /live/restore?actor=ann HTTP/1.1\r\n\r\n", 400, "ann", ""},
      {"POST /live/restore?actor=ann&reason=x&epoch=1 HTTP/1.1\r\n\r\n", 409, "ann", "x"},
      {"POST /live/kill?on=off&actor=ann&reason=x HTTP/1.1\r\n\r\n", 200, "ann", "x"},
  };
  for (const bool by_unix : {false, true}) {
    SealedRig rig;
    std::size_t lines = 0;
    for (const Row& row : rows) {
      HttpPeer peer = by_unix ? rig.connect_unix() : rig.connect();
      peer.send(row.bytes);
      peer.end_sending();
      ASSERT_EQ(peer.answer().status, row.status) << row.bytes;
      const bool opens = row.status == 200 && std::string_view(row.bytes).find("on=off") < 40;
      lines += opens ? 2 : 1;  // its intention too
      ASSERT_TRUE(rig.scribe.wait_entries(lines)) << row.bytes;
      const AuditEntry entry = rig.scribe.entries().back();
      EXPECT_EQ(entry.status, row.status) << row.bytes;
      EXPECT_EQ(entry.actor.view(), row.actor) << row.bytes;
      EXPECT_EQ(entry.reason.view(), row.reason) << row.bytes;
      EXPECT_EQ(entry.peer.view().substr(0, 4), by_unix ? "unix" : "127.");
    }
  }
}

TEST(Release, AQueueThatIsFullIsAnAnswer) {
  SealedRig rig;
  rig.trading.hang(true);
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(rig.port.submit(machine::Timer{}));
  const HttpAnswer answer = rig.connect().post("/live/restore?reason=x");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("full"), std::string::npos);
}

TEST(Release, APeerThatLeavesWhileItWaitsHarmsNobody) {
  for (const bool by_unix : {false, true}) {
    SealedRig rig;
    rig.trading.hang(true);
    HttpPeer peer = by_unix ? rig.connect_unix() : rig.connect();
    peer.send("POST /live/restore?reason=x HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(rig.scribe.wait_entries(1));
    ASSERT_EQ(rig.connect().get("/healthz").status, 200);  // and by now it waits for trading
    peer.close();
    EXPECT_EQ(rig.connect().get("/healthz").status, 200);
    rig.trading.hang(false);
    EXPECT_TRUE(rig.trading.wait_seen(1));
    EXPECT_EQ(rig.connect().get("/healthz").status, 200);
  }
}

}  // namespace
}  // namespace levi::control
