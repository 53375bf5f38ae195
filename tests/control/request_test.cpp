#include "core/control/request.h"

#include <gtest/gtest.h>

#include <string>

#include "core/control/audit_entry.h"
#include "core/control/writer.h"

namespace levi::control {
namespace {

struct Outcome {
  std::string buffer;
  ParseResult result;
};

Outcome parse(std::string text) {
  Outcome outcome{std::move(text), {}};
  outcome.result = parse_request(outcome.buffer.data(), outcome.buffer.size());
  return outcome;
}

TEST(ParseRequest, ReadsMethodPathQueryAndBody) {
  const Outcome o = parse(
      "POST /live/kill?on=true&reason=x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyGET ");
  ASSERT_EQ(o.result.parsed, Parsed::kWhole);
  EXPECT_EQ(o.result.request.method, "POST");
  EXPECT_EQ(o.result.request.path, "/live/kill");
  EXPECT_EQ(o.result.request.query, "on=true&reason=x");
  EXPECT_EQ(o.result.request.body, "body");
  EXPECT_EQ(o.result.consumed, o.buffer.size() - 4);
  EXPECT_TRUE(o.result.request.keep_alive);
}

TEST(ParseRequest, UnpacksChunksInPlaceAndLeavesWhatFollows) {
  const Outcome o = parse(
      "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;e=1\r\nhello\r\n0b\r\n, big "
      "world\r\n0\r\nT: 1\r\n\r\nNEXT");
  ASSERT_EQ(o.result.parsed, Parsed::kWhole);
  EXPECT_EQ(o.result.request.body, "hello, big world");
  EXPECT_EQ(o.buffer.substr(o.result.consumed), "NEXT");
}

TEST(ParseRequest, EveryPrefixOfAGoodRequestNeedsMore) {
  for (const std::string whole :
       {"POST /live/kill HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
        "POST /live/kill HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nA: "
        "b\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.0\n\n"}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(parse(whole.substr(0, size)).result.parsed, Parsed::kMore) << whole.substr(0, size);
    }
    EXPECT_EQ(parse(whole).result.parsed, Parsed::kWhole);
  }
}

TEST(ParseRequest, KnowsWhenToCloseAfterwards) {
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n").result.request.keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").result.request.keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nConnection: TE, Close\r\n\r\n").result.request.keep_alive);
}

TEST(ParseRequest, AnAbsoluteTargetGivesItsPath) {
  EXPECT_EQ(parse("GET http://127.0.0.1:8001/health?x HTTP/1.1\r\n\r\n").result.request.path,
            "/health");
  EXPECT_EQ(parse("GET http://127.0.0.1:8001 HTTP/1.1\r\n\r\n").result.request.path, "/");
}

struct Bad {
  const char* name;
  std::string text;
  int status;
};

