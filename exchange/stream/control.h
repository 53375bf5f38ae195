// Control frames: the JSON that a client sends over its WebSocket, and the venue's answers. Pure;
// any bytes are taken.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace levi::exchange {

struct ControlFrame {
  enum class Method { kSubscribe, kUnsubscribe, kPing, kInvalid };
  Method method = Method::kInvalid;
  std::int64_t id = 0;
  std::vector<std::string> channels;
};

inline constexpr std::size_t kControlBytesMax = 16 * 1024;

ControlFrame parse_control(std::string_view text);
std::string control_answer(std::int64_t id,
                           std::string_view message);  // {"id":0,"code":0,"msg":"..."}
// "Not Subscribed successfully! [a,b].  Reason: Blocked! "
std::string not_subscribed(const std::vector<std::string>& channels, std::string_view reason);

}  // namespace levi::exchange
