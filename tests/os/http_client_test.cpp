#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/os/http.h"
#include "core/os/thread.h"
#include "tests/os/support.h"
#include "tests/support/temp_folder.h"

namespace levi::os {
namespace {

using Reply = std::shared_ptr<HttpReply>;
using Outcome = std::optional<Result<HttpResponse>>;

class HttpClientTest : public testing::Test {
 protected:
  HttpClientTest()
      : server(loop, {}, [this](HttpRequest request, Reply reply) {
          ++requests;
          last = std::move(request);
          handle(std::move(reply));
        }) {
    EXPECT_TRUE(server.listen({"127.0.0.1", 0, ""}));
    server.on_connection_opened([this](std::uint64_t) { ++connections; });
  }

  Endpoint endpoint() const { return {"127.0.0.1", server.port(), ""}; }

  static HttpClient::Done into(Outcome& outcome) {
    return [&outcome](Result<HttpResponse> result) {
      EXPECT_FALSE(outcome) << "called twice";
      outcome = std::move(result);
    };
  }
  Outcome call(HttpClient& client, HttpRequest request, Nanos timeout = kDeadline) {
    Outcome outcome;
    client.request(std::move(request), timeout, into(outcome));
    EXPECT_FALSE(outcome) << "never from within the call";
    EXPECT_TRUE(pump(loop, [&] { return outcome.has_value(); }));
    return outcome;
  }

