// HttpServer: requests and their answers. http_server_life_test.cpp has the connections themselves,
// http_server_stream_test.cpp answers without an end.
#include <gtest/gtest.h>

#include "tests/os/http_server_stage.h"
#include "tests/support/temp_folder.h"

namespace levi::os {
namespace {

TEST_F(HttpServerTest, AnswersEveryMethod) {
  RawClient client = connect();
  for (const std::string method : {"GET", "POST", "PUT", "DELETE", "PATCH"}) {
    client.forget();
    client.send(method + " /x?a=b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_EQ(client.read_until("\r\n\r\nok"),
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_EQ(last.method, method);
    EXPECT_EQ(last.body, "hi");
  }
  EXPECT_EQ(opened, std::vector<std::uint64_t>{1}) << "one connection for all";
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  RawClient client = connect();
  client.send("HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  const std::string& answers = client.read_until("ok");
  EXPECT_EQ(count_of(answers, "Content-Length: 2"), 2u);
  EXPECT_EQ(count_of(answers, "ok"), 1u);
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  std::vector<Reply> waiting;
  handle = [&](Reply reply) { waiting.push_back(std::move(reply)); };
  RawClient client = connect();
  client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(pump(loop, [&] { return waiting.size() == 1; }));
  settle(loop);
  EXPECT_EQ(waiting.size(), 1u) << "the next waits for the answer to the first";
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(waiting.size(), i + 1);
    waiting[i]->send({.body = std::to_string(i + 1)});
  }
  const std::string& answers = client.read_until("\r\n\r\n3");
  EXPECT_LT(answers.find("\r\n\r\n1"), answers.find("\r\n\r\n2"));
}

TEST_F(HttpServerTest, ManyPipelinedRequestsAreAllAnswered) {
  RawClient client = connect();
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes += kGet;
  client.send(bytes);
  client.read([](const std::string& all) { return count_of(all, "\r\n\r\nok") == 5000; });
  EXPECT_EQ(requests, 5000);
}

TEST_F(HttpServerTest, AClientThatPipelinesAndDoesNotReadIsHeldBack) {
  const std::string big(100'000, 'x');
  handle = [&](const Reply& reply) { reply->send({.body = big}); };
  RawClient client = connect();
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += kGet;  // 100 MB of answers
  client.send(bytes);
  settle(loop);
  const int at_first = requests;
  EXPECT_LT(at_first, 500);
  client.read([&](const std::string& all) { return all.size() > 1000 * big.size(); });
  EXPECT_EQ(requests, 1000) << "and served when it reads";
}

TEST_F(HttpServerTest, ClosesAfterTheAnswerWhenAsked) {
  RawClient client = connect();
  client.send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_NE(client.read_to_end().find("Connection: close"), std::string::npos);
  EXPECT_FALSE(client.was_reset());
  client.close();
  EXPECT_TRUE(pump(loop, [&] { return closed.size() == 1; }));
  EXPECT_EQ(server->connection_count(), 0u);
}

TEST_F(HttpServerTest, SpeaksHttp10) {
  RawClient client = connect();
  client.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_NE(client.read_to_end().find("\r\n\r\nok"), std::string::npos);
  RawClient keeps = connect();
  keeps.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(keeps.read_until("ok").find("Connection: keep-alive"), std::string::npos);
  EXPECT_FALSE(keeps.ended());
}

TEST_F(HttpServerTest, ReadsChunkedBodiesAndSaysContinue) {
  RawClient client = connect();
  client.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  client.read_until("HTTP/1.1 100 Continue\r\n\r\n");
  client.send("3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(count_of(client.read_until("ok"), "100 Continue"), 1u);
  EXPECT_EQ(last.body, "abc");
}

TEST_F(HttpServerTest, NamesTheLimitThatWasExceeded) {
  const std::string long_header = "GET / HTTP/1.1\r\nA: " + std::string(5000, 'x') + "\r\n\r\n";
  const std::string long_body =
      "POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n" + std::string(5000, 'x');
  const std::pair<std::string, const char*> cases[] = {
      {long_header, "431"}, {long_body, "413"}, {"what is this?\r\n\r\n", "400"}};
  for (const auto& [bytes, status] : cases) {
    RawClient client = connect();
    client.send(bytes);
    const std::string& answer = client.read_to_end();
    EXPECT_EQ(answer.substr(9, 3), status);
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
    EXPECT_NE(answer.find("Content-Type: application/problem+json"), std::string::npos) << answer;
    EXPECT_NE(answer.find("\"status\":" + std::string(status)), std::string::npos) << answer;
    EXPECT_FALSE(client.was_reset()) << "the answer must arrive, although more was sent";
  }
  EXPECT_EQ(requests, 0);
}

TEST_F(HttpServerTest, AnAnswerMayComeLaterOrNeverHarm) {
  std::vector<Reply> kept;
  handle = [&](Reply reply) { kept.push_back(std::move(reply)); };
  RawClient client = connect();
  client.send(kGet);
  ASSERT_TRUE(pump(loop, [&] { return kept.size() == 1; }));
  bool told = false;
  kept[0]->on_close([&] { told = true; });
  client.close();
  ASSERT_TRUE(pump(loop, [&] { return told; }));
  kept[0]->send({});
  kept[0]->begin_stream("text/plain", 100);
  EXPECT_FALSE(kept[0]->write("x"));
  kept[0]->end_stream();
  kept[0]->reset();
  EXPECT_EQ(kept[0]->upgrade(), nullptr);
  bool told_at_once = false;
  kept[0]->on_close([&] { told_at_once = true; });
  EXPECT_TRUE(told_at_once);
  server.reset();
  kept[0]->send({});
}

TEST_F(HttpServerTest, ASecondAnswerIsIgnored) {
  Reply first;
  handle = [&](const Reply& reply) {
    if (!first) first = reply;
    reply->send({.body = "one"});
    reply->send({.body = "two"});
  };
  RawClient client = connect();
  client.send(kGet);
  client.read_until("one");
  client.send(kGet);
  first->send({.body = "late"});
  const std::string& answers =
      client.read([](const std::string& all) { return count_of(all, "one") == 2; });
  EXPECT_EQ(answers.find("two"), std::string::npos);
  EXPECT_EQ(answers.find("late"), std::string::npos);
}

TEST_F(HttpServerTest, ADroppedReplyIsAnswered500) {
  handle = [](const Reply&) {};
  RawClient client = connect();
  client.send(kGet);
  EXPECT_EQ(client.read_until("not answered").substr(9, 3), "500");
}

TEST_F(HttpServerTest, AHeaderCannotBeBrokenByItsValue) {
  handle = [](const Reply& reply) {
    reply->send({.headers = {{"X-Echo", "a\r\nSet-Cookie: forged"}}, .body = "ok"});
  };
  RawClient client = connect();
  client.send(kGet);
  EXPECT_EQ(client.read_until("\r\n\r\nok").find("\nSet-Cookie"), std::string::npos);
}

TEST_F(HttpServerTest, ListensOnUnixSocketsToo) {
  test::TempFolder folder;
  ASSERT_TRUE(server->listen({"", 0, folder / "s"}));
  handle = [](const Reply& reply) { reply->send({.body = reply->peer()}); };
  RawClient client(loop, {"", 0, folder / "s"});
  client.send(kGet);
  EXPECT_NE(client.read_until("unix").find("unix"), std::string::npos);
  RawClient tcp = connect();
  tcp.send(kGet);
  const std::string own = "127.0.0.1:" + std::to_string(local_port(tcp.fd()).value());
  EXPECT_NE(tcp.read_until(own).find(own), std::string::npos);
}

TEST_F(HttpServerTest, HandlesWhatArrivedBeforeAReset) {
  Reply held;
  std::vector<std::string> targets;
  std::vector<std::uint64_t> closed_when_handled;
  handle = [&](const Reply& reply) {
    targets.push_back(last.target);
    closed_when_handled.push_back(closed.size());
    if (!held) held = reply;  // the first is never answered
  };
  RawClient client = connect();
  client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(pump(loop, [&] { return targets.size() == 1; }));
  // These two wait in the kernel when the RST comes; the last one is not whole.
  client.send("GET /3 HTTP/1.1\r\n\r\nGET /4 HTT");
  client.abort();
  ASSERT_TRUE(pump(loop, [&] { return closed.size() == 1; }));
  EXPECT_EQ(targets, (std::vector<std::string>{"/1", "/2", "/3"}));
  EXPECT_EQ(closed_when_handled, (std::vector<std::uint64_t>{0, 0, 0})) << "closed comes last";
}

TEST_F(HttpServerTest, HandlesWhatArrivedBeforeTheEndOfFile) {
  RawClient client = connect();
  client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
  client.close();
  ASSERT_TRUE(pump(loop, [&] { return closed.size() == 1; }));
  EXPECT_EQ(requests, 2);
}

TEST_F(HttpServerTest, ResetsInsteadOfAnAnswer) {
  handle = [](const Reply& reply) { reply->reset(); };
  RawClient client = connect();
  client.send(kGet);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.was_reset());
  EXPECT_EQ(closed.size(), 1u);
}

TEST_F(HttpServerTest, ClosesAllWithAReset) {
  RawClient one = connect();
  RawClient two = connect();
  ASSERT_TRUE(pump(loop, [&] { return opened.size() == 2; }));
  server->close_all(true);
  EXPECT_EQ(closed.size(), 2u);
  EXPECT_EQ(server->connection_count(), 0u);
  one.read_to_end();
  two.read_to_end();
  EXPECT_TRUE(one.was_reset());
  EXPECT_TRUE(two.was_reset());
}

TEST_F(HttpServerTest, ClosesOneConnection) {
  RawClient one = connect();
  RawClient two = connect();
  ASSERT_TRUE(pump(loop, [&] { return opened.size() == 2; }));
  server->close_connection(1, false);
  server->close_connection(77, true);
  one.read_to_end();
  EXPECT_FALSE(one.was_reset());
  EXPECT_EQ(closed, std::vector<std::uint64_t>{1});
  two.send(kGet);
  EXPECT_NE(two.read_until("ok").find("ok"), std::string::npos);
}

TEST_F(HttpServerTest, AHandlerMayCloseItsOwnConnectionOrDestroyTheServer) {
  handle = [&](const Reply& reply) {
    server->close_connection(reply->connection(), true);
    reply->send({});
  };
  RawClient client = connect();
  client.send(kGet);
  client.read_to_end();
  EXPECT_TRUE(client.was_reset());
  handle = [&](const Reply& reply) {
    server.reset();
    reply->send({});
  };
  RawClient last_client = connect();
  last_client.send(std::string(kGet) + std::string(kGet));
  EXPECT_EQ(last_client.read_to_end(), "");
  EXPECT_EQ(requests, 2);
}
}  // namespace
}  // namespace levi::os
