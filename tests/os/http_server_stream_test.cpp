// HttpServer: streams, which end when one side ends them.
#include <gtest/gtest.h>

#include "tests/os/http_server_stage.h"

namespace levi::os {
namespace {

TEST_F(HttpServerTest, StreamsInChunks) {
  Reply stream;
  handle = [&](const Reply& reply) {
    stream = reply;
    reply->begin_stream("text/event-stream", 1 << 20);
    EXPECT_TRUE(reply->write("data: 1\n\n"));
    EXPECT_TRUE(reply->write(""));
  };
  RawClient client = connect();
  client.send(kGet);
  const std::string& head = client.read_until("data: 1\n\n\r\n");
  EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\n\r\n9\r\ndata: 1"), std::string::npos);
  EXPECT_TRUE(stream->write("data: 2\n\n"));
  client.read_until("data: 2");
  stream->end_stream();
  EXPECT_FALSE(stream->write("more"));
  EXPECT_TRUE(client.read_until("\r\n0\r\n\r\n").ends_with("\r\n0\r\n\r\n"));
  handle = [](const Reply& reply) { reply->send({.body = "next"}); };
  client.send(kGet);
  EXPECT_NE(client.read_until("next").find("next"), std::string::npos) << "keep-alive goes on";
}

TEST_F(HttpServerTest, StreamsToHttp10UntilTheEnd) {
  handle = [](const Reply& reply) {
    reply->begin_stream("text/plain", 1 << 20);
    reply->write("one");
    reply->write("two");
    reply->end_stream();
  };
  RawClient client = connect();
  client.send("GET / HTTP/1.0\r\n\r\n");
  const std::string& answer = client.read_to_end();
  EXPECT_TRUE(answer.ends_with("\r\n\r\nonetwo")) << answer;
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
}

TEST_F(HttpServerTest, CutsAStreamWhoseClientLagsButNotFromWithinTheWrite) {
  Reply stream;
  bool told = false;
  handle = [&](const Reply& reply) {
    stream = reply;
    reply->begin_stream("text/event-stream", 100'000);
    reply->on_close([&] { told = true; });
  };
  RawClient client = connect();
  client.send(kGet);
  ASSERT_TRUE(pump(loop, [&] { return stream != nullptr; }));
  const std::string chunk(10'000, 'x');
  int writes = 0;
  while (stream->write(chunk) && writes < 100'000) ++writes;
  EXPECT_LT(writes, 100'000);
  EXPECT_FALSE(told);
  EXPECT_FALSE(stream->write("x"));
  EXPECT_TRUE(pump(loop, [&] { return told && closed.size() == 1; }));
}

TEST_F(HttpServerTest, AFrozenStreamIsNotCutForLagging) {
  Reply stream;
  handle = [&](const Reply& reply) {
    stream = reply;
    reply->begin_stream("text/event-stream", 1000);
  };
  RawClient client = connect();
  client.send(kGet);
  client.read_until("\r\n\r\n");
  server->freeze_all(true);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(stream->write("data: x\n\n"));
  settle(loop);
  EXPECT_TRUE(closed.empty());
  server->freeze_all(false);
  EXPECT_TRUE(stream->write("data: after\n\n"));
  client.read_until("data: after");
  EXPECT_LT(count_of(client.received(), "data: x"), 1000u) << "what was too much is dropped whole";
}

TEST_F(HttpServerTest, ToldWhenAStreamsClientGoes) {
  bool told = false;
  Reply stream;
  handle = [&](const Reply& reply) {
    stream = reply;
    reply->begin_stream("text/event-stream", 1000);
    reply->on_close([&] { told = true; });
  };
  RawClient client = connect();
  client.send(kGet);
  client.read_until("\r\n\r\n");
  client.close();
  EXPECT_TRUE(pump(loop, [&] { return told; }));
  EXPECT_FALSE(stream->write("x"));
}

}  // namespace
}  // namespace levi::os
