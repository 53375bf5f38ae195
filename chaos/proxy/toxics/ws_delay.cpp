// ws_delay: WebSocket messages leave `delay` ± `jitter` ms after they came, in order.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class WsDelay final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    if (chunk.unit != Unit::kWsMessage) return {};
    return {.release = chunk.at + setting.jittered("delay", "jitter")};
  }
};

const Field kWsDelayFields[] = {{"delay"}, {"jitter"}};

}  // namespace

extern const ToxicType toxic_ws_delay;
const ToxicType toxic_ws_delay{.name = "ws_delay",
                               .go_name = "WsDelayToxic",
                               .fields = kWsDelayFields,
                               .make = make_toxic<WsDelay>,
                               .layer = Layer::kMessages,
                               .held_bytes_max = 1024 * 1024};

}  // namespace levi::proxy
