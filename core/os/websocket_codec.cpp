// Frames of RFC 6455 as bytes: reading, writing, masking.
#include <cstring>

#include "core/os/websocket.h"

namespace levi::os {
namespace {

constexpr std::size_t kControlPayloadMax = 125;
constexpr unsigned char kFinalBit = 0x80;
constexpr unsigned char kReservedBits = 0x70;
constexpr unsigned char kMaskBit = 0x80;
constexpr std::size_t kCompactAt = 64 * 1024;

bool is_control(std::uint8_t opcode) { return opcode >= 8; }

bool is_known(std::uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

void apply_mask(char* data, std::size_t size, const unsigned char (&mask)[4]) {
  std::uint32_t half = 0;
  std::memcpy(&half, mask, sizeof half);
  const std::uint64_t wide = std::uint64_t{half} << 32 | half;
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data + i, sizeof word);
    word ^= wide;
    std::memcpy(data + i, &word, sizeof word);
  }
  for (; i < size; ++i) data[i] = static_cast<char>(data[i] ^ static_cast<char>(mask[i & 3]));
}

struct Head {
  std::size_t length = 0;  // of the head itself; 0: not whole yet
  std::uint64_t payload = 0;
  bool final = true;
  bool masked = false;
  std::uint8_t opcode = 0;
};

// Lengths must be written in the shortest form (§5.2). What the first two bytes decide is judged
// before the rest is looked at: how the bytes are cut must not change what is answered.
Result<Head> read_head(const unsigned char* bytes, std::size_t size, bool masked_expected) {
  Head head;
  if (size < 2) return head;
  head.final = (bytes[0] & kFinalBit) != 0;
  head.opcode = bytes[0] & 0x0f;
  head.masked = (bytes[1] & kMaskBit) != 0;
  head.payload = bytes[1] & 0x7fu;
  if (bytes[0] & kReservedBits) return error(ErrorCode::kInvalid, "a reserved bit is set");
  if (!is_known(head.opcode)) return error(ErrorCode::kInvalid, "an unknown opcode");
  if (is_control(head.opcode) && (!head.final || head.payload > kControlPayloadMax)) {
    return error(ErrorCode::kInvalid, "a control frame that is long or fragmented");
  }
  if (head.masked != masked_expected) {
    return error(ErrorCode::kInvalid,
                 masked_expected ? "a frame that is not masked" : "a masked frame from a server");
  }
  const std::size_t extra = head.payload == 126 ? 2 : head.payload == 127 ? 8 : 0;
  const std::size_t length = 2 + extra + (head.masked ? 4 : 0);
  if (size < length) return head;
  if (extra > 0) {
    head.payload = 0;
    for (std::size_t i = 0; i < extra; ++i) head.payload = head.payload << 8 | bytes[2 + i];
    const bool shortest = extra == 2 ? head.payload > kControlPayloadMax : head.payload > 0xffff;
    if (!shortest || head.payload >> 63 != 0) {
      return error(ErrorCode::kInvalid, "a length that is not in its shortest form");
    }
  }
  head.length = length;
  return head;
}

}  // namespace

WsFrameReader::WsFrameReader(bool masked_expected, std::size_t payload_bytes_max)
    : masked_expected_(masked_expected), payload_bytes_max_(payload_bytes_max) {}

void WsFrameReader::feed(std::string_view bytes) {
  if (position_ == buffer_.size() || position_ >= kCompactAt) {
    buffer_.erase(0, position_);
    position_ = 0;
  }
  buffer_ += bytes;
}

Result<std::optional<WsFrame>> WsFrameReader::next() {
  const auto* bytes = reinterpret_cast<const unsigned char*>(buffer_.data()) + position_;
  const std::size_t size = buffer_.size() - position_;
  LEVI_TRY(head, read_head(bytes, size, masked_expected_));
  if (head.length == 0) return std::optional<WsFrame>();
  if (head.payload > payload_bytes_max_) {
    return error(ErrorCode::kCorrupt, "a frame of " + std::to_string(head.payload) + " bytes");
  }
  const auto payload = static_cast<std::size_t>(head.payload);
  if (size < head.length + payload) return std::optional<WsFrame>();
  WsFrame frame;
  frame.opcode = static_cast<WsOpcode>(head.opcode);
  frame.final = head.final;
  frame.payload.assign(buffer_, position_ + head.length, payload);
  if (head.masked) {
    unsigned char mask[4];
    std::memcpy(mask, bytes + head.length - 4, sizeof mask);
    apply_mask(frame.payload.data(), frame.payload.size(), mask);
  }
  position_ += head.length + payload;
  return std::optional<WsFrame>(std::move(frame));
}

std::string encode_frame(WsOpcode opcode, std::string_view payload,
                         std::optional<std::uint32_t> mask, bool final) {
  std::string frame;
  const std::size_t size = payload.size();
  frame.reserve(size + 14);
  frame += static_cast<char>((final ? kFinalBit : 0) | static_cast<unsigned char>(opcode));
  const unsigned char mask_bit = mask ? kMaskBit : 0;
  const std::size_t extra = size <= kControlPayloadMax ? 0 : size <= 0xffff ? 2 : 8;
  const std::size_t code = extra == 0 ? size : extra == 2 ? 126 : 127;
  frame += static_cast<char>(mask_bit | code);
  for (std::size_t i = extra; i-- > 0;) {
    frame += static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i) & 0xff);
  }
  unsigned char key[4];
  if (mask) {
    std::memcpy(key, &*mask, sizeof key);
    frame.append(reinterpret_cast<const char*>(key), sizeof key);
  }
  const std::size_t start = frame.size();
  frame += payload;
  if (mask) apply_mask(frame.data() + start, size, key);
  return frame;
}

}  // namespace levi::os
