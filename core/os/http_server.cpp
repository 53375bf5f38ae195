// HttpServer: listeners and the table of connections.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/base/check.h"
#include "core/os/http_connection.h"

namespace levi::os {
namespace {

constexpr int kAcceptsPerRound = 64;
constexpr int kRoomTriesMax = 8;         // each a connection that spoke just now
constexpr std::size_t kRefusedMax = 64;  // connections being told 503 at a time; beyond them RST
constexpr Nanos kAcceptPause = 50ms;     // when descriptors have run out

}  // namespace

struct HttpServer::Impl final : HttpConnectionOwner, std::enable_shared_from_this<Impl> {
  Impl(Loop& l, HttpLimits limits_given, Handler handler_given)
      : loop(l), limits(limits_given), handler(std::move(handler_given)) {}

  Loop& loop;
  const HttpLimits limits;
  Handler handler;
  std::vector<Fd> listeners;
  std::uint16_t tcp_port = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<HttpConnection>> connections;
  std::size_t served_count = 0;
  std::uint64_t last_id = 0;
  std::function<void(std::uint64_t)> opened;
  std::function<void(std::uint64_t)> closed;
  BrokenHandler broken;

  void on_request(HttpRequest request, std::shared_ptr<HttpReply> reply) override {
    const auto self = shared_from_this();  // The handler may destroy the server.
    handler(std::move(request), std::move(reply));
  }

  std::optional<HttpResponse> on_broken_request(const HttpRequest& begun, std::string_view rest,
                                                const std::string& peer) override {
    const auto self = shared_from_this();
    return broken ? broken(begun, rest, peer) : std::nullopt;
  }

  void on_connection_gone(std::uint64_t id, bool served) override {
    const auto self = shared_from_this();
    connections.erase(id);
    if (!served) return;
    --served_count;
    if (closed) closed(id);
  }

  void accept_from(int listener) {
    const auto self = shared_from_this();
    // Fewer than there is room for: a newcomer is read in the next round, before others push it
    // out.
    const std::size_t most = std::max<std::size_t>(1, limits.connections_max / 2);
    for (std::size_t i = 0; i < std::min<std::size_t>(kAcceptsPerRound, most); ++i) {
      auto fd = accept_one(listener);
      // Somebody has used up the process's descriptors: maybe with connections to us.
      const bool exhausted = !fd && fd.error().code != ErrorCode::kBusy;
      if (exhausted && make_room() && is_listening(listener)) fd = accept_one(listener);
      if (!fd) {
        if (exhausted && is_listening(listener)) pause_accepting(listener);
        return;
      }
      if (served_count >= limits.connections_max) make_room();
      if (!is_listening(listener)) return;  // A handler may have stopped it.
      add(std::move(fd).value());
      if (!is_listening(listener)) return;  // `opened` too.
    }
  }

  // The most idle connection, of those the one that has been silent longest; null where all are
  // busy.
  std::shared_ptr<HttpConnection> longest_idle() const {
    std::shared_ptr<HttpConnection> found;
    for (const auto& [id, connection] : connections) {
      if (!connection->served()) continue;
      const auto idleness = connection->idleness();
      if (idleness == HttpConnection::Idleness::kBusy) continue;
      const bool more =
          !found || idleness > found->idleness() ||
          (idleness == found->idleness() && connection->last_activity() < found->last_activity());
      if (more) found = connection;
    }
    return found;
  }

  // Connections that say nothing can't lock anybody out: one of them goes. False where every one is
  // busy.
  bool make_room() {
    for (int i = 0; i < kRoomTriesMax; ++i) {
      const auto idle = longest_idle();
      if (!idle) return false;
      if (idle->give_way()) return true;
    }
    return false;
  }

  void add(Fd fd) {
    if (served_count >= limits.connections_max) {
      refuse(std::move(fd));
      return;
    }
    const std::uint64_t id = ++last_id;
    const auto connection =
        std::make_shared<HttpConnection>(loop, limits, *this, std::move(fd), id);
    connections.emplace(id, connection);
    ++served_count;
    connection->serve();
    if (opened) opened(id);
  }

