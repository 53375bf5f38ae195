// ws_gap: the next `count` WebSocket messages (default 1) of each connection are lost; an update
// begins anew.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class WsGap final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    if (chunk.unit != Unit::kWsMessage || lost_ >= setting.integer("count")) return {};
    ++lost_;
    return {.drop = true};
  }
  Verdict on_start(const Meeting&, const Setting&) override {
    lost_ = 0;
    return {};
  }

  std::int64_t lost_ = 0;
};

const Field kWsGapFields[] = {{"count", {std::int64_t{1}}}};

}  // namespace

extern const ToxicType toxic_ws_gap;
const ToxicType toxic_ws_gap{.name = "ws_gap",
                             .go_name = "WsGapToxic",
                             .fields = kWsGapFields,
                             .make = make_toxic<WsGap>,
                             .layer = Layer::kMessages,
                             .needs_independent_messages = true};

}  // namespace levi::proxy
