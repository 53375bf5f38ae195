// HttpClient: requests waiting for a connection, and connections.
#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "core/base/check.h"
#include "core/os/http_client_connection.h"
#include "core/os/http_text.h"

namespace levi::os {
namespace {

struct Exchange {
  std::uint64_t id = 0;
  std::string bytes;
  bool head_only = false;
  Loop::TimerId timer = 0;
  HttpClient::Done done;
};

}  // namespace

struct HttpClient::Impl final : HttpClientConnectionOwner, std::enable_shared_from_this<Impl> {
  Impl(Loop& l, Endpoint e, std::size_t max, HttpLimits given)
      : loop(l),
        endpoint(std::move(e)),
        host(endpoint.is_unix() ? "localhost" : endpoint.text()),
        connections_max(max),
        limits(given) {
    LEVI_CHECK(max > 0);
  }

  Loop& loop;
  const Endpoint endpoint;
  const std::string host;
  const std::size_t connections_max;
  const HttpLimits limits;
  bool stopped = false;
  std::uint64_t last_id = 0;
  std::deque<Exchange> waiting;
  std::vector<std::shared_ptr<HttpClientConnection>> connections;
  std::unordered_map<HttpClientConnection*, Exchange> sent;

  void submit(HttpRequest request, Nanos timeout, Done done) {
    Exchange exchange;
    exchange.id = ++last_id;
    exchange.head_only = request.method == "HEAD";
    exchange.done = std::move(done);
    const Status written = append_request(exchange.bytes, request, host);
    if (!written) {
      conclude_later(std::move(exchange), written.error());
      return;
    }
    exchange.timer = loop.after(timeout, [weak = weak_from_this(), id = exchange.id] {
      if (const auto self = weak.lock()) self->on_timeout(id);
    });
    waiting.push_back(std::move(exchange));
    assign();
  }

  // Gives waiting requests to idle connections, and opens new ones while the limit allows.
  void assign() {
    std::size_t connecting = 0;
    for (const auto& connection : snapshot()) {
      if (waiting.empty() || stopped) return;
      if (connection->is_connecting()) ++connecting;
      if (connection->is_idle()) hand_over(*connection);
    }
    while (connecting < waiting.size() && connections.size() < connections_max) {
      const auto connection = std::make_shared<HttpClientConnection>(loop, limits, *this);
      const Status started = connection->start(endpoint);
      if (!started) {
        fail_first_waiting(started.error());
        continue;
      }
      connections.push_back(connection);
      ++connecting;
    }
  }

  void hand_over(HttpClientConnection& connection) {
    Exchange exchange = std::move(waiting.front());
    waiting.pop_front();
    const std::string bytes = std::move(exchange.bytes);
    const bool head_only = exchange.head_only;
    sent.emplace(&connection, std::move(exchange));
    connection.send(bytes, head_only);
  }

  void fail_first_waiting(const Error& why) {
    if (waiting.empty()) return;
    Exchange exchange = std::move(waiting.front());
    waiting.pop_front();
    Error named = why;
    named.message += " (" + endpoint.text() + ")";
    conclude_later(std::move(exchange), std::move(named));
  }

  // By the loop, so that `done` never runs inside a call of the client's user.
  void conclude_later(Exchange exchange, Result<HttpResponse> outcome) {
    loop.cancel(exchange.timer);
    loop.after(0ns, [self = shared_from_this(), done = std::move(exchange.done),
                     result = std::move(outcome)] {
      if (!self->stopped) done(result);
    });
  }

  void on_timeout(std::uint64_t id) {
    const Error why = error(ErrorCode::kTimeout, "no answer from " + endpoint.text() + " in time");
    const auto queued = std::find_if(waiting.begin(), waiting.end(),
                                     [id](const Exchange& e) { return e.id == id; });
    if (queued != waiting.end()) {
      Exchange exchange = std::move(*queued);
      waiting.erase(queued);
      exchange.done(why);
      return;
    }
    const auto found = std::find_if(sent.begin(), sent.end(),
                                    [id](const auto& entry) { return entry.second.id == id; });
    if (found == sent.end()) return;
    const auto self = shared_from_this();
    HttpClientConnection* connection = found->first;
    const Done done = std::move(found->second.done);
    sent.erase(found);
    connection->close();
    forget(*connection);
    done(why);
    if (!stopped) assign();
  }

  void on_connected(HttpClientConnection& connection) override {
    if (!stopped && !waiting.empty()) hand_over(connection);
  }

  void on_connect_failed(HttpClientConnection& connection, const Error& why) override {
    const auto self = shared_from_this();
    forget(connection);
    fail_first_waiting(why);
    if (!stopped) assign();
  }

  void on_outcome(HttpClientConnection& connection, Result<HttpResponse> outcome) override {
    const auto self = shared_from_this();
    const auto found = sent.find(&connection);
    LEVI_CHECK(found != sent.end());
    Exchange exchange = std::move(found->second);
    sent.erase(found);
    loop.cancel(exchange.timer);
    if (connection.is_closed()) forget(connection);
    exchange.done(std::move(outcome));
    if (!stopped) assign();
  }

  void on_idle_end(HttpClientConnection& connection) override { forget(connection); }

  void forget(HttpClientConnection& connection) {
    std::erase_if(connections, [&](const auto& held) { return held.get() == &connection; });
  }

  std::vector<std::shared_ptr<HttpClientConnection>> snapshot() const { return connections; }

  void close_all() {
    for (const auto& connection : std::exchange(connections, {})) connection->close();
    for (auto& entry : std::exchange(sent, {})) {
      conclude_later(std::move(entry.second),
                     error(ErrorCode::kIo, "the connection was closed before the answer"));
    }
    for (Exchange& exchange : std::exchange(waiting, {})) {
      conclude_later(std::move(exchange),
                     error(ErrorCode::kUnreachable, "closed before anything was sent"));
    }
  }

  void stop() {
    stopped = true;
    for (const auto& connection : std::exchange(connections, {})) connection->close();
    for (auto& entry : sent) loop.cancel(entry.second.timer);
    for (Exchange& exchange : waiting) loop.cancel(exchange.timer);
    sent.clear();
    waiting.clear();
  }
};

HttpClient::HttpClient(Loop& loop, Endpoint endpoint, std::size_t connections_max,
                       HttpLimits limits)
    : impl_(std::make_shared<Impl>(loop, std::move(endpoint), connections_max, limits)) {}

HttpClient::~HttpClient() { impl_->stop(); }

void HttpClient::request(HttpRequest request, Nanos timeout, Done done) {
  impl_->submit(std::move(request), timeout, std::move(done));
}

void HttpClient::close_all() { impl_->close_all(); }

}  // namespace levi::os
