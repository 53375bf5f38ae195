// A web page in the operator's browser reaches loopback too: it may stop, and open or start
// nothing.
#include <gtest/gtest.h>

#include "tests/api/rig.h"

namespace levi::api {
namespace {

using test::ApiRig;
using test::HttpAnswer;
using test::json;

struct Page {
  const char* what;
  const char* headers;
};
constexpr Page kPages[] = {
    {"of elsewhere", "Host: 127.0.0.1:8000\r\nOrigin: https://evil.example\r\n"},
    {"in a sandbox", "Host: 127.0.0.1:8000\r\nOrigin: null\r\n"},
    {"of another port", "Host: 127.0.0.1:8000\r\nOrigin: http://127.0.0.1:3000\r\n"},
    {"by a rebound name", "Host: evil.example:8000\r\n"},
    {"by a rebound name, of its own", "Host: evil.example\r\nOrigin: http://evil.example\r\n"},
};

HttpAnswer send(ApiRig& rig, const std::string& line, const std::string& headers,
                const std::string& body = {}) {
  return rig.connect().call(line + " HTTP/1.1\r\n" + headers +
                            "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

TEST(ForeignPage, OpensAndStartsNothing) {
  const std::string lease = R"({"run":"r1","owner":"ci","scenario":"C-1","ttl_ms":5000})";
  const std::pair<const char*, std::string> rows[] = {
      {"POST /live/restore?reason=x", ""},
      {"POST /live/kill?on=false&reason=x", ""},
      {"POST /live/kill", R"({"on":false,"reason":"x"})"},
      {"POST /admin/unkill?reason=x", ""},
      {"POST /live/flatten?reason=x&epoch=2", ""},
      {"POST /engines/0/start?reason=x", ""},
      {"POST /engines/0/restart?reason=x", ""},
      {"POST /engines/start?symbol=BTCUSDT", ""},
      {"POST /engines/restart?symbol=BTCUSDT", ""},
      {"POST /chaos/lease", lease},
      {"DELETE /chaos/lease?run=r1", ""},
  };
  ApiRig rig;
  rig.core.start();
  rig.post("/live/kill");
  for (const Page& page : kPages) {
    for (const auto& [line, body] : rows) {
      const HttpAnswer answer = send(rig, line, page.headers, body);
      EXPECT_EQ(answer.status, 403) << page.what << ": " << line;
      EXPECT_NE(answer.head.find("problem+json"), std::string::npos);
    }
  }
  EXPECT_TRUE(rig.core.commands().empty());
  EXPECT_TRUE(rig.latch().load().sealed());
  EXPECT_EQ(rig.get("/chaos/lease")["lease"], nullptr);
  rig.wait_audited(1 + std::size(kPages) * std::size(rows));
  EXPECT_EQ(rig.audit_lines().back()["status"], 403);
}

TEST(ForeignPage, KillsStopsAndReads) {
  for (const Page& page : kPages) {
    ApiRig rig;
    rig.core.start();
    EXPECT_EQ(send(rig, "POST /engines/0/stop", page.headers).status, 200) << page.what;
    EXPECT_EQ(send(rig, "GET /engines", page.headers).status, 200) << page.what;
    EXPECT_EQ(send(rig, "POST /live/kill", page.headers).status, 200) << page.what;
    EXPECT_TRUE(rig.latch().load().sealed());
  }
}

TEST(ForeignPage, ProgramsAndThisServersOwnPagesAreNone) {
  for (const char* headers :
       {"", "Host: 127.0.0.1:8000\r\n", "Host: localhost\r\n", "Host: LOCALHOST:9000\r\n",
        "Host: [::1]:8000\r\n", "Host: localhost:8000\r\nOrigin: http://localhost:8000\r\n"}) {
    ApiRig rig;
    rig.core.start();
    rig.post("/live/kill");
    EXPECT_EQ(send(rig, "POST /live/restore?reason=x", headers).status, 200) << headers;
  }
}

}  // namespace
}  // namespace levi::api
