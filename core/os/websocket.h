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

// How a connection ended, so that nobody has to read prose.
enum class WsEnd {
  kRefused,   // never open: nobody listens, or the answer was no upgrade
  kTimeout,   // never open: no answer in time
  kReset,     // RST
  kClosed,    // a close frame (its code), or the end of the stream without one (1006)
  kProtocol,  // the peer broke RFC 6455 (1002, 1007)
  kLimit,     // a message too large (1009), or too much unsent (1008)
};
struct WsClosed {
  WsEnd end = WsEnd::kClosed;
  std::uint16_t code = 1006;  // RFC 6455 §7.4.1
  std::string text;
};
inline constexpr std::uint16_t kWsNormal = 1000;

// The server's side of one upgraded connection. Used from the loop's thread.
class WebSocketConnection {
 public:
  virtual ~WebSocketConnection() = default;
  // Whole messages (fragments joined; at most HttpLimits::websocket_message_bytes_max). Pings are
  // answered by the connection itself.
  virtual void on_message(std::function<void(bool binary, std::string_view payload)> handler) = 0;
  virtual void on_close(std::function<void(const WsClosed& closed)> handler) = 0;  // once
  // False when closed or when more than HttpLimits::websocket_pending_bytes_max are unsent; the
  // connection is then aborted (not from within this call). A frozen connection takes and drops it.
  virtual bool send(bool binary, std::string_view payload) = 0;
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  virtual void reset() = 0;  // RST
  virtual std::uint64_t connection() const = 0;
};

// Client: connects, upgrades, then calls handlers. One use; make another to reconnect.
struct WebSocketHandlers {
  std::function<void()> on_open;
  std::function<void(bool binary, std::string_view payload)> on_message;
  // Exactly once, also when connecting fails; never from within a call of ours.
  std::function<void(const WsClosed& closed)> on_close;
};
struct WebSocketLimits {
  std::size_t message_bytes_max = 4 * 1024 * 1024;
  std::size_t pending_bytes_max = 4 * 1024 * 1024;
};
class WebSocketClient {
 public:
  // `connect_timeout` covers the connect and the upgrade. `host` is the Host header's; empty: the
  // endpoint's own text.
  WebSocketClient(Loop& loop, Endpoint endpoint, std::string target, Nanos connect_timeout,
                  WebSocketHandlers handlers, WebSocketLimits limits = {}, std::string host = {});
  ~WebSocketClient();  // closes without calling handlers; allowed in a handler
  bool send(bool binary, std::string_view payload);  // false unless open, or too much is unsent
  void ping();
  void close();  // with the closing handshake; on_close follows
  void reset();  // RST; on_close follows

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace levi::os
