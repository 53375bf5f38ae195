// timeout: all data is dropped; the connection closes once `timeout` ms have passed without a
// chunk. 0: it stays a black hole until the toxic goes, and that closes it, as bytes are missing.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class Timeout final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    return silence(chunk.at, setting);
  }
  // The end is swallowed like everything else, but is no sign of life.
  Verdict on_end(MonoTime, const Setting&) override { return {.drop = true}; }
  Verdict on_start(const Meeting& meeting, const Setting& setting) override {
    return silence(meeting.now, setting);
  }
  Ending on_removed() override { return Ending::kClose; }

  static Verdict silence(MonoTime since, const Setting& setting) {
    const Nanos timeout = setting.milliseconds("timeout");
    if (timeout == Nanos{0}) return {.drop = true, .ending = Ending::kClose, .ending_at = kNever};
    return {.drop = true, .ending = Ending::kClose, .ending_at = since + timeout};
  }
};

const Field kTimeoutFields[] = {{"timeout"}};

}  // namespace

extern const ToxicType toxic_timeout;
const ToxicType toxic_timeout{.name = "timeout",
                              .go_name = "TimeoutToxic",
                              .fields = kTimeoutFields,
                              .make = make_toxic<Timeout>};

}  // namespace levi::proxy
