#include "core/api/server.h"

#include "core/api/api.h"
#include "core/os/courtesy_priority.h"
#include "core/os/thread.h"

namespace levi::api {
namespace {

class Server final : public ApiServer {
 public:
  Server(ApiOptions options, journal::RingHandle ring, ApiPorts ports, Replica replica)
      : http_(loop_, options.http,
              [this](os::HttpRequest request, std::shared_ptr<os::HttpReply> reply) {
                api_.handle(std::move(request), std::move(reply));
              }),
        api_(loop_, std::move(options), std::move(ring), std::move(ports), std::move(replica)) {
    http_.on_broken_request(
        [this](const os::HttpRequest& begun, std::string_view rest, const std::string& peer) {
          return api_.handle_broken(begun, rest, peer);
        });
  }
  ~Server() override { stop(); }

  Status listen() { return http_.listen(api_.options().endpoint); }

  void run_in_background() {
    thread_ = os::start_thread("levi-api", [this] {
      api_.begin();
      loop_.each_round([this] { priority_.round(loop_.now()); });
      loop_.run();
    });
  }

  std::uint16_t port() const override { return http_.port(); }

  void stop() override {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
    api_.end();
    http_.stop_listening();
    http_.close_all(false);
    api_.scribe().stop();
  }

 private:
  os::Loop loop_;
  os::HttpServer http_;
  Api api_;
  os::CourtesyPriority priority_;
  os::Thread thread_;
};

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::start(ApiOptions options, ApiSeed seed,
                                                    journal::RingHandle ring, ApiPorts ports) {
  if (!options.endpoint.is_loopback()) {
    return error(ErrorCode::kInvalid,
                 "the API may listen on loopback only, not on " + options.endpoint.text(),
                 "set api: 127.0.0.1:8000");
  }
  LEVI_TRY(replica, Replica::open(options.journal, ring, seed.machine_snapshot, seed.at));
  auto server = std::make_unique<Server>(std::move(options), std::move(ring), std::move(ports),
                                         std::move(replica));
  LEVI_TRY_STATUS(server->listen());
  server->run_in_background();
  return std::unique_ptr<ApiServer>(std::move(server));
}

}  // namespace levi::api
