// http_delay: requests (upstream) or answers (downstream) whose path begins with `path` go on
// `delay` ± `jitter` ms after they came.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class HttpDelay final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    const bool http = chunk.unit == Unit::kRequest || chunk.unit == Unit::kAnswer;
    if (!http || chunk.message == nullptr) return {};
    if (!chunk.message->path.starts_with(setting.text("path"))) return {};
    return {.release = chunk.at + setting.jittered("delay", "jitter")};
  }
};

const Field kHttpDelayFields[] = {{"delay"}, {"jitter"}, {"path", {std::string()}}};

}  // namespace

extern const ToxicType toxic_http_delay;
const ToxicType toxic_http_delay{.name = "http_delay",
                                 .go_name = "HttpDelayToxic",
                                 .fields = kHttpDelayFields,
                                 .make = make_toxic<HttpDelay>,
                                 .layer = Layer::kMessages,
                                 .held_bytes_max = 1024 * 1024};

}  // namespace levi::proxy