TEST(ParseRequest, RefusesWhatIsNoRequest) {
  const std::string head = "GET / HTTP/1.1\r\n";
  const std::string many = [] {
    std::string lines;
    for (int i = 0; i < 65; ++i) lines += "A: b\r\n";
    return lines;
  }();
  const Bad rows[] = {
      {"no version", "GET /\r\n\r\n", 400},
      {"blank in target", "GET /a b HTTP/1.1\r\n\r\n", 400},
      {"control byte in target", "GET /\x01 HTTP/1.1\r\n\r\n", 400},
      {"method is no token", "GE(T / HTTP/1.1\r\n\r\n", 400},
      {"http 2", "GET / HTTP/2.0\r\n\r\n", 505},
      {"tls hello", std::string("\x16\x03\x01\x02\x00\x01\n", 7), 400},
      {"header without colon", head + "nonsense\r\n\r\n", 400},
      {"blank before colon", head + "A : b\r\n\r\n", 400},
      {"folded header", head + "A: b\r\n c\r\n\r\n", 400},
      {"nul in value", head + std::string("A: b\0c\r\n\r\n", 10), 400},
      {"length no number", head + "Content-Length: 4x\r\n\r\n", 400},
      {"negative length", head + "Content-Length: -4\r\n\r\n", 400},
      {"two lengths", head + "Content-Length: 4\r\nContent-Length: 5\r\n\r\n", 400},
      {"huge length", head + "Content-Length: 9999999999999999999999\r\n\r\n", 400},
      {"length beyond the buffer", head + "Content-Length: 9000\r\n\r\n", 413},
      {"smuggling", head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"other coding", head + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"twice chunked", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       501},
      {"chunk size", head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"chunk too large", head + "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", 400},
      {"chunk end", head + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", 400},
      {"too many headers", head + many + "\r\n", 431},
      {"long line", "GET /" + std::string(kRequestBytesMax, 'a'), 414},
      {"long headers", head + "A: " + std::string(kRequestBytesMax, 'a'), 431},
  };
  for (const Bad& row : rows) {
    const Outcome o = parse(row.text.substr(0, kRequestBytesMax));
    EXPECT_EQ(o.result.parsed, Parsed::kRefused) << row.name;
    EXPECT_EQ(o.result.status, row.status) << row.name;
    EXPECT_STRNE(o.result.why, "") << row.name;
  }
}

TEST(ParseRequest, TellsOfContinueBeforeTheBodyCame) {
  const Outcome o = parse("POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(o.result.parsed, Parsed::kMore);
  EXPECT_TRUE(o.result.head_whole);
  EXPECT_TRUE(o.result.request.expects_continue);
}

TEST(WantsKill, LooksAtMethodAndPathAndNothingElse) {
  for (const char* bytes :
       {"POST /live/kill HTTP/1.1\r\n", "post /live/kill\r\n", "POST /live/kill",
        "\r\n \tPOST\t/LIVE/Kill HTTP/9\n", "POST //live//kill/ HTTP/1.1",
        "POST /live%2Fkill HTTP/1.1", "POST /l%69ve/k%49ll?x HTTP/1.1",
        "POST /api/live/kill/now HTTP/1.1", "POST http://h:1/live/kill HTTP/1.1",
        "POST /admin/kill", "POST /live/kill#x", "POST /live/kill?on=false"}) {
    EXPECT_TRUE(wants_kill(bytes, nullptr)) << bytes;
  }
  for (const char* bytes :
       {"", "P", "POST", "POST ", "POST /live/kil", "GET /live/kill HTTP/1.1",
        "PUT /live/kill HTTP/1.1", "POSTER /live/kill",
        "POST /live/restore?reason=/live/kill HTTP/1.1", "POST /admin/unkill HTTP/1.1",
        "POST /live\r\n/kill", "POST /liv%25e/kill", "xPOST /live/kill"}) {
    EXPECT_FALSE(wants_kill(bytes, nullptr)) << bytes;
  }
}

TEST(WantsKill, GivesTheQueryAsFarAsItIsThere) {
  std::string_view query;
  ASSERT_TRUE(wants_kill("POST /live/kill?on=fal", &query));
  EXPECT_EQ(query, "on=fal");
  ASSERT_TRUE(wants_kill("POST /live/kill?on=false&reason=x HTTP/1.1\r\nA: ?b", &query));
  EXPECT_EQ(query, "on=false&reason=x");
  ASSERT_TRUE(wants_kill("POST /live/kill HTTP/1.1\r\nA: ?b", &query));
  EXPECT_EQ(query, "");
}

TEST(QueryForAudit, KeepsTheValuesOfOurOwnKeysAndNoOthers) {
  EXPECT_EQ(
      query_for_audit("on=false&reason=a%20b&actor=ann&holder=chaos&epoch=7&symbol=B&run=r&on")
          .view(),
      "on=false&reason=a%20b&actor=ann&holder=chaos&epoch=7&symbol=B&run=r&on");
  EXPECT_EQ(query_for_audit("r%65ason=x&REASON=x&x=").view(), "r%65ason=x&REASON=***&***");
}

TEST(QueryForAudit, HidesWhateverElseIsThere) {
  for (const std::string key :
       {"token", "to%6ben", "access_key", "api-key", "private_key", "passphrase", "listenKey",
        "auth", "sig", "Signature", "a_name_with_its_telling_part_behind_byte_31_password", "x"}) {
    EXPECT_EQ(query_for_audit("on=true&" + key + "=hunter2&epoch=1").view(),
              "on=true&" + key + "=***&epoch=1");
  }
  EXPECT_EQ(query_for_audit("hunter2&reason=r").view(), "***&reason=r");
}

TEST(Writer, EscapesWhatJsonCannotHold) {
  std::array<char, 256> buffer;
  Writer out(buffer);
  out.text("{")
      .field("a", std::string_view("q\"\\\n\x7f\xc3\xa4\xff\xed\xa0\x80z"))
      .field("b", -1.5)
      .field("c", true);
  out.field("d", 7u).key("t").text("\"").utc(Instant{1763769454123456789}).text("\"}");
  EXPECT_EQ(out.view(),
            "{\"a\":\"q\\\"\\\\\\u000a\\u007f\xc3\xa4\\ufffd\\ufffd\\ufffd\\ufffdz\",\"b\":-1.500,"
            "\"c\":true,\"d\":7,"
            "\"t\":\"2025-11-21T23:57:34.123456Z\"}");
}

TEST(Writer, RemembersThatSomethingWasCut) {
  std::array<char, 4> buffer;
  Writer out(buffer);
  EXPECT_FALSE(out.text("abcd").overflowed());
  EXPECT_TRUE(out.text("e").overflowed());
  EXPECT_EQ(out.view(), "abcd");
}

}  // namespace
}  // namespace levi::control
