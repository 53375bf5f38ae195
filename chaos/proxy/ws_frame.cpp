#include "chaos/proxy/ws_frame.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/os/websocket.h"

namespace levi::proxy {

WsPayload first_payload(std::string_view unit) {
  WsPayload payload;
  if (unit.size() < 2) return payload;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(unit[i]); };
  payload.compressed = (byte(0) & 0x40u) != 0;
  payload.masked = (byte(1) & 0x80u) != 0;
  const unsigned code = byte(1) & 0x7fu;
  const std::size_t extra = code == 126 ? 2 : code == 127 ? 8 : 0;
  payload.at = 2 + extra + (payload.masked ? 4 : 0);
  if (unit.size() < payload.at) return {};
  std::uint64_t size = extra == 0 ? code : 0;
  for (std::size_t i = 0; i < extra; ++i) size = size << 8 | byte(2 + i);
  payload.size = static_cast<std::size_t>(std::min<std::uint64_t>(size, unit.size() - payload.at));
  if (payload.masked) std::memcpy(payload.mask, unit.data() + payload.at - 4, 4);
  return payload;
}

std::string close_frame(Direction direction, std::uint16_t code, std::string_view reason,
                        Random& random) {
  std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  payload += reason.substr(0, 123);
  std::optional<std::uint32_t> mask;
  if (direction == Direction::kUpstream) mask = static_cast<std::uint32_t>(random.next());
  return os::encode_frame(os::WsOpcode::kClose, payload, mask);
}

}  // namespace levi::proxy
