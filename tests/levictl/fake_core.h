// A core that answers what the test says: a process of the test's own behind an API and a control
// port.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/os/http.h"
#include "core/os/loop.h"
#include "tests/integration/rig.h"
#include "tests/support/forked.h"

namespace levi::test {

class FakeCore {
 public:
  // Path to JSON. A path that is missing is answered 404; without any, nothing listens there.
  using Answers = std::map<std::string, std::string>;

  FakeCore(const Answers& api, const Answers& control)
      : api_port_(free_port()), control_port_(free_port()), process_([&] {
          os::Loop loop;
          auto first = serve(loop, api, api_port_);
          auto second = serve(loop, control, control_port_);
          ready_.give();
          loop.run();
          return 0;
        }) {
    LEVI_CHECK(ready_.take());
  }

  std::string api() const { return "127.0.0.1:" + std::to_string(api_port_); }
  std::string control() const { return "127.0.0.1:" + std::to_string(control_port_); }

 private:
  static std::unique_ptr<os::HttpServer> serve(os::Loop& loop, const Answers& answers,
                                               std::uint16_t port) {
    if (answers.empty()) return nullptr;
    auto server = std::make_unique<os::HttpServer>(
        loop, os::HttpLimits{},
        [&answers](const os::HttpRequest& request, const std::shared_ptr<os::HttpReply>& reply) {
          const auto found = answers.find(std::string(request.path()));
          const bool known = found != answers.end();
          reply->send({known ? 200 : 404, "application/json", {}, known ? found->second : "{}"});
        });
    LEVI_CHECK(server->listen({"127.0.0.1", port, ""}));
    return server;
  }

  std::uint16_t api_port_;
  std::uint16_t control_port_;
  Signal ready_;
  Forked process_;
};

}  // namespace levi::test
