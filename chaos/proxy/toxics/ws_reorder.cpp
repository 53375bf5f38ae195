// ws_reorder: a WebSocket message changes places with the next one, with `probability` (default 1).
// Where none comes within `timeout` ms (default 1000) it goes alone.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class WsReorder final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    const bool whole = chunk.unit == Unit::kWsMessage && chunk.whole;
    if (!whole || !setting.happens("probability")) return {};
    return {.release = chunk.at + setting.milliseconds("timeout"), .behind_next = true};
  }
};

const Field kWsReorderFields[] = {{"probability", {1.0}}, {"timeout", {std::int64_t{1000}}}};

}  // namespace

extern const ToxicType toxic_ws_reorder;
const ToxicType toxic_ws_reorder{.name = "ws_reorder",
                                 .go_name = "WsReorderToxic",
                                 .fields = kWsReorderFields,
                                 .make = make_toxic<WsReorder>,
                                 .layer = Layer::kMessages,
                                 .needs_independent_messages = true};

}  // namespace levi::proxy
