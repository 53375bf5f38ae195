// WebSocketChannel: what both ends of an open WebSocket do alike: joining fragments, answering
// pings, the closing handshake. Internal to core/os. Pure but for its three hooks; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/os/websocket.h"

namespace levi::os {

inline constexpr Nanos kCloseAnswerMax = 1s;          // for the other side to answer a close frame
inline constexpr std::uint16_t kNoCloseFrame = 1006;  // RFC 6455, 7.4.1
inline constexpr std::uint16_t kPolicy = 1008;

// What a frame means, given those before it.
struct WsEvent {
  enum class Kind { kNone, kMessage, kPing, kPong, kClose, kViolation };
  Kind kind = Kind::kNone;
  bool binary = false;
  std::string payload;     // of a message or a ping; the reason of a close; what was violated
  std::uint16_t code = 0;  // of a close or a violation
};

bool is_utf8(std::string_view text);  // RFC 3629: no overlong forms, no surrogates

class WsAssembler {
 public:
  explicit WsAssembler(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}
  WsEvent take(WsFrame frame);

 private:
  WsEvent take_data(WsFrame frame);
  static WsEvent take_close(const WsFrame& frame);

  std::size_t message_bytes_max_;
  std::optional<WsOpcode> fragmented_;  // kText or kBinary while a message is in pieces
  std::string pieces_;
};

class WebSocketChannel {
 public:
  enum class Role { kServer, kClient };
  WebSocketChannel(Role role, std::size_t message_bytes_max);
  virtual ~WebSocketChannel() = default;

  void receive(std::string_view bytes);
  bool finished() const { return state_ == State::kFinished; }

 protected:
  bool send_frame(WsOpcode opcode, std::string_view payload);
  bool send_message(bool binary, std::string_view payload);       // false unless open
  bool start_close(std::uint16_t code, std::string_view reason);  // false unless open
  void stop() { state_ = State::kFinished; }  // without a word: the transport is gone
  bool receiving() const { return receiving_; }

  virtual bool transmit(std::string_view frame) = 0;  // false: it could not be taken
  virtual void deliver(bool binary, std::string_view payload) = 0;
  virtual void finish(const WsClosed& closed) = 0;  // nothing more will come or go

 private:
  enum class State { kOpen, kClosing, kFinished };

  void handle(const WsEvent& event);
  void violated(std::uint16_t code, const std::string& text);

  Role role_;
  WsFrameReader reader_;
  WsAssembler assembler_;
  std::optional<Random> masks_;  // a client's
  State state_ = State::kOpen;
  bool receiving_ = false;
};

}  // namespace levi::os
