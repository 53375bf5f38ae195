// HttpServer at its limit of connections: who goes, who stays, who is refused.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <deque>

#include "tests/os/http_server_stage.h"

namespace levi::os {
namespace {

constexpr std::size_t kRoom = 4;  // small_limits()

class HttpServerCrowdTest : public HttpServerTest {
 protected:
  // One after the other, each seen by the server before the next.
  RawClient& arrive() {
    const std::size_t before = opened.size();
    crowd.emplace_back(loop, endpoint());
    EXPECT_TRUE(pump(loop, [&] { return opened.size() > before; }));
    return crowd.back();
  }
  void fill_up() {
    while (crowd.size() < kRoom) arrive();
  }
  std::string ask(RawClient& client) {
    client.send(kGet);
    return client.read_until("ok");
  }
  std::deque<RawClient> crowd;
};

TEST_F(HttpServerCrowdTest, TheLongestIdleGoesAndTheNewcomerIsServed) {
  fill_up();
  ask(crowd[0]);  // the second is now the one that has said nothing for longest
  EXPECT_NE(ask(arrive()).find("200"), std::string::npos);
  EXPECT_EQ(crowd[1].read_to_end(), "");
  EXPECT_FALSE(crowd[1].was_reset());
  EXPECT_EQ(closed, std::vector<std::uint64_t>{2});
  EXPECT_EQ(server->connection_count(), kRoom);
  EXPECT_NE(ask(arrive()).find("200"), std::string::npos);
  EXPECT_EQ(closed, (std::vector<std::uint64_t>{2, 3}));
}

TEST_F(HttpServerCrowdTest, ManyMoreThanThereIsRoomForAreAllServed) {
  for (int i = 0; i < 200; ++i) EXPECT_NE(ask(arrive()).find("200"), std::string::npos) << i;
  EXPECT_EQ(server->connection_count(), kRoom);
}

TEST_F(HttpServerCrowdTest, ARequestThatWasBegunGoesOnlyWhereNobodyIsIdle) {
  fill_up();
  for (const std::size_t i : {0u, 1u, 2u}) crowd[i].send("POST /x HTTP/1.1\r\nA:");
  settle(loop);
  EXPECT_NE(ask(arrive()).find("200"), std::string::npos);
  EXPECT_EQ(closed, std::vector<std::uint64_t>{4});
  crowd.back().send("POST /x HTTP/1.1\r\nA:");
  settle(loop);
  EXPECT_NE(ask(arrive()).find("200"), std::string::npos);
  EXPECT_EQ(closed, (std::vector<std::uint64_t>{4, 1}));
}

TEST_F(HttpServerCrowdTest, ARequestThatIsCutOffToMakeRoomIsTold) {
  std::string begun;
  server->on_broken_request([&](const HttpRequest&, std::string_view rest, const std::string&) {
    begun = rest;
    return HttpResponse{.body = "done all the same"};
  });
  for (std::size_t i = 0; i < kRoom; ++i) arrive().send("POST /live/kill");
  settle(loop);
  arrive();
  EXPECT_NE(crowd[0].read_to_end().find("done all the same"), std::string::npos);
  EXPECT_EQ(begun, "POST /live/kill");
}

TEST_F(HttpServerCrowdTest, WhatHasArrivedIsHandledBeforeANewcomer) {
  fill_up();
  // Its bytes are with the kernel when the newcomer comes: both are seen in the same round.
  ASSERT_GT(::send(crowd[0].fd(), kGet.data(), kGet.size(), 0), 0);
  RawClient newcomer(loop, endpoint());
  newcomer.send(kGet);
  EXPECT_NE(newcomer.read_until("ok").find("200"), std::string::npos);
  EXPECT_NE(crowd[0].read_until("ok").find("200"), std::string::npos);
}

TEST_F(HttpServerCrowdTest, WhereAllAreBusyTheNewcomerIsRefusedWith503) {
  std::vector<Reply> waiting;
  handle = [&](const Reply& reply) {
    waiting.push_back(reply);
    if (waiting.size() % 2 == 0) reply->begin_stream("text/event-stream", 1000);
  };
  fill_up();
  for (RawClient& client : crowd) client.send(kGet);
  ASSERT_TRUE(pump(loop, [&] { return waiting.size() == kRoom; }));
  RawClient fifth = connect();
  fifth.send(kGet);
  EXPECT_EQ(fifth.read_to_end().substr(9, 3), "503");
  fifth.close();
  EXPECT_EQ(server->connection_count(), kRoom);
  EXPECT_EQ(opened.size(), kRoom) << "the refused one was never opened";
  handle = [](const Reply& reply) { reply->send({.body = "ok"}); };
  waiting[0]->send({.body = "ok"});  // the first is idle again, and makes room
  EXPECT_NE(ask(arrive()).find("200"), std::string::npos);
}

TEST_F(HttpServerCrowdTest, AFrozenConnectionStays) {
  fill_up();
  server->freeze_connection(1, true);
  arrive();
  EXPECT_EQ(closed, std::vector<std::uint64_t>{2});
}

TEST_F(HttpServerCrowdTest, WithoutDescriptorsTheLongestIdleGoesToo) {
  HttpLimits limits = small_limits();
  limits.connections_max = 1000;
  start(limits);
  opened.clear();
  RawClient first = connect();
  ASSERT_TRUE(pump(loop, [&] { return opened.size() == 1; }));
  RawClient newcomer = connect();  // has its descriptor; the server has none left for it
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  newcomer.send(kGet);
  const bool gone = pump(loop, [&] { return closed.size() == 1; });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(gone);
  EXPECT_NE(newcomer.read_until("ok").find("200"), std::string::npos);
}

}  // namespace
}  // namespace levi::os
