// ControlApi: Toxiproxy's HTTP API, version 2.12.0, and what is ours beside it:
//
//   PUT    /proxies/{p}          replaces a proxy, toxics included, in one step
//   GET    /proxies/{p}/events   server-sent events (events.h)
//   DELETE /toxics?tag=T         removes every toxic of that tag, on every proxy
// On the loop's thread; answers at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/proxy/proxies.h"
#include "core/os/http.h"

namespace levi::proxy {

inline constexpr const char* kToxiproxyVersion = "2.12.0";

struct ControlOptions {
  bool proxy_metrics = false;
  bool runtime_metrics = false;
  std::string token = {};  // not empty: every request must carry it ("Authorization: Bearer ...")
};

class ControlApi {
 public:
  ControlApi(os::Loop& loop, Proxies& proxies, ControlOptions options);

  Status listen(const os::Endpoint& endpoint) { return server_.listen(endpoint); }
  std::uint16_t port() const { return server_.port(); }
  void stop() { server_.stop_listening(); }

  // The answer without a socket; for GET /proxies/{p}/events an answer of status 0.
  os::HttpResponse answer(const os::HttpRequest& request);

 private:
  using Segments = std::vector<std::string>;

  void serve(const os::HttpRequest& request, const std::shared_ptr<os::HttpReply>& reply);
  os::HttpResponse route(const os::HttpRequest& request, const Segments& path);
  os::HttpResponse on_proxies(const os::HttpRequest& request);
  os::HttpResponse on_proxy(const os::HttpRequest& request, const std::string& name);
  os::HttpResponse on_toxics(const os::HttpRequest& request, const std::string& name);
  os::HttpResponse on_toxic(const os::HttpRequest& request, const std::string& proxy,
                            const std::string& toxic);
  os::HttpResponse on_tagged(const os::HttpRequest& request);
  os::HttpResponse on_reset(const os::HttpRequest& request);
  os::HttpResponse on_populate(const os::HttpRequest& request);
  os::HttpResponse metrics() const;

  Proxies& proxies_;
  const ControlOptions options_;
  os::HttpServer server_;
};

}  // namespace levi::proxy
