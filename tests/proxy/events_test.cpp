// The witness: what GET /proxies/{p}/events says, over a real socket.
#include "tests/proxy/socket_rig.h"

namespace levi::proxy {
namespace {

struct EventRig : SocketRig {
  EventRig() {
    EXPECT_TRUE(server.api.listen(os::parse_endpoint("127.0.0.1:0").value()));
    os::Endpoint api = os::parse_endpoint("127.0.0.1:0").value();
    api.port = server.api.port();
    reader = std::make_unique<os::RawClient>(loop, api);
    reader->send("GET /proxies/p/events HTTP/1.1\r\nHost: t\r\n\r\n");
    reader->read_until("event: hello");
  }
  // The data of the first event of that name, once it is there.
  std::string event(const std::string& name) {
    const std::string mark = "event: " + name + "\ndata: ";
    const std::string& all = reader->read([&](const std::string& text) {
      const std::size_t at = text.find(mark);
      return at != std::string::npos && text.find('\n', at + mark.size()) != std::string::npos;
    });
    const std::size_t at = all.find(mark);
    if (at == std::string::npos) return {};
    return all.substr(at + mark.size(), all.find('\n', at + mark.size()) - at - mark.size());
  }
  std::int64_t number(const std::string& data, const std::string& field) {
    const auto json = read_json(data);
    const JsonValue* value = json ? json.value().find(field) : nullptr;
    return value == nullptr ? -1 : std::atoll(value->text.c_str());
  }
  std::unique_ptr<os::RawClient> reader;
};

TEST(Events, TellAConnectionsLife) {
  EventRig rig;
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  EXPECT_EQ(rig.number(rig.event("connect"), "connection"), 1);
  EXPECT_NE(rig.event("first_byte").find("\"stream\":\"upstream\""), std::string::npos);
  client.end_sending();
  upstream.end_sending();
  const std::string close = rig.event("close");
  EXPECT_EQ(rig.number(close, "bytes_upstream"), 1);
  EXPECT_EQ(rig.number(close, "bytes_downstream"), 0);
  EXPECT_GE(rig.number(close, "t_ns"), rig.number(rig.event("connected"), "t_ns"));
}

TEST(Events, TellEachDelayAskedAndAchieved) {
  EventRig rig;
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  rig.add(R"({"type":"latency","attributes":{"latency":20}})");
  upstream.send(rig.loop, "x");
  const std::string delay = rig.event("delay");
  EXPECT_EQ(rig.number(delay, "asked_ns"), 20'000'000);
  EXPECT_GE(rig.number(delay, "achieved_ns"), 20'000'000);
  EXPECT_NE(delay.find("\"toxic\":\"latency_downstream\""), std::string::npos);
}

TEST(Events, TellResetsRefusalsAndDrops) {
  EventRig rig;
  Peer client;
  Peer upstream;
  rig.join(client, upstream);
  rig.add(R"({"type":"timeout"})");
  upstream.send(rig.loop, "gone");
  EXPECT_EQ(rig.number(rig.event("drop"), "bytes"), 4);
  rig.add(R"({"type":"reset_peer"})");
  EXPECT_NE(rig.event("reset").find("a toxic"), std::string::npos);
  rig.stop_upstream();
  Peer refused = rig.connect();
  EXPECT_NE(rig.event("refused"), "");
}

TEST(Events, TellWhenAToxicBeginsAndEndsByItself) {
  EventRig rig;
  rig.add(R"({"type":"noop","after":5,"for":10,"tag":"run 7"})");
  const std::string begins = rig.event("toxic_begins");
  EXPECT_NE(begins.find(R"("toxic":"noop_downstream","type":"noop","tag":"run 7")"),
            std::string::npos)
      << begins;
  EXPECT_GE(rig.number(rig.event("toxic_ends"), "t_ns"), rig.number(begins, "t_ns") + 10'000'000);
}

TEST(Events, AToxicThatNeverBeganNeverEnds) {
  EventRig rig;
  rig.add(R"({"type":"noop","name":"x","after":3600000})");
  rig.remove("x");
  rig.add(R"({"type":"noop","name":"y"})");
  rig.event("toxic_begins");
  EXPECT_EQ(rig.reader->received().find("\"x\""), std::string::npos) << rig.reader->received();
}

TEST(Events, EndWhenTheProxyGoes) {
  EventRig rig;
  rig.call("DELETE", "/proxies/p");
  EXPECT_TRUE(rig.reader->read_until("\r\n0\r\n\r\n").ends_with("\r\n0\r\n\r\n"));
}

TEST(Events, AReaderThatGoesIsForgotten) {
  EventRig rig;
  EXPECT_TRUE(rig.proxy().events().listening());
  rig.reader->close();
  EXPECT_TRUE(rig.until([&] { return !rig.proxy().events().listening(); }));
}

TEST(Api, AnswersOverASocketCarryARequestIdAndKeepTheConnection) {
  EventRig rig;
  os::Endpoint api = os::parse_endpoint("127.0.0.1:0").value();
  api.port = rig.server.api.port();
  os::RawClient caller(rig.loop, api);
  for (int i = 0; i < 2; ++i) {
    caller.forget();
    caller.send("GET /version HTTP/1.1\r\nHost: t\r\n\r\n");
    const std::string& answer = caller.read_until("2.12.0\"}\n");
    EXPECT_TRUE(
        answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: "
                           "application/json;charset=utf-8\r\n"
                           "X-Toxiproxy-Request-Id: "))
        << answer;
    EXPECT_TRUE(answer.ends_with("\r\nContent-Length: 22\r\n\r\n{\"version\": \"2.12.0\"}\n"));
  }
}

}  // namespace
}  // namespace levi::proxy
