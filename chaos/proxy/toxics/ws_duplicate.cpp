// ws_duplicate: WebSocket messages come twice with `probability` (default 1). Messages beyond 256
// KiB come once.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class WsDuplicate final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    if (chunk.unit != Unit::kWsMessage || !setting.happens("probability")) return {};
    return {.copies = 2};
  }
};

const Field kWsDuplicateFields[] = {{"probability", {1.0}}};

}  // namespace

extern const ToxicType toxic_ws_duplicate;
const ToxicType toxic_ws_duplicate{.name = "ws_duplicate",
                                   .go_name = "WsDuplicateToxic",
                                   .fields = kWsDuplicateFields,
                                   .make = make_toxic<WsDuplicate>,
                                   .layer = Layer::kMessages,
                                   .needs_independent_messages = true};

}  // namespace levi::proxy
