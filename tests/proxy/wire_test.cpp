// The API on the wire: one connection, every kind of answer, byte for byte but for the request's
// id.
#include "tests/proxy/socket_rig.h"

namespace levi::proxy {
namespace {

struct WireRig {
  os::Loop loop;
  Server server{loop, 42, false};
  std::unique_ptr<os::RawClient> client;

  WireRig() {
    os::Endpoint endpoint = os::parse_endpoint("127.0.0.1:0").value();
    EXPECT_TRUE(server.api.listen(endpoint));
    endpoint.port = server.api.port();
    client = std::make_unique<os::RawClient>(loop, endpoint);
  }
  // "POST /proxies {...}" → head and body, the id as "ID".
  std::string ask(const std::string& method, const std::string& path, const std::string& body,
                  const std::string& expected) {
    client->forget();
    client->send(method + ' ' + path + " HTTP/1.1\r\nHost: t\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n" + body);
    constexpr std::string_view kId = "X-Toxiproxy-Request-Id: ";
    constexpr std::size_t kIdSize = 20;
    std::string answer = client->read([&](const std::string& all) {
      return all.size() >= expected.size() - 2 + kIdSize;  // "ID" stands for it
    });
    const std::size_t at = answer.find(kId);
    if (at != std::string::npos) answer.replace(at + kId.size(), kIdSize, "ID");
    return answer;
  }
};

struct Row {
  const char* method;
  const char* path;
  std::string body;
  std::string head;  // behind the status, without the id and the length
  std::string answer;
};

std::string on_the_wire(const Row& row) {
  const bool empty = row.head.starts_with("204");
  return "HTTP/1.1 " + row.head + "X-Toxiproxy-Request-Id: ID\r\n" +
         (empty ? std::string() : "Content-Length: " + std::to_string(row.answer.size()) + "\r\n") +
         "\r\n" + row.answer;
}

constexpr const char* kJson = "Content-Type: application/json\r\n";
constexpr const char* kText =
    "Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n";
constexpr const char* kProxy =
    R"({"name":"a","listen":"localhost:1","upstream":"h:2","enabled":false,"Logger":{},"toxics":[)";
constexpr const char* kToxic =
    R"({"attributes":{"latency":7,"jitter":0},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":1})";

std::vector<Row> rows() {
  const auto json = [](const char* status) { return std::string(status) + "\r\n" + kJson; };
  const auto text = [](const char* status) { return std::string(status) + "\r\n" + kText; };
  const std::string create =
      R"({"name":"a","listen":"localhost:1","upstream":"h:2","enabled":false})";
  const std::string proxy = std::string(kProxy) + "]}";
  const std::string toxic = kToxic;
  const std::string afflicted = kProxy + toxic + "]}";
  return {
      {"GET", "/version", "", "200 OK\r\nContent-Type: application/json;charset=utf-8\r\n",
       "{\"version\": \"2.12.0\"}\n"},
      {"GET", "/proxies", "", json("200 OK"), "{}"},
      {"POST", "/proxies", create, json("201 Created"), proxy},
      {"POST", "/proxies", create, text("409 Conflict"),
       "{\"error\":\"proxy already exists\",\"status\":409}\n"},
      {"POST", "/proxies", "{", text("400 Bad Request"),
       "{\"error\":\"bad request body: unexpected EOF\",\"status\":400}\n"},
      {"POST", "/proxies/a/toxics", R"({"type":"latency","attributes":{"latency":7}})",
       json("200 OK"), toxic},
      {"GET", "/proxies/a/toxics", "", json("200 OK"), '[' + toxic + ']'},
      {"GET", "/proxies/a/toxics/latency_downstream", "", json("200 OK"), toxic},
      {"PATCH", "/proxies/a/toxics/latency_downstream", "{}", json("200 OK"), toxic},
      {"POST", "/proxies/a/toxics/latency_downstream", "{}", json("200 OK"), toxic},
      {"GET", "/proxies/a", "", json("200 OK"), afflicted},
      {"PATCH", "/proxies/a", "{}", json("200 OK"), afflicted},
      {"POST", "/proxies/a", "{}", json("200 OK"), afflicted},
      {"GET", "/proxies", "", json("200 OK"), "{\"a\":" + afflicted + '}'},
      {"DELETE", "/proxies/a/toxics/latency_downstream", "", "204 No Content\r\n", ""},
      {"DELETE", "/proxies/a/toxics/latency_downstream", "", text("404 Not Found"),
       "{\"error\":\"toxic not found\",\"status\":404}\n"},
      {"POST", "/populate", '[' + create + ']', json("201 Created"),
       "{\"proxies\":[" + proxy + "]}"},
      {"POST", "/populate", "[{}]", json("400 Bad Request"),
       R"({"error":"missing required field: name at proxy 1","status":400,"proxies":null})"},
      {"DELETE", "/proxies/a", "", "204 No Content\r\n", ""},
      {"GET", "/proxies/a", "", text("404 Not Found"),
       "{\"error\":\"proxy not found\",\"status\":404}\n"},
      {"POST", "/reset", "", "204 No Content\r\n", ""},
      {"GET", "/reset", "", "405 Method Not Allowed\r\n", ""},
      {"GET", "/metrics", "", text("404 Not Found"), "404 page not found\n"},
  };
}

TEST(Wire, EveryCallAnswersItsExactBytes) {
  WireRig rig;
  for (const Row& row : rows()) {
    SCOPED_TRACE(std::string(row.method) + ' ' + row.path);
    const std::string expected = on_the_wire(row);
    EXPECT_EQ(rig.ask(row.method, row.path, row.body, expected), expected);
  }
}

TEST(Wire, ABrowserIsRefused) {
  WireRig rig;
  rig.client->send("GET /version HTTP/1.1\r\nHost: t\r\nUser-Agent: Mozilla/5.0\r\n\r\n");
  const std::string& answer = rig.client->read_until("allowed\n");
  EXPECT_TRUE(answer.starts_with(std::string("HTTP/1.1 403 Forbidden\r\n") + kText)) << answer;
  EXPECT_TRUE(answer.ends_with("\r\nContent-Length: 23\r\n\r\nUser agent not allowed\n")) << answer;
}

// Whatever comes, others notice nothing.
TEST(Wire, BodiesOfAnySizeAndShapeAreAnsweredOrRefused) {
  WireRig rig;
  os::Endpoint endpoint = os::parse_endpoint("127.0.0.1:0").value();
  endpoint.port = rig.server.api.port();
  const std::string bad[] = {
      "POST /proxies HTTP/1.1\r\nHost: t\r\nContent-Length: 999999999999\r\n\r\n",
      "POST /populate HTTP/1.1\r\nHost: t\r\nContent-Length: 5000000\r\n\r\n",
      "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n",
      std::string("\x16\x03\x01\x00\xff binary\r\n\r\n", 16),
      "PUT /proxies/a HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"};
  for (const std::string& request : bad) {
    os::RawClient client(rig.loop, endpoint);
    client.send(request);
    EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 4")) << request.substr(0, 60);
    EXPECT_TRUE(client.ended());
  }
  const Row version = rows().front();
  EXPECT_EQ(rig.ask("GET", "/version", "", on_the_wire(version)), on_the_wire(version));
}

}  // namespace
}  // namespace levi::proxy
