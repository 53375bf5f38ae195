// HttpReply: one request's answer, holding its connection weakly.
#include "core/os/http_connection.h"
#include "core/os/websocket.h"

namespace levi::os {
namespace {

class Reply final : public HttpReply {
 public:
  Reply(const std::shared_ptr<HttpConnection>& connection, std::uint64_t ordinal)
      : connection_(connection), id_(connection->id()), ordinal_(ordinal) {}

  // Whoever drops a reply unanswered has a bug: the client must not wait for ever because of it.
  ~Reply() override {
    if (started_) return;
    const auto connection = connection_.lock();
    if (!connection) return;
    connection->answer(ordinal_, {.status = 500,
                                  .content_type = "text/plain",
                                  .headers = {},
                                  .body = "the request was not answered\n"});
  }

  void send(const HttpResponse& response) override {
    if (const auto connection = start()) connection->answer(ordinal_, response);
  }

  void begin_stream(const std::string& content_type, std::size_t pending_bytes_max) override {
    if (const auto connection = start()) {
      connection->begin_stream(ordinal_, content_type, pending_bytes_max);
    }
  }

  bool write(std::string_view chunk) override {
    const auto connection = connection_.lock();
    return connection && connection->write_chunk(ordinal_, chunk);
  }

  std::size_t pending_bytes() const override {
    const auto connection = connection_.lock();
    return connection ? connection->pending_bytes() : 0;
  }

  void end_stream() override {
    if (const auto connection = connection_.lock()) connection->end_stream(ordinal_);
  }

  void on_close(std::function<void()> handler) override {
    const auto connection = connection_.lock();
    if (connection) {
      connection->on_reply_closed(ordinal_, std::move(handler));
    } else {
      handler();
    }
  }

  std::shared_ptr<WebSocketConnection> upgrade() override {
    const auto connection = start();
    return connection ? connection->upgrade(ordinal_) : nullptr;
  }

  void reset() override {
    const auto connection = start();
    if (connection && connection->awaits(ordinal_)) connection->close_now(true);
  }

  std::uint64_t connection() const override { return id_; }

  std::string peer() const override {
    const auto connection = connection_.lock();
    return connection ? connection->peer() : "gone";
  }

 private:
  std::shared_ptr<HttpConnection> start() {
    started_ = true;
    return connection_.lock();
  }

  std::weak_ptr<HttpConnection> connection_;
  const std::uint64_t id_;
  const std::uint64_t ordinal_;
  bool started_ = false;
};

}  // namespace

std::shared_ptr<HttpReply> make_reply(const std::shared_ptr<HttpConnection>& connection,
                                      std::uint64_t ordinal) {
  return std::make_shared<Reply>(connection, ordinal);
}

}  // namespace levi::os