  void refuse(Fd fd) {
    if (connections.size() - served_count >= kRefusedMax) {
      close_with_reset(std::move(fd));
      return;
    }
    const std::uint64_t id = ++last_id;
    const auto connection =
        std::make_shared<HttpConnection>(loop, limits, *this, std::move(fd), id);
    connections.emplace(id, connection);
    connection->refuse();
  }

  bool is_listening(int fd) const {
    return std::any_of(listeners.begin(), listeners.end(),
                       [fd](const Fd& listener) { return listener.get() == fd; });
  }

  // Level-triggered accepts that fail for want of descriptors would spin.
  void pause_accepting(int listener) {
    loop.change(listener, 0);
    loop.after(kAcceptPause, [weak = weak_from_this(), listener] {
      const auto self = weak.lock();
      if (self && self->is_listening(listener)) self->loop.change(listener, kReadable);
    });
  }

  std::vector<std::shared_ptr<HttpConnection>> snapshot() const {
    std::vector<std::shared_ptr<HttpConnection>> all;
    all.reserve(connections.size());
    for (const auto& entry : connections) all.push_back(entry.second);
    return all;
  }

  std::shared_ptr<HttpConnection> find(std::uint64_t id) const {
    const auto found = connections.find(id);
    return found == connections.end() ? nullptr : found->second;
  }

  void stop_listening() {
    for (const Fd& listener : listeners) loop.unwatch(listener.get());
    listeners.clear();
  }

  void shut_down() {
    stop_listening();
    opened = nullptr;
    closed = nullptr;
    broken = nullptr;
    for (const auto& connection : snapshot()) connection->abandon();
    connections.clear();
    served_count = 0;
  }
};

HttpServer::HttpServer(Loop& loop, HttpLimits limits, Handler handler)
    : impl_(std::make_shared<Impl>(loop, limits, std::move(handler))) {}

HttpServer::~HttpServer() { impl_->shut_down(); }

Status HttpServer::listen(const Endpoint& endpoint) {
  LEVI_TRY(fd, listen_on(endpoint));
  if (!endpoint.is_unix() && (impl_->tcp_port == 0 || impl_->listeners.empty())) {
    LEVI_TRY(taken, local_port(fd.get()));
    impl_->tcp_port = taken;
  }
  const int number = fd.get();
  impl_->loop.watch(number, kReadable,
                    [impl = impl_.get(), number](std::uint32_t) { impl->accept_from(number); });
  impl_->listeners.push_back(std::move(fd));
  return ok();
}

void HttpServer::stop_listening() { impl_->stop_listening(); }

std::uint16_t HttpServer::port() const { return impl_->tcp_port; }

void HttpServer::close_all(bool with_reset) {
  for (const auto& connection : impl_->snapshot()) connection->close_now(with_reset);
}

void HttpServer::freeze_all(bool frozen) {
  for (const auto& connection : impl_->snapshot()) connection->freeze(frozen);
}

std::size_t HttpServer::connection_count() const { return impl_->served_count; }

void HttpServer::on_connection_closed(std::function<void(std::uint64_t)> handler) {
  impl_->closed = std::move(handler);
}

void HttpServer::on_connection_opened(std::function<void(std::uint64_t)> handler) {
  impl_->opened = std::move(handler);
}

void HttpServer::on_broken_request(BrokenHandler handler) { impl_->broken = std::move(handler); }

void HttpServer::close_connection(std::uint64_t connection, bool with_reset) {
  if (const auto found = impl_->find(connection)) found->close_now(with_reset);
}

void HttpServer::freeze_connection(std::uint64_t connection, bool frozen) {
  if (const auto found = impl_->find(connection)) found->freeze(frozen);
}

}  // namespace levi::os
