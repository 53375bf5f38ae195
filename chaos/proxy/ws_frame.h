// WebSocket frames as message toxics see them: where the payload of a unit's first frame is, and
// frames of our own. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "chaos/proxy/toxic.h"

namespace levi::proxy {

struct WsPayload {
  std::size_t at = 0;
  std::size_t size = 0;
  bool masked = false;
  bool compressed = false;
  unsigned char mask[4] = {0, 0, 0, 0};

  char plain(std::string_view unit, std::size_t index) const {  // unmasked
    const char byte = unit[at + index];
    return masked ? static_cast<char>(byte ^ static_cast<char>(mask[index & 3])) : byte;
  }
};

WsPayload first_payload(std::string_view unit);  // of a whole unit

// A close frame in that direction: masked towards the server, as RFC 6455 demands.
std::string close_frame(Direction direction, std::uint16_t code, std::string_view reason,
                        Random& random);

}  // namespace levi::proxy