  Loop loop;
  std::function<void(Reply)> handle = [](const Reply& reply) { reply->send({.body = "ok"}); };
  int requests = 0;
  int connections = 0;
  HttpRequest last;
  HttpServer server;
};

const HttpRequest kGetRequest{"GET", "/x", {}, ""};

TEST_F(HttpClientTest, KeepsItsConnection) {
  HttpClient client(loop, endpoint(), 4);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(call(client, {"POST", "/x?i=1", {{"X-Key", "k"}}, "body"})->value().body, "ok");
    EXPECT_EQ(last.header("x-key"), "k");
    EXPECT_EQ(last.header("host"), endpoint().text());
    EXPECT_EQ(last.body, "body");
  }
  EXPECT_EQ(connections, 1);
  EXPECT_EQ(call(client, {"HEAD", "/x", {}, ""})->value().body, "");
  EXPECT_EQ(call(client, kGetRequest)->value().body, "ok");
  EXPECT_EQ(connections, 1);
}

TEST_F(HttpClientTest, OpensNoMoreConnectionsThanAllowed) {
  std::vector<Reply> held;
  handle = [&](Reply reply) { held.push_back(std::move(reply)); };
  HttpClient client(loop, endpoint(), 2);
  std::vector<Outcome> outcomes(5);
  for (Outcome& outcome : outcomes) client.request(kGetRequest, kDeadline, into(outcome));
  ASSERT_TRUE(pump(loop, [&] { return held.size() == 2; }));
  settle(loop);
  EXPECT_EQ(held.size(), 2u);
  EXPECT_EQ(connections, 2);
  for (std::size_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(pump(loop, [&] { return held.size() > i; }));
    held[i]->send({.body = "ok"});
  }
  ASSERT_TRUE(pump(loop, [&] { return outcomes.back().has_value(); }));
  for (const Outcome& outcome : outcomes) EXPECT_TRUE(outcome && *outcome);
  EXPECT_EQ(connections, 2);
}

TEST_F(HttpClientTest, SaysThatNothingWasSentWhenNobodyListens) {
  const Endpoint where = endpoint();
  server.stop_listening();
  HttpClient client(loop, where, 2);
  std::vector<Outcome> outcomes(3);
  for (Outcome& outcome : outcomes) client.request(kGetRequest, kDeadline, into(outcome));
  ASSERT_TRUE(pump(loop, [&] { return outcomes[0] && outcomes[1] && outcomes[2]; }));
  for (const Outcome& outcome : outcomes) {
    EXPECT_EQ(outcome->error().code, ErrorCode::kUnreachable);
    EXPECT_NE(outcome->error().message.find(where.text()), std::string::npos);
  }
  HttpClient local(loop, {"", 0, "/nowhere/x.sock"}, 2);
  EXPECT_EQ(call(local, kGetRequest)->error().code, ErrorCode::kUnreachable);
}

TEST_F(HttpClientTest, TimesOutAndGoesOnOnAnotherConnection) {
  std::vector<Reply> held;
  handle = [&](Reply reply) { held.push_back(std::move(reply)); };
  HttpClient client(loop, endpoint(), 1);
  Outcome first;
  Outcome second;
  client.request(kGetRequest, 5ms, into(first));
  client.request(kGetRequest, 5ms,
                 into(second));  // times out while it waits, or on a fresh connection
  ASSERT_TRUE(pump(loop, [&] { return first && second; }));
  EXPECT_EQ(first->error().code, ErrorCode::kTimeout);
  EXPECT_EQ(second->error().code, ErrorCode::kTimeout);
  handle = [](const Reply& reply) { reply->send({.body = "fresh"}); };
  EXPECT_EQ(call(client, kGetRequest)->value().body, "fresh")
      << "a late answer is never taken for it";
}

TEST_F(HttpClientTest, AResetBeforeTheAnswerLeavesTheOutcomeUnknown) {
  handle = [](const Reply& reply) { reply->reset(); };
  HttpClient client(loop, endpoint(), 2);
  EXPECT_EQ(call(client, kGetRequest)->error().code, ErrorCode::kIo);
  EXPECT_EQ(requests, 1) << "nothing is sent twice";
  handle = [](const Reply& reply) { reply->send({.body = "ok"}); };
  EXPECT_TRUE(*call(client, kGetRequest));
}

TEST_F(HttpClientTest, NoticesThatAnIdleConnectionWentAway) {
  HttpClient client(loop, endpoint(), 1);
  EXPECT_TRUE(*call(client, kGetRequest));
  server.close_all(true);
  settle(loop);
  EXPECT_TRUE(*call(client, kGetRequest));
  EXPECT_EQ(connections, 2);
}

TEST_F(HttpClientTest, ObeysConnectionClose) {
  handle = [](const Reply& reply) {
    reply->send({.headers = {{"Connection", "close"}}, .body = "ok"});
  };
  HttpClient client(loop, endpoint(), 1);
  EXPECT_TRUE(*call(client, kGetRequest));
  EXPECT_TRUE(*call(client, kGetRequest));
  EXPECT_EQ(connections, 2);
}

TEST_F(HttpClientTest, ReadsStreamsToTheirEnd) {
  handle = [](const Reply& reply) {
    reply->begin_stream("text/plain", 1000);
    reply->write("one ");
    reply->write("two");
    reply->end_stream();
  };
  HttpClient client(loop, endpoint(), 1);
  EXPECT_EQ(call(client, kGetRequest)->value().body, "one two");
}

TEST_F(HttpClientTest, RefusesARequestThatWouldBreakTheFraming) {
  HttpClient client(loop, endpoint(), 1);
  for (const HttpRequest& request :
       {HttpRequest{"GET", "/a b", {}, ""}, HttpRequest{"GET", "", {}, ""},
        HttpRequest{"GET", "/\r\nX: y", {}, ""}, HttpRequest{"G T", "/", {}, ""},
        HttpRequest{"GET", "/", {{"A: b\r\nC", "d"}}, ""}}) {
    EXPECT_EQ(call(client, request)->error().code, ErrorCode::kInvalid);
  }
  EXPECT_EQ(requests, 0);
  EXPECT_TRUE(*call(client, {"GET", "/", {{"A", "b\r\nC: d"}}, ""}));
  EXPECT_EQ(last.header("c"), "");
}

TEST_F(HttpClientTest, CloseAllTellsSentFromUnsent) {
  std::vector<Reply> held;
  handle = [&](Reply reply) { held.push_back(std::move(reply)); };
  HttpClient client(loop, endpoint(), 1);
  Outcome sent;
  Outcome unsent;
  client.request(kGetRequest, kDeadline, into(sent));
  client.request(kGetRequest, kDeadline, into(unsent));
  ASSERT_TRUE(pump(loop, [&] { return held.size() == 1; }));
  client.close_all();
  EXPECT_FALSE(sent || unsent);
  ASSERT_TRUE(pump(loop, [&] { return sent && unsent; }));
  EXPECT_EQ(sent->error().code, ErrorCode::kIo);
  EXPECT_EQ(unsent->error().code, ErrorCode::kUnreachable);
  handle = [](const Reply& reply) { reply->send({.body = "again"}); };
  EXPECT_EQ(call(client, kGetRequest)->value().body, "again");
}

TEST_F(HttpClientTest, MayBeDestroyedInItsOwnCallback) {
  auto client = std::make_unique<HttpClient>(loop, endpoint(), 1);
  bool called = false;
  bool second = false;
  client->request(kGetRequest, kDeadline, [&](const Result<HttpResponse>&) {
    client.reset();
    called = true;
  });
  client->request(kGetRequest, kDeadline, [&](const Result<HttpResponse>&) { second = true; });
  ASSERT_TRUE(pump(loop, [&] { return called; }));
  settle(loop);
  EXPECT_FALSE(second);
}

// The blocking calls need a server on another thread.
class BlockingTest : public testing::Test {
 protected:
  BlockingTest() {
    HttpServer* started = nullptr;
    bool ready = false;
    Loop here;
    Waker waker(here, [&] { ready = true; });
    thread = start_thread("server", [&, this] { serve(&started, waker); });
    EXPECT_TRUE(pump(here, [&] { return ready; }));
    endpoint = {"127.0.0.1", started->port(), ""};
    url = "http://" + endpoint.text();
  }
  ~BlockingTest() override {
    loop.stop();
    thread.join();
  }

