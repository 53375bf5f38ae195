// ws_close: the WebSocket is closed with `code` (default 1011) and `reason`: at once where it is
// open and between two messages, else instead of the next message. The connection ends behind it.
#include "chaos/proxy/toxic.h"
#include "chaos/proxy/ws_frame.h"

namespace levi::proxy {
namespace {

class WsClose final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    const bool frame = chunk.unit == Unit::kWsMessage || chunk.unit == Unit::kWsControl;
    return frame && chunk.whole ? close(chunk.direction, chunk.at, setting) : Verdict{};
  }
  Verdict on_start(const Meeting& meeting, const Setting& setting) override {
    return meeting.websocket ? close(meeting.direction, meeting.now, setting) : Verdict{};
  }

  static Verdict close(Direction direction, MonoTime now, const Setting& setting) {
    Verdict verdict{.ending = Ending::kClose, .ending_at = now};
    verdict.replacement =
        close_frame(direction, static_cast<std::uint16_t>(setting.integer("code")),
                    setting.text("reason"), setting.random());
    return verdict;
  }
};

const Field kWsCloseFields[] = {{"code", {std::int64_t{1011}}}, {"reason", {std::string()}}};

std::string check_ws_close(const Setting& setting) {
  const std::int64_t code = setting.integer("code");
  if (code < 1000 || code > 4999) return "code is a WebSocket close code, from 1000 to 4999";
  return setting.text("reason").size() <= 123 ? "" : "reason is at most 123 bytes";
}

}  // namespace

extern const ToxicType toxic_ws_close;
const ToxicType toxic_ws_close{.name = "ws_close",
                               .go_name = "WsCloseToxic",
                               .fields = kWsCloseFields,
                               .make = make_toxic<WsClose>,
                               .layer = Layer::kMessages,
                               .check = check_ws_close};

}  // namespace levi::proxy
