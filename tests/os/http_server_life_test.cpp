// HttpServer: listening, frozen, idle and many connections.
#include <gtest/gtest.h>

#include "tests/os/http_server_stage.h"

namespace levi::os {
namespace {

TEST_F(HttpServerTest, RefusesAndListensAgainOnTheSamePort) {
  RawClient before = connect();
  ASSERT_TRUE(pump(loop, [&] { return opened.size() == 1; }));
  const Endpoint where = endpoint();
  server->stop_listening();
  const auto refused = connect_blocking(where, kDeadline);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnreachable);
  before.send(kGet);
  EXPECT_NE(before.read_until("ok").find("ok"), std::string::npos) << "open ones stay";
  ASSERT_TRUE(server->listen(where));
  EXPECT_EQ(server->port(), where.port);
  RawClient after = connect();
  after.send(kGet);
  EXPECT_NE(after.read_until("ok").find("ok"), std::string::npos);
}

TEST_F(HttpServerTest, FrozenConnectionsStayOpenAndGoOnWhenThawed) {
  RawClient client = connect();
  ASSERT_TRUE(pump(loop, [&] { return opened.size() == 1; }));
  server->freeze_all(true);
  client.send(kGet);
  settle(loop);
  EXPECT_EQ(requests, 0);
  EXPECT_FALSE(client.ended());
  RawClient fresh = connect();
  fresh.send(kGet);
  EXPECT_NE(fresh.read_until("ok").find("ok"), std::string::npos) << "new ones are served";
  server->freeze_all(false);
  EXPECT_NE(client.read_until("ok").find("ok"), std::string::npos);
}

TEST_F(HttpServerTest, AFrozenConnectionDoesNotAnswerAndDoesNotNoticeTheEnd) {
  Reply held;
  handle = [&](const Reply& reply) { held = reply; };
  RawClient client = connect();
  client.send(kGet);
  ASSERT_TRUE(pump(loop, [&] { return held != nullptr; }));
  server->freeze_connection(1, true);
  held->send({.body = "late"});
  settle(loop);
  EXPECT_EQ(client.received(), "");
  server->freeze_connection(1, false);
  EXPECT_NE(client.read_until("late").find("late"), std::string::npos);
  server->freeze_connection(1, true);
  client.close();
  settle(loop);
  EXPECT_TRUE(closed.empty());
  server->freeze_connection(1, false);
  EXPECT_TRUE(pump(loop, [&] { return closed.size() == 1; }));
}

TEST_F(HttpServerTest, EndsIdleConnectionsAndSlowRequests) {
  HttpLimits limits = small_limits();
  limits.idle_max = 20ms;
  start(limits);
  RawClient idle = connect();
  RawClient slow = connect();
  slow.send("GET / HTTP/1.1\r\nA:");
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(slow.read_to_end().substr(9, 3), "408");
}

TEST_F(HttpServerTest, ALongAnswerIsNotIdleness) {
  HttpLimits limits = small_limits();
  limits.idle_max = 5ms;
  start(limits);
  Reply held;
  handle = [&](const Reply& reply) { held = reply; };
  RawClient client = connect();
  client.send(kGet);
  ASSERT_TRUE(pump(loop, [&] { return held != nullptr; }));
  loop.run_until(mono_now() + 30ms);
  held->send({.body = "at last"});
  EXPECT_NE(client.read_until("at last").find("at last"), std::string::npos);
}

TEST_F(HttpServerTest, ServesAThousandConnectionsOneAfterTheOther) {
  for (int i = 0; i < 1000; ++i) {
    RawClient client = connect();
    client.send(kGet);
    ASSERT_NE(client.read_until("ok").find("ok"), std::string::npos);
    client.close();
    ASSERT_TRUE(pump(loop, [&] { return server->connection_count() == 0; }));
  }
  EXPECT_EQ(opened, closed);
}

}  // namespace
}  // namespace levi::os
