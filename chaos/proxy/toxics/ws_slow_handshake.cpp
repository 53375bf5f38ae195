// ws_slow_handshake: the answer that opens a WebSocket comes `delay` ms late.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class WsSlowHandshake final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    if (chunk.unit != Unit::kAnswer || chunk.message == nullptr || !chunk.message->upgrade)
      return {};
    return {.release = chunk.at + setting.milliseconds("delay")};
  }
};

const Field kWsSlowHandshakeFields[] = {{"delay"}};

}  // namespace

extern const ToxicType toxic_ws_slow_handshake;
const ToxicType toxic_ws_slow_handshake{.name = "ws_slow_handshake",
                                        .go_name = "WsSlowHandshakeToxic",
                                        .fields = kWsSlowHandshakeFields,
                                        .make = make_toxic<WsSlowHandshake>,
                                        .layer = Layer::kMessages,
                                        .acts_on = ActsOn::kDownstream};

}  // namespace levi::proxy
