// ws_corrupt: one bit of a WebSocket message is wrong, with `probability` (default 1). The frame
// stays valid, and text stays UTF-8: what breaks is the meaning.
#include "chaos/proxy/toxic.h"
#include "chaos/proxy/ws_frame.h"

namespace levi::proxy {
namespace {

class WsCorrupt final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    const bool whole = chunk.unit == Unit::kWsMessage && chunk.whole;
    if (!whole || !setting.happens("probability")) return {};
    const WsPayload payload = first_payload(chunk.bytes);
    constexpr int kTries = 64;
    for (int i = 0; i < kTries && payload.size > 0; ++i) {
      const std::size_t index = setting.random().below(payload.size);
      const auto plain = static_cast<unsigned char>(payload.plain(chunk.bytes, index));
      // The lowest bit of a printable character leaves it printable; compressed bytes are all
      // alike.
      if (!payload.compressed && (plain < 0x20 || plain >= 0x7e)) continue;
      Verdict verdict{.replacement = std::string(chunk.bytes)};
      verdict.replacement[payload.at + index] ^= 1;
      return verdict;
    }
    return {};
  }
};

const Field kWsCorruptFields[] = {{"probability", {1.0}}};

}  // namespace

extern const ToxicType toxic_ws_corrupt;
const ToxicType toxic_ws_corrupt{.name = "ws_corrupt",
                                 .go_name = "WsCorruptToxic",
                                 .fields = kWsCorruptFields,
                                 .make = make_toxic<WsCorrupt>,
                                 .layer = Layer::kMessages,
                                 .needs_independent_messages = true};

}  // namespace levi::proxy
