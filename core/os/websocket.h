// WebSocket (RFC 6455): a pure frame codec, a server side (from HttpReply::upgrade) and a client
// over a loop. No extensions are offered or accepted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/os/loop.h"
#include "core/os/socket.h"

namespace levi::os {

enum class WsOpcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10
};

struct WsFrame {
  WsOpcode opcode = WsOpcode::kText;
  bool final = true;
  std::string payload;  // unmasked
};

// Incremental frame reader. `masked_expected`: true on a server (clients must mask).
class WsFrameReader {
 public:
  WsFrameReader(bool masked_expected, std::size_t payload_bytes_max);
  void feed(std::string_view bytes);
  // The next whole frame; nullopt when more bytes are needed; kInvalid on a protocol violation
  // (close 1002), kCorrupt when a payload exceeds the limit (close 1009).
  Result<std::optional<WsFrame>> next();

 private:
  bool masked_expected_;
  std::size_t payload_bytes_max_;
  std::string buffer_;
  std::size_t position_ = 0;
};

// A frame on the wire. `mask`: set by clients, from a seeded source.
std::string encode_frame(WsOpcode opcode, std::string_view payload,
                         std::optional<std::uint32_t> mask, bool final = true);
std::string websocket_accept_key(std::string_view client_key);  // RFC 6455 §4.2.2

class WebSocketConnection {
 public:
  virtual ~WebSocketConnection() = default;
  // Whole messages (fragments joined; at most `message_bytes_max`). Pings are answered by the
  // connection itself.
  virtual void on_message(std::function<void(bool binary, std::string_view payload)> handler) = 0;
  virtual void on_close(std::function<void(std::string why)> handler) = 0;
  // False when closed or when more than `pending_bytes_max` are unsent; the connection is then
  // aborted.
  virtual bool send(bool binary, std::string_view payload) = 0;
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  virtual void reset() = 0;  // RST
  virtual std::uint64_t connection() const = 0;
};

// Client: connects, upgrades, then calls handlers. One use; make another to reconnect.
struct WebSocketHandlers {
  std::function<void()> on_open;
  std::function<void(bool binary, std::string_view payload)> on_message;
  std::function<void(std::string why)> on_close;  // exactly once, also when connecting fails
};
class WebSocketClient {
 public:
  WebSocketClient(Loop& loop, Endpoint endpoint, std::string target, Nanos connect_timeout,
                  WebSocketHandlers handlers);
  ~WebSocketClient();  // closes without calling handlers
  bool send(bool binary, std::string_view payload);
  void ping();
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace levi::os