  void serve(HttpServer** started, const Waker& waker) {
    std::vector<Reply> held;
    HttpServer server(loop, {}, [&](const HttpRequest& request, const Reply& reply) {
      if (request.path() == "/silent") {
        held.push_back(reply);
      } else if (request.path() == "/reset") {
        reply->reset();
      } else if (request.path() == "/close") {
        reply->send({.headers = {{"Connection", "close"}}, .body = "bye"});
      } else {
        reply->send(
            {.status = 202, .content_type = "text/plain", .body = request.method + request.body});
      }
    });
    EXPECT_TRUE(server.listen({"127.0.0.1", 0, ""}));
    EXPECT_TRUE(server.listen({"", 0, folder / "s"}));
    *started = &server;
    waker.wake();
    loop.run();
  }

  test::TempFolder folder;
  Loop loop;
  Thread thread;
  Endpoint endpoint;
  std::string url;
};

TEST_F(BlockingTest, CallsOverTcpAndUnixSockets) {
  HttpTiming timing;
  const MonoTime before = mono_now();
  const auto answer = http_call("POST", url + "/x", "body", kDeadline, {{"A", "b"}}, &timing);
  EXPECT_EQ(answer.value().status, 202);
  EXPECT_EQ(answer.value().body, "POSTbody");
  EXPECT_LE(before, timing.first_byte_sent);
  EXPECT_LE(timing.first_byte_sent, timing.last_byte_received);
  EXPECT_LE(timing.last_byte_received, mono_now());
  EXPECT_EQ(http_call("PUT", "unix:" + folder / "s" + ":/a?b=:/c", "1", kDeadline).value().body,
            "PUT1");
  EXPECT_EQ(http_call("HEAD", url + "/x", "", kDeadline).value().body, "");
}

TEST_F(BlockingTest, TellsWhyThereIsNoAnswer) {
  EXPECT_EQ(http_call("GET", url + "/silent", "", 5ms).error().code, ErrorCode::kTimeout);
  EXPECT_EQ(http_call("GET", url + "/reset", "", kDeadline).error().code, ErrorCode::kIo);
  EXPECT_EQ(http_call("GET", "unix:/nowhere/s:/x", "", kDeadline).error().code,
            ErrorCode::kUnreachable);
  std::uint16_t free_port = 0;
  {
    const Fd listener = listen_on({"127.0.0.1", 0, ""}).value();
    free_port = local_port(listener.get()).value();
  }
  EXPECT_EQ(
      http_call("GET", "http://127.0.0.1:" + std::to_string(free_port), "", kDeadline).error().code,
      ErrorCode::kUnreachable);
  EXPECT_EQ(http_call("GET", "https://x/", "", kDeadline).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(http_call("GET", url + "/a b", "", kDeadline).error().code, ErrorCode::kInvalid);
}

TEST_F(BlockingTest, ASessionKeepsItsConnectionAndReplacesALostOne) {
  HttpSession session(endpoint);
  ASSERT_TRUE(session.connect(kDeadline));
  const std::uint16_t port = local_port(session.fd()).value();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(session.call(kGetRequest, kDeadline).value().body, "GET");
  EXPECT_EQ(local_port(session.fd()).value(), port);
  EXPECT_EQ(session.call({"GET", "/close", {}, ""}, kDeadline).value().body, "bye");
  EXPECT_FALSE(session.connected());
  EXPECT_EQ(session.call(kGetRequest, kDeadline).value().body, "GET");
  EXPECT_FALSE(session.call({"GET", "/reset", {}, ""}, kDeadline));
  EXPECT_EQ(session.call(kGetRequest, kDeadline).value().body, "GET");
}

TEST(ParseHttpUrl, SplitsEndpointAndTarget) {
  const HttpUrl full = parse_http_url("http://127.0.0.1:8000/live/kill?on=true").value();
  EXPECT_EQ(full.endpoint.text(), "127.0.0.1:8000");
  EXPECT_EQ(full.target, "/live/kill?on=true");
  EXPECT_EQ(parse_http_url("http://localhost").value().endpoint.text(), "127.0.0.1:80");
  EXPECT_EQ(parse_http_url("http://localhost").value().target, "/");
  EXPECT_EQ(parse_http_url("http://[::1]").value().endpoint.text(), "[::1]:80");
  EXPECT_EQ(parse_http_url("http://127.0.0.1:1?x=http://y/").value().target, "/?x=http://y/");
  const HttpUrl local = parse_http_url("unix:/run/levi/control.sock:/live/kill?reason=:/").value();
  EXPECT_EQ(local.endpoint.path, "/run/levi/control.sock");
  EXPECT_EQ(local.target, "/live/kill?reason=:/");
  EXPECT_EQ(parse_http_url("unix:/run/x.sock").value().target, "/");
  for (const char* url :
       {"", "127.0.0.1:80", "https://x", "http://", "http://:80", "http://h:x/", "unix:"}) {
    EXPECT_FALSE(parse_http_url(url)) << url;
  }
}

}  // namespace
}  // namespace levi::os
