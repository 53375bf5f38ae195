// ws_refuse: a WebSocket handshake is answered with `status` (default 503) and never reaches the
// upstream.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class WsRefuse final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    if (chunk.unit != Unit::kRequest || chunk.message == nullptr || !chunk.message->upgrade)
      return {};
    Verdict verdict{.drop = true, .ending = Ending::kClose, .ending_at = chunk.at};
    verdict.answer = "HTTP/1.1 " + std::to_string(setting.integer("status")) +
                     " Refused by levi-proxy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    return verdict;
  }
};

const Field kWsRefuseFields[] = {{"status", {std::int64_t{503}}}};

std::string check_ws_refuse(const Setting& setting) {
  const std::int64_t status = setting.integer("status");
  return status >= 300 && status <= 599 ? "" : "status is an HTTP status, from 300 to 599";
}

}  // namespace

extern const ToxicType toxic_ws_refuse;
const ToxicType toxic_ws_refuse{.name = "ws_refuse",
                                .go_name = "WsRefuseToxic",
                                .fields = kWsRefuseFields,
                                .make = make_toxic<WsRefuse>,
                                .layer = Layer::kMessages,
                                .acts_on = ActsOn::kUpstream,
                                .check = check_ws_refuse};

}  // namespace levi::proxy
