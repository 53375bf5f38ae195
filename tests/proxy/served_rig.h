// A WebSocket and HTTP server behind the proxy, real clients before it, all on one loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/os/http.h"
#include "core/os/websocket.h"
#include "tests/proxy/socket_rig.h"

namespace levi::proxy {

struct ServedRig {
  os::Loop loop;
  os::HttpServer upstream;
  Server server{loop, 42, false};
  std::vector<std::shared_ptr<os::WebSocketConnection>> sockets;
  std::vector<std::string> served;  // paths, in order
  std::string log;                  // what the client saw
  os::Endpoint address;

  ServedRig()
      : upstream(loop, {}, [this](os::HttpRequest request, auto reply) {
          served.emplace_back(request.path());
          if (request.path() != "/ws") {
            reply->send(
                {.status = 200, .content_type = "text/plain", .headers = {}, .body = "fine"});
            return;
          }
          const auto socket = reply->upgrade();
          socket->on_message(
              [this](bool, std::string_view text) { log += "<" + std::string(text); });
          socket->on_close([](const os::WsClosed&) {});
          sockets.push_back(socket);
        }) {
    EXPECT_TRUE(upstream.listen(os::parse_endpoint("127.0.0.1:0").value()));
    call("POST", "/proxies",
         R"({"name":"p","listen":"localhost:0","upstream":"127.0.0.1:)" +
             std::to_string(upstream.port()) + "\"}");
    address = os::parse_endpoint(server.proxies.find("p").value()->listen()).value();
  }
  os::HttpResponse call(const std::string& method, const std::string& target,
                        const std::string& body = {}) {
    return server.api.answer({method, target, {}, body});
  }
  void add(const std::string& json) {
    const auto response = call("POST", "/proxies/p/toxics", json);
    EXPECT_EQ(response.status, 200) << response.body;
  }
  std::unique_ptr<os::WebSocketClient> client() {
    os::WebSocketHandlers handlers;
    handlers.on_open = [this] { log += "open "; };
    handlers.on_message = [this](bool, std::string_view text) { log += std::string(text) + ' '; };
    handlers.on_close = [this](const os::WsClosed& closed) {
      log += closed.end == os::WsEnd::kRefused ? "refused "
                                               : "closed" + std::to_string(closed.code) + ' ';
    };
    return std::make_unique<os::WebSocketClient>(loop, address, "/ws", 20s, handlers);
  }
  bool sees(const std::string& text) {
    const bool seen = os::pump(loop, [&] { return log.find(text) != std::string::npos; });
    EXPECT_TRUE(seen) << "saw: " << log;
    return seen;
  }
  void push(const std::string& text) { sockets.back()->send(false, text); }
};

}  // namespace levi::proxy
