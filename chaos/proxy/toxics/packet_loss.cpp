// packet_loss: drops chunks of the byte stream with probability `loss_rate`, or `loss_rate` +
// `correlation` right after a lost one.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class PacketLoss final : public Toxic {
  Verdict on_chunk(const Chunk&, const Setting& setting) override {
    double probability = std::clamp(setting.number("loss_rate"), 0.0, 1.0);
    if (lost_) probability += std::clamp(setting.number("correlation"), 0.0, 1.0);
    lost_ = setting.random().unit() < probability;
    return {.drop = lost_};
  }

  bool lost_ = false;  // the chunk before
};

const Field kPacketLossFields[] = {{"loss_rate", {0.0}}, {"correlation", {0.0}}};

}  // namespace

extern const ToxicType toxic_packet_loss;
const ToxicType toxic_packet_loss{.name = "packet_loss",
                                  .go_name = "PacketLossToxic",
                                  .fields = kPacketLossFields,
                                  .make = make_toxic<PacketLoss>};

}  // namespace levi::proxy
