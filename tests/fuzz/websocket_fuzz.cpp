// The WebSocket codec and everything behind it, fed with any bytes in any pieces.
//
// The first byte chooses the side and the size of the pieces. Claims: nothing crashes; how the
// bytes are cut changes nothing of what is delivered and sent; what is delivered is within the
// limit and, as text, UTF-8; a frame is read back as it was written.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/os/websocket_channel.h"

namespace {

using namespace levi::os;  // NOLINT: a program of one file

constexpr std::size_t kMessageMax = 1000;

class Channel final : public WebSocketChannel {
 public:
  explicit Channel(Role role) : WebSocketChannel(role, kMessageMax) {}
  std::string
      log;  // what happened, in order; pongs without their bytes, as a client's mask is random

 private:
  bool transmit(std::string_view) override {
    log += "|sent";
    return true;
  }
  void deliver(bool binary, std::string_view payload) override {
    LEVI_CHECK(payload.size() <= kMessageMax);
    LEVI_CHECK(binary || is_utf8(payload));
    log += binary ? "|binary " : "|text ";
    log += payload;
  }
  void finish(const WsClosed& closed) override {
    log += "|closed " + std::to_string(static_cast<int>(closed.end)) + ' ' +
           std::to_string(closed.code) + closed.text;
  }
};

std::string run(WebSocketChannel::Role role, std::string_view bytes, std::size_t step) {
  Channel channel(role);
  for (std::size_t at = 0; at < bytes.size() && !channel.finished(); at += step) {
    channel.receive(bytes.substr(at, step));
  }
  return channel.log;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::uint8_t choice = data[0];
  const auto role = choice & 1 ? WebSocketChannel::Role::kClient : WebSocketChannel::Role::kServer;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  LEVI_CHECK(run(role, bytes, 1 + (choice >> 1) % 40) == run(role, bytes, 1));

  const bool masked = (choice & 1) != 0;
  const std::string wire = encode_frame(
      WsOpcode::kBinary, bytes, masked ? std::optional<std::uint32_t>(choice * 77u) : std::nullopt);
  WsFrameReader reader(masked, size);
  reader.feed(wire);
  const auto frame = reader.next();
  LEVI_CHECK(frame && frame.value() && frame.value()->payload == bytes);
  return 0;
}
