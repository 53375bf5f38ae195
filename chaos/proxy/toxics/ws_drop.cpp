// ws_drop: WebSocket messages are lost with `probability` (default 1); pings, pongs and closes
// pass.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class WsDrop final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    return {.drop = chunk.unit == Unit::kWsMessage && setting.happens("probability")};
  }
};

const Field kWsDropFields[] = {{"probability", {1.0}}};

}  // namespace

extern const ToxicType toxic_ws_drop;
const ToxicType toxic_ws_drop{.name = "ws_drop",
                              .go_name = "WsDropToxic",
                              .fields = kWsDropFields,
                              .make = make_toxic<WsDrop>,
                              .layer = Layer::kMessages,
                              .needs_independent_messages = true};

}  // namespace levi::proxy
