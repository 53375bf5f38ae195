// slow_close: the end of the stream comes `delay` ms late; data is untouched.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class SlowClose final : public Toxic {
  Verdict on_chunk(const Chunk&, const Setting&) override { return {}; }
  Verdict on_end(MonoTime at, const Setting& setting) override {
    return {.release = at + setting.milliseconds("delay")};
  }
};

const Field kSlowCloseFields[] = {{"delay"}};

}  // namespace

extern const ToxicType toxic_slow_close;
const ToxicType toxic_slow_close{.name = "slow_close",
                                 .go_name = "SlowCloseToxic",
                                 .fields = kSlowCloseFields,
                                 .make = make_toxic<SlowClose>};

}  // namespace levi::proxy
