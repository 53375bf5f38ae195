// WebSocketPeer: the server's side of an upgraded HttpConnection. Internal to core/os.
//
// Held by its connection until that ends, and by whoever called HttpReply::upgrade. Handlers are
// let go of when the connection ends, so that a handler may hold the connection itself.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "core/os/http_connection.h"
#include "core/os/websocket_channel.h"
#include "core/os/websocket_handshake.h"

namespace levi::os {

class WebSocketPeer final : public WebSocketConnection,
                            public WebSocketChannel,
                            public std::enable_shared_from_this<WebSocketPeer> {
 public:
  explicit WebSocketPeer(const std::shared_ptr<HttpConnection>& connection);

  void on_message(std::function<void(bool, std::string_view)> handler) override;
  void on_close(std::function<void(const WsClosed&)> handler) override;
  bool send(bool binary, std::string_view payload) override;
  void close(std::uint16_t code, std::string_view reason) override;
  void reset() override;
  std::uint64_t connection() const override { return id_; }

  // From the connection.
  void transport_ended(const char* why, bool reset);
  void forget();  // the handlers, without calling them

 private:
  bool transmit(std::string_view frame) override;
  void deliver(bool binary, std::string_view payload) override;
  void finish(const WsClosed& closed) override;
  void tell(const WsClosed& closed);  // once
  void abort_later();

  std::weak_ptr<HttpConnection> connection_;
  const std::uint64_t id_;
  std::function<void(bool, std::string_view)> on_message_;
  std::function<void(const WsClosed&)> on_close_;
  std::optional<WsClosed> closed_;
  bool lagging_ = false;
};

}  // namespace levi::os
