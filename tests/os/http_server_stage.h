// An HttpServer for its tests.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/os/http.h"
#include "tests/os/support.h"

namespace levi::os {

using Reply = std::shared_ptr<HttpReply>;

inline HttpLimits small_limits() {
  HttpLimits limits;
  limits.header_bytes_max = 1024;
  limits.body_bytes_max = 4096;
  limits.connections_max = 4;
  return limits;
}

// A server whose answers the test decides; clients are raw bytes on the same loop.
class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() { start(small_limits()); }

  void start(const HttpLimits& limits) {
    server = std::make_unique<HttpServer>(loop, limits, [this](HttpRequest request, Reply reply) {
      ++requests;
      last = std::move(request);
      handle(reply);
    });
    ASSERT_TRUE(server->listen({"127.0.0.1", 0, ""}));
    server->on_connection_opened([this](std::uint64_t id) { opened.push_back(id); });
    server->on_connection_closed([this](std::uint64_t id) { closed.push_back(id); });
  }

  Endpoint endpoint() const { return {"127.0.0.1", server->port(), ""}; }
  RawClient connect() { return RawClient(loop, endpoint()); }

  Loop loop;
  std::unique_ptr<HttpServer> server;
  std::function<void(Reply)> handle = [](const Reply& reply) { reply->send({.body = "ok"}); };
  int requests = 0;
  HttpRequest last;
  std::vector<std::uint64_t> opened;
  std::vector<std::uint64_t> closed;
};

inline constexpr std::string_view kGet = "GET /x HTTP/1.1\r\n\r\n";

inline std::size_t count_of(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++count;
  return count;
}

}  // namespace levi::os
