// The control API without a socket: one call, its answer.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "chaos/proxy/server.h"

namespace levi::proxy {

struct ApiRig {
  os::Loop loop;
  Server server;

  explicit ApiRig(ControlOptions options = {}) : server(loop, 42, false, std::move(options)) {}

  os::HttpResponse call(const std::string& method, const std::string& target,
                        const std::string& body = {}, os::HttpHeaders headers = {}) {
    return server.api.answer({method, target, std::move(headers), body});
  }
  // "200 application/json {...}"
  std::string line(const std::string& method, const std::string& target,
                   const std::string& body = {}) {
    const os::HttpResponse response = call(method, target, body);
    return std::to_string(response.status) + ' ' + response.content_type + ' ' + response.body;
  }
  // A disabled proxy: no socket is taken.
  void create(const std::string& name, const std::string& listen = "localhost:1",
              const std::string& upstream = "127.0.0.1:2") {
    const auto made = call("POST", "/proxies",
                           R"({"enabled":false,"name":")" + name + R"(","listen":")" + listen +
                               R"(","upstream":")" + upstream + "\"}");
    ASSERT_EQ(made.status, 201) << made.body;
  }
};

}  // namespace levi::proxy
