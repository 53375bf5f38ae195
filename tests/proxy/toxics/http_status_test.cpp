#include "tests/proxy/message_rig.h"

namespace levi::proxy {
namespace {

TEST(HttpStatus, AnswersMatchingRequestsItselfWithRetryAfter) {
  ChainRig rig(Direction::kUpstream);
  rig.add(R"({"type":"http_status","attributes":{"status":429,"retry_after":7,"path":"/api/"}})");
  rig.send(request("/health"));
  rig.send(request("/api/order"));
  EXPECT_EQ(rig.bytes(), "?/health");
  EXPECT_EQ(rig.answers(),
            "HTTP/1.1 429 Injected by levi-proxy\r\nContent-Length: 0\r\nRetry-After: "
            "7\r\n\r\n");
}

TEST(HttpStatus, TheBodyOfARefusedRequestGoesNowhereEither) {
  ChainRig rig(Direction::kUpstream);
  rig.add(R"({"type":"http_status"})");
  Item head = request("/x");
  head.ends = false;
  rig.send(head);
  rig.send({.bytes = "body", .unit = Unit::kRequest, .begins = false, .message = head.message});
  EXPECT_EQ(rig.bytes(), "");
}

TEST(HttpStatus, ActsOnRequestsWhateverStreamIsNamed) {
  EXPECT_EQ(toxic(R"({"type":"http_status","stream":"downstream"})").acting(),
            Direction::kUpstream);
}

}  // namespace
}  // namespace levi::proxy
