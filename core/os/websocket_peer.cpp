#include "core/os/websocket_peer.h"

#include "core/base/check.h"

namespace levi::os {
namespace {}  // namespace

WebSocketPeer::WebSocketPeer(const std::shared_ptr<HttpConnection>& connection)
    : WebSocketChannel(Role::kServer, connection->limits().websocket_message_bytes_max),
      connection_(connection),
      id_(connection->id()) {}

void WebSocketPeer::on_message(std::function<void(bool, std::string_view)> handler) {
  LEVI_CHECK(!receiving());  // It may be the one that runs.
  on_message_ = std::move(handler);
}

void WebSocketPeer::on_close(std::function<void(const WsClosed&)> handler) {
  if (closed_) {
    handler(*closed_);
  } else {
    on_close_ = std::move(handler);
  }
}

bool WebSocketPeer::send(bool binary, std::string_view payload) {
  if (lagging_ || closed_) return false;
  return send_message(binary, payload);
}

void WebSocketPeer::close(std::uint16_t code, std::string_view reason) {
  const auto connection = connection_.lock();
  if (!connection || !start_close(code, reason)) return;
  connection->loop().after(kCloseAnswerMax, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->closed_) self->reset();
  });
}

void WebSocketPeer::reset() {
  if (const auto connection = connection_.lock()) connection->close_now(true);
}

bool WebSocketPeer::transmit(std::string_view frame) {
  const auto connection = connection_.lock();
  if (!connection || !connection->is_open()) return false;
  if (connection->send_frame(frame)) return true;
  abort_later();
  return false;
}

// Later, because the caller of `send` may be walking over its connections, and the close handler
// would change them.
void WebSocketPeer::abort_later() {
  if (lagging_) return;
  lagging_ = true;
  if (const auto connection = connection_.lock()) {
    connection->loop().after(0ns, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->reset();
    });
  }
}

void WebSocketPeer::deliver(bool binary, std::string_view payload) {
  if (on_message_) on_message_(binary, payload);
}

void WebSocketPeer::finish(const WsClosed& closed) {
  const auto self = shared_from_this();
  tell(closed);
  if (const auto connection = connection_.lock()) connection->end_websocket();
}

void WebSocketPeer::transport_ended(const char* why, bool reset) {
  const auto self = shared_from_this();
  stop();
  WsClosed closed{
      .end = reset ? WsEnd::kReset : WsEnd::kClosed, .code = kNoCloseFrame, .text = why};
  if (lagging_) closed = {.end = WsEnd::kLimit, .code = kPolicy, .text = "too much is unsent"};
  tell(closed);
  if (!receiving()) on_message_ = nullptr;
}

void WebSocketPeer::tell(const WsClosed& closed) {
  if (closed_) return;
  closed_ = closed;
  const auto handler = std::move(on_close_);
  on_close_ = nullptr;
  if (handler) handler(closed);
}

void WebSocketPeer::forget() {
  stop();
  if (!closed_) closed_ = WsClosed{};
  on_close_ = nullptr;
  if (!receiving()) on_message_ = nullptr;
}

}  // namespace levi::os
