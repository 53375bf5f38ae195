// ws_silence: no WebSocket message comes any more, while pings are answered: open, healthy and
// silent.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class WsSilence final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting&) override {
    return {.drop = chunk.unit == Unit::kWsMessage};
  }
};

}  // namespace

extern const ToxicType toxic_ws_silence;
const ToxicType toxic_ws_silence{.name = "ws_silence",
                                 .go_name = "WsSilenceToxic",
                                 .fields = {},
                                 .make = make_toxic<WsSilence>,
                                 .layer = Layer::kMessages,
                                 .needs_independent_messages = true};

}  // namespace levi::proxy
