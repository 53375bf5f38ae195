#include <gtest/gtest.h>

#include <string>

#include "core/os/http.h"

namespace levi::os {
namespace {

HttpLimits parser_limits() {
  HttpLimits limits;
  limits.header_bytes_max = 256;
  limits.body_bytes_max = 64;
  return limits;
}

struct Parsed {
  bool whole = false;
  int error_status = 0;  // 0: no error
  HttpRequest request = {};
  std::size_t taken = 0;
  bool keep_alive = false;
};

// Feeds `bytes` in pieces of `step`, keeping back what is not taken, as a connection does.
Parsed parse(std::string_view bytes, std::size_t step, const HttpLimits& limits = parser_limits()) {
  HttpParser parser(HttpParser::Kind::kRequest, limits);
  Parsed parsed;
  std::size_t end = 0;
  while (end < bytes.size() && !parser.done()) {
    end = std::min(end + step, bytes.size());
    const auto taken = parser.feed(bytes.substr(parsed.taken, end - parsed.taken));
    if (!taken) {
      parsed.error_status = parser.error_status();
      return parsed;
    }
    parsed.taken += taken.value();
  }
  parsed.whole = parser.done();
  if (parsed.whole) {
    parsed.keep_alive = parser.keep_alive();
    parsed.request = parser.take_request();
  }
  return parsed;
}

TEST(HttpParser, ReadsARequestInPiecesOfAnySize) {
  const std::string bytes =
      "POST /live/kill?on=true&reason=a%20b HTTP/1.1\r\nHost: x\r\nContent-Type: "
      "application/json\r\n"
      "X-Empty:\r\nContent-Length: 11\r\n\r\n{\"on\":true}GET / HTTP/1.1\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Parsed parsed = parse(bytes, step);
    ASSERT_TRUE(parsed.whole) << step;
    EXPECT_EQ(parsed.request.method, "POST");
    EXPECT_EQ(parsed.request.path(), "/live/kill");
    EXPECT_EQ(parsed.request.query(), "on=true&reason=a%20b");
    EXPECT_EQ(parsed.request.parameter("reason"), "a b");
    EXPECT_EQ(parsed.request.header("content-TYPE"), "application/json");
    EXPECT_EQ(parsed.request.header("x-empty"), "");
    EXPECT_EQ(parsed.request.body, "{\"on\":true}");
    EXPECT_TRUE(parsed.keep_alive);
    EXPECT_EQ(bytes.substr(parsed.taken), "GET / HTTP/1.1\r\n") << "the next stays";
  }
}

TEST(HttpParser, JoinsChunksAndForgetsTrailers) {
  const std::string bytes =
      "PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nAuthorization: forged\r\n\r\nrest";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Parsed parsed = parse(bytes, step);
    ASSERT_TRUE(parsed.whole) << step << " " << parsed.error_status;
    EXPECT_EQ(parsed.request.body, "hello world");
    EXPECT_EQ(parsed.request.header("authorization"), "");
    EXPECT_EQ(bytes.substr(parsed.taken), "rest");
  }
}

TEST(HttpParser, RefusesWhatTwoReadersCouldReadDifferently) {
  const char* heads[] = {
      "Content-Length: 3\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding: chunked\r\nContent-Length: 3",
      "Content-Length: 3\r\nContent-Length: 3",
      "Content-Length: 3\r\nContent-Length: 4",
      "Content-Length: 3, 3",
      "Content-Length: +3",
      "Content-Length: -3",
      "Content-Length: 0x3",
      "Content-Length: 3 3",
      "Content-Length: ",
      "Content-Length: 99999999999999999999999",
      "Transfer-Encoding: gzip, chunked",
      "Transfer-Encoding: chunked, identity",
      "Transfer-Encoding: identity",
      "Transfer-Encoding: xchunked",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding : chunked",
      " Content-Length: 3",
      "Content-Length : 3",
      "Host: a\r\nHost: b",
      "A\nB: c",
      "A: b\nContent-Length: 3",
      ": nothing",
      "A: b\rC: d",
  };
  for (const char* head : heads) {
    const std::string bytes = "POST / HTTP/1.1\r\n" + std::string(head) + "\r\n\r\nabc";
    for (const std::size_t step : {std::size_t{1}, bytes.size()}) {
      const Parsed parsed = parse(bytes, step);
      EXPECT_EQ(parsed.error_status, 400) << head << " in pieces of " << step;
    }
  }
  EXPECT_EQ(
      parse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 99).error_status,
      400);
}

TEST(HttpParser, RefusesWhatIsNoHttp) {
  for (const char* bytes :
       {"\x16\x03\x01\x02", "GET\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n", "G@T / HTTP/1.1\r\n\r\n", "/ GET HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\n\n"}) {
    EXPECT_EQ(parse(bytes, 99).error_status, 400) << bytes;
    EXPECT_FALSE(parse(bytes, 1).whole) << bytes;
  }
}

TEST(HttpParser, PassesOverEmptyLinesBetweenRequests) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{100}}) {
    const Parsed parsed = parse("\r\n\r\nGET / HTTP/1.1\r\n\r\n", step);
    EXPECT_TRUE(parsed.whole);
    EXPECT_EQ(parsed.request.target, "/");
  }
}

