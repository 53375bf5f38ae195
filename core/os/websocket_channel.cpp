#include "core/os/websocket_channel.h"

#include "core/os/clock.h"

namespace levi::os {
namespace {

constexpr std::uint16_t kProtocolError = 1002;
constexpr std::uint16_t kNoCode = 1005;  // a close frame without one; never on the wire
constexpr std::uint16_t kNotUtf8 = 1007;
constexpr std::uint16_t kTooLarge = 1009;
constexpr std::size_t kReasonMax = 123;

// §7.4: the codes that may stand in a close frame.
bool may_be_sent(std::uint16_t code) {
  return (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) ||
         (code >= 3000 && code <= 4999);
}

WsEvent violation(std::uint16_t code, std::string text) {
  return {.kind = WsEvent::Kind::kViolation, .payload = std::move(text), .code = code};
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  if (code == kNoCode) return {};
  std::string payload;
  payload += static_cast<char>(code >> 8);
  payload += static_cast<char>(code & 0xff);
  reason = reason.substr(0, kReasonMax);
  while (!is_utf8(reason)) reason.remove_suffix(1);  // The cut went through a character.
  payload += reason;
  return payload;
}

}  // namespace

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || i + length > text.size()) return false;
    std::uint32_t point = lead & (0xffu >> (length + 1));
    for (std::size_t j = 1; j < length; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      if ((next & 0xc0) != 0x80) return false;
      point = point << 6 | (next & 0x3fu);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (overlong || (point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) return false;
    i += length;
  }
  return true;
}

WsEvent WsAssembler::take(WsFrame frame) {
  switch (frame.opcode) {
    case WsOpcode::kPing:
      return {.kind = WsEvent::Kind::kPing, .payload = std::move(frame.payload)};
    case WsOpcode::kPong:
      return {.kind = WsEvent::Kind::kPong, .payload = {}};
    case WsOpcode::kClose:
      return take_close(frame);
    default:
      return take_data(std::move(frame));
  }
}

WsEvent WsAssembler::take_data(WsFrame frame) {
  const bool continues = frame.opcode == WsOpcode::kContinuation;
  if (continues != fragmented_.has_value()) {
    return violation(kProtocolError,
                     continues ? "a continuation of nothing" : "a new message within another");
  }
  if (pieces_.size() + frame.payload.size() > message_bytes_max_) {
    return violation(kTooLarge, "a message that is too large");
  }
  if (!frame.final) {
    if (!continues) fragmented_ = frame.opcode;
    pieces_ += frame.payload;
    return {};
  }
  const bool binary = fragmented_.value_or(frame.opcode) == WsOpcode::kBinary;
  WsEvent event{.kind = WsEvent::Kind::kMessage, .binary = binary, .payload = {}};
  if (continues) {
    event.payload = std::move(pieces_);
    event.payload += frame.payload;
    pieces_.clear();
    fragmented_.reset();
  } else {
    event.payload = std::move(frame.payload);
  }
  if (!binary && !is_utf8(event.payload)) return violation(kNotUtf8, "text that is not UTF-8");
  return event;
}

WsEvent WsAssembler::take_close(const WsFrame& frame) {
  const std::string& payload = frame.payload;
  if (payload.empty()) return {.kind = WsEvent::Kind::kClose, .payload = {}, .code = kNoCode};
  if (payload.size() == 1) return violation(kProtocolError, "a close frame of one byte");
  const auto code = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                               static_cast<unsigned char>(payload[1]));
  if (!may_be_sent(code)) return violation(kProtocolError, "an impossible close code");
  if (!is_utf8(std::string_view(payload).substr(2))) {
    return violation(kNotUtf8, "a close reason that is not UTF-8");
  }
  return {.kind = WsEvent::Kind::kClose, .payload = payload.substr(2), .code = code};
}

WebSocketChannel::WebSocketChannel(Role role, std::size_t message_bytes_max)
    : role_(role),
      reader_(role == Role::kServer, message_bytes_max),
      assembler_(message_bytes_max) {
  if (role_ == Role::kClient) masks_.emplace(random_seed());
}

void WebSocketChannel::receive(std::string_view bytes) {
  if (finished() || receiving_) return;
  receiving_ = true;
  reader_.feed(bytes);
  while (!finished()) {
    auto frame = reader_.next();
    if (!frame) {
      const bool large = frame.error().code == ErrorCode::kCorrupt;
      violated(large ? kTooLarge : kProtocolError, frame.error().message);
      break;
    }
    if (!frame.value()) break;
    handle(assembler_.take(std::move(*frame.value())));
  }
  receiving_ = false;
}

void WebSocketChannel::handle(const WsEvent& event) {
  switch (event.kind) {
    case WsEvent::Kind::kNone:
    case WsEvent::Kind::kPong:
      return;
    case WsEvent::Kind::kMessage:
      if (state_ == State::kOpen) deliver(event.binary, event.payload);
      return;
    case WsEvent::Kind::kPing:
      if (state_ == State::kOpen) send_frame(WsOpcode::kPong, event.payload);
      return;
    case WsEvent::Kind::kViolation:
      violated(event.code, event.payload);
      return;
    case WsEvent::Kind::kClose:
      // Echoed unless it is itself the echo of ours.
      if (state_ == State::kOpen) {
        send_frame(WsOpcode::kClose, close_payload(event.code, event.payload));
      }
      state_ = State::kFinished;
      finish({.end = WsEnd::kClosed, .code = event.code, .text = event.payload});
      return;
  }
}

void WebSocketChannel::violated(std::uint16_t code, const std::string& text) {
  if (state_ == State::kOpen) send_frame(WsOpcode::kClose, close_payload(code, text));
  state_ = State::kFinished;
  finish({.end = code == kTooLarge ? WsEnd::kLimit : WsEnd::kProtocol,
          .code = code,
          .text = "the peer sent " + text});
}

bool WebSocketChannel::send_frame(WsOpcode opcode, std::string_view payload) {
  std::optional<std::uint32_t> mask;
  if (masks_) mask = static_cast<std::uint32_t>(masks_->next());
  return transmit(encode_frame(opcode, payload, mask));
}

bool WebSocketChannel::send_message(bool binary, std::string_view payload) {
  if (state_ != State::kOpen) return false;
  return send_frame(binary ? WsOpcode::kBinary : WsOpcode::kText, payload);
}

bool WebSocketChannel::start_close(std::uint16_t code, std::string_view reason) {
  if (state_ != State::kOpen) return false;
  state_ = State::kClosing;
  send_frame(WsOpcode::kClose, close_payload(code, reason));
  return true;
}

}  // namespace levi::os
