// reset_peer: RST to both sides, `timeout` ms after the first chunk or end of a new connection. A
// connection that is open already when the toxic comes does not wait for a chunk.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class ResetPeer final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    return reset(chunk.at, setting);
  }
  Verdict on_end(MonoTime at, const Setting& setting) override { return reset(at, setting); }
  Verdict on_start(const Meeting& meeting, const Setting& setting) override {
    armed_ = false;
    return meeting.live ? reset(meeting.now, setting) : Verdict{};
  }

  Verdict reset(MonoTime since, const Setting& setting) {
    if (armed_) return {.drop = true};  // The first chunk set the time.
    armed_ = true;
    return {.drop = true,
            .ending = Ending::kReset,
            .ending_at = since + setting.milliseconds("timeout")};
  }

  bool armed_ = false;
};

const Field kResetPeerFields[] = {{"timeout"}};

}  // namespace

extern const ToxicType toxic_reset_peer;
const ToxicType toxic_reset_peer{.name = "reset_peer",
                                 .go_name = "ResetToxic",
                                 .fields = kResetPeerFields,
                                 .make = make_toxic<ResetPeer>};

}  // namespace levi::proxy