TEST(HttpParser, HoldsTheHeaderLimitHoweverItComes) {
  const std::string one_line = "GET / HTTP/1.1\r\nA: " + std::string(300, 'x') + "\r\n\r\n";
  std::string many_lines = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 100; ++i) many_lines += "A: b\r\n";
  const std::string long_target = "GET /" + std::string(300, 'x') + " HTTP/1.1\r\n\r\n";
  const std::string endless = "GET /" + std::string(1000, 'x');
  for (const std::string& bytes : {one_line, many_lines, long_target, endless}) {
    // In pieces of 6, a line of `many_lines` is whole at each piece's end: a limit on what is held
    // at a time is not enough.
    for (const std::size_t step : {std::size_t{1}, std::size_t{6}, bytes.size()}) {
      EXPECT_EQ(parse(bytes, step).error_status, 431) << bytes.substr(0, 30) << " in " << step;
    }
  }
}

TEST(HttpParser, HoldsTheBodyLimitHoweverItComes) {
  const std::string length = "POST / HTTP/1.1\r\nContent-Length: 65\r\n\r\n";
  EXPECT_EQ(parse(length, length.size()).error_status, 413) << "before a byte of it came";
  std::string chunks = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 10; ++i) chunks += "8\r\n12345678\r\n";
  for (const std::size_t step : {std::size_t{1}, chunks.size()}) {
    EXPECT_EQ(parse(chunks, step).error_status, 413);
  }
  const std::string huge =
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n";
  EXPECT_EQ(parse(huge, 1).error_status, 413);
}

TEST(HttpParser, HoldsALimitForChunkHeadersToo) {
  const std::string bytes =
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(1000, 'x');
  EXPECT_NE(parse(bytes, 1).error_status, 0);
}

TEST(HttpParser, KnowsWhoWantsToGoOn) {
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\n\r\n", 99).keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 99).keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n", 99).keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 99).keep_alive);
}

Result<HttpResponse> response_of(std::string_view bytes, bool head_only = false,
                                 bool ended = false) {
  HttpParser parser(HttpParser::Kind::kResponse, HttpLimits{});
  if (head_only) parser.expect_no_body();
  LEVI_TRY_STATUS(parser.feed(bytes));
  if (ended) {
    LEVI_TRY_STATUS(parser.finish());
  }
  if (!parser.done()) return error(ErrorCode::kIo, "not whole");
  return parser.take_response();
}

TEST(HttpParser, ReadsResponses) {
  const auto plain = response_of(
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX: y\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(plain.value().status, 200);
  EXPECT_EQ(plain.value().content_type, "text/plain");
  EXPECT_EQ(plain.value().header("x"), "y");
  EXPECT_EQ(plain.value().body, "hi");
  EXPECT_EQ(response_of("HTTP/1.1 204 No Content\r\n\r\n").value().status, 204);
  EXPECT_EQ(response_of("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true).value().body, "");
  EXPECT_EQ(response_of("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").has_value(), false)
      << "no reason phrase";
  EXPECT_EQ(response_of("HTTP/1.0 200 OK\r\n\r\nuntil the end", false, true).value().body,
            "until the end");
}

TEST(HttpParser, KnowsACutResponse) {
  EXPECT_FALSE(response_of("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", false, true));
  EXPECT_FALSE(
      response_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", false, true));
  EXPECT_FALSE(response_of("HTTP/1.1 200 OK\r\nCont", false, true));
  HttpParser parser(HttpParser::Kind::kResponse, HttpLimits{});
  EXPECT_FALSE(parser.finish()) << "nothing came at all";
}

TEST(HttpParser, GoesOnWithTheNextMessage) {
  HttpParser parser(HttpParser::Kind::kRequest, HttpLimits{});
  std::string_view bytes =
      "POST /1 HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"
      "POST /2 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\ncd";
  bytes.remove_prefix(parser.feed(bytes).value());
  EXPECT_EQ(parser.take_request().target, "/1");
  EXPECT_FALSE(parser.started());
  const std::size_t head = bytes.size() - 2;
  bytes.remove_prefix(parser.feed(bytes.substr(0, head)).value());
  EXPECT_TRUE(parser.headers_done());
  EXPECT_TRUE(parser.expects_continue());
  EXPECT_FALSE(parser.done());
  parser.feed(bytes).value();
  EXPECT_EQ(parser.take_request().body, "cd");
}

TEST(PercentSigns, AreReadAndWritten) {
  EXPECT_EQ(percent_decode("a%20b+c%2B%zz%4"), "a b c+%zz%4");
  EXPECT_EQ(percent_decode("%c3%A4"), "\xc3\xa4");
  EXPECT_EQ(percent_encode("a b/\xc3\xa4~"), "a%20b%2F%C3%A4~");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

TEST(ParseQuery, SplitsAndDecodes) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(parse_query("a=1&b=%26&c&=d&&e==f"),
            (Pairs{{"a", "1"}, {"b", "&"}, {"c", ""}, {"", "d"}, {"e", "=f"}}));
  EXPECT_TRUE(parse_query("").empty());
}

TEST(HttpRequest, FindsItsPath) {
  EXPECT_EQ((HttpRequest{.target = "/a/b?c?d"}.path()), "/a/b");
  EXPECT_EQ((HttpRequest{.target = "/a?c?d"}.query()), "c?d");
  EXPECT_EQ((HttpRequest{.target = "http://host:1/a?b"}.path()), "/a");
  EXPECT_EQ((HttpRequest{.target = "http://host"}.path()), "/");
  EXPECT_EQ((HttpRequest{.target = "/a"}.query()), "");
  EXPECT_EQ((HttpRequest{.target = "/a?on=false&on=true"}.parameter("on")), "false") << "the first";
  EXPECT_EQ((HttpRequest{.target = "/a?x"}.parameter("y")), std::nullopt);
}

}  // namespace
}  // namespace levi::os
