// bandwidth: at most `rate` KB (of 1000 bytes) a second, in pieces of at most 100 ms. Rate 0: not a
// byte passes, the connection stays open.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class Bandwidth final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    constexpr std::int64_t kPieceMs = 100;
    const std::int64_t rate = std::min<std::int64_t>(setting.integer("rate"), 1'000'000'000);
    if (rate <= 0) return {.release = kNever};
    const std::size_t piece =
        std::min(chunk.bytes.size(), static_cast<std::size_t>(rate * kPieceMs));
    // 1 KB/s is one byte in a millisecond.
    free_at_ = std::max(free_at_, chunk.at) + static_cast<std::int64_t>(piece) * 1ms / rate;
    return {.bytes = piece, .release = free_at_};
  }
  // What waited under another rate starts anew under this one.
  Verdict on_start(const Meeting& meeting, const Setting&) override {
    free_at_ = meeting.now;
    return {};
  }

  MonoTime free_at_;  // when the wire has carried all that was given to it
};

const Field kBandwidthFields[] = {{"rate"}};

}  // namespace

extern const ToxicType toxic_bandwidth;
const ToxicType toxic_bandwidth{.name = "bandwidth",
                                .go_name = "BandwidthToxic",
                                .fields = kBandwidthFields,
                                .make = make_toxic<Bandwidth>};

}  // namespace levi::proxy
