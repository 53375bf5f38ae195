// latency: every chunk leaves `latency` ± `jitter` ms after it came, in order.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class Latency final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    return {.release = chunk.at + setting.jittered("latency", "jitter")};
  }
};

const Field kLatencyFields[] = {{"latency"}, {"jitter"}};

}  // namespace

extern const ToxicType toxic_latency;
const ToxicType toxic_latency{.name = "latency",
                              .go_name = "LatencyToxic",
                              .fields = kLatencyFields,
                              .make = make_toxic<Latency>,
                              .held_bytes_max = 1024 * 1024};

}  // namespace levi::proxy
