// HttpParser, the query reader and the writer behind them, fed with any bytes in any pieces.
//
// The first byte chooses request or response and the size of the pieces. Claims: nothing crashes;
// how the bytes are cut changes neither the messages nor the verdict; a request that was accepted
// is read again from what append_request writes of it.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/os/http.h"
#include "core/os/http_text.h"

namespace {

using levi::os::HttpHeaders;
using levi::os::HttpLimits;
using levi::os::HttpParser;
using levi::os::HttpRequest;

struct Outcome {
  std::vector<HttpRequest> messages;
  bool refused = false;
};

HttpLimits limits() {
  HttpLimits chosen;
  chosen.header_bytes_max = 512;
  chosen.body_bytes_max = 1024;
  return chosen;
}

HttpRequest take(HttpParser& parser, HttpParser::Kind kind) {
  if (kind == HttpParser::Kind::kRequest) return parser.take_request();
  const levi::os::HttpResponse response = parser.take_response();
  return {std::to_string(response.status), response.content_type, response.headers, response.body};
}

Outcome parse(HttpParser::Kind kind, std::string_view bytes, std::size_t step) {
  Outcome outcome;
  HttpParser parser(kind, limits());
  std::size_t taken = 0;
  std::size_t end = 0;
  while (end < bytes.size()) {
    end = std::min(end + step, bytes.size());
    for (bool more = true; more && taken < end;) {
      const auto fed = parser.feed(bytes.substr(taken, end - taken));
      if (!fed) {
        outcome.refused = true;
        return outcome;
      }
      taken += fed.value();
      more = parser.done();
      if (more) outcome.messages.push_back(take(parser, kind));
    }
  }
  if (parser.started() && parser.finish() && parser.done())
    outcome.messages.push_back(take(parser, kind));
  return outcome;
}

bool equal(const HttpRequest& a, const HttpRequest& b) {
  return a.method == b.method && a.target == b.target && a.headers == b.headers && a.body == b.body;
}

// Framing headers are written anew; the rest must come back as it was.
void check_written_again(const HttpRequest& request) {
  HttpRequest plain = request;
  std::erase_if(plain.headers, [](const auto& header) {
    return levi::os::equals_ignoring_case(header.first, "content-length") ||
           levi::os::equals_ignoring_case(header.first, "transfer-encoding");
  });
  std::string bytes;
  if (!levi::os::append_request(bytes, plain, "host"))
    return;  // e.g. bytes beyond ASCII in the target
  HttpLimits wide;
  HttpParser parser(HttpParser::Kind::kRequest, wide);
  const auto fed = parser.feed(bytes);
  LEVI_CHECK(fed && parser.done() && fed.value() == bytes.size());
  const HttpRequest again = parser.take_request();
  LEVI_CHECK(again.method == request.method && again.target == request.target &&
             again.body == request.body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::uint8_t choice = data[0];
  const auto kind = choice & 1 ? HttpParser::Kind::kResponse : HttpParser::Kind::kRequest;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome pieces = parse(kind, bytes, 1 + (choice >> 1) % 40);
  const Outcome single = parse(kind, bytes, 1);
  const std::size_t common = std::min(pieces.messages.size(), single.messages.size());
  for (std::size_t i = 0; i < common; ++i)
    LEVI_CHECK(equal(pieces.messages[i], single.messages[i]));
  if (!pieces.refused && !single.refused)
    LEVI_CHECK(pieces.messages.size() == single.messages.size());
  if (kind == HttpParser::Kind::kRequest) {
    for (const HttpRequest& request : single.messages) {
      check_written_again(request);
      levi::os::parse_query(request.query());
    }
  }
  LEVI_CHECK(levi::os::percent_decode(levi::os::percent_encode(bytes)) == bytes);
  return 0;
}
