// Messages for the chain rig: WebSocket and HTTP units as the assembler makes them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/os/websocket.h"
#include "tests/proxy/chain_rig.h"

namespace levi::proxy {

inline Item ws_message(std::string_view text, bool masked = false) {
  return {
      .bytes = os::encode_frame(os::WsOpcode::kText, text,
                                masked ? std::optional<std::uint32_t>(0x12345678u) : std::nullopt),
      .unit = Unit::kWsMessage};
}
inline Item ws_ping() {
  return {.bytes = os::encode_frame(os::WsOpcode::kPing, "p", std::nullopt),
          .unit = Unit::kWsControl};
}
inline Item http_unit(Unit unit, const std::string& path, int status = 0, bool upgrade = false) {
  auto message = std::make_shared<Message>();
  message->method = "GET";
  message->path = path;
  message->status = status;
  message->upgrade = upgrade;
  return {.bytes = (unit == Unit::kRequest ? "?" : "!") + path, .unit = unit, .message = message};
}
inline Item request(const std::string& path, bool upgrade = false) {
  return http_unit(Unit::kRequest, path, 0, upgrade);
}
inline Item answer(const std::string& path, int status = 200, bool upgrade = false) {
  return http_unit(Unit::kAnswer, path, status, upgrade);
}

// "a b [ping] [close 1011 why]": what a WebSocket reader would make of the bytes.
inline std::string ws_read(const std::string& bytes, bool masked = false) {
  os::WsFrameReader reader(masked, 1 << 20);
  reader.feed(bytes);
  std::string text;
  for (;;) {
    auto frame = reader.next();
    EXPECT_TRUE(frame) << (frame ? "" : frame.error().text());
    if (!frame || !frame.value()) return text;
    const os::WsFrame& f = *frame.value();
    if (!text.empty()) text += ' ';
    if (f.opcode == os::WsOpcode::kPing) {
      text += "[ping]";
    } else if (f.opcode == os::WsOpcode::kClose) {
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(f.payload.at(i)); };
      text += "[close " + std::to_string(byte(0) << 8 | byte(1)) + ' ' + f.payload.substr(2) + ']';
    } else {
      text += f.payload;
    }
  }
}

}  // namespace levi::proxy
