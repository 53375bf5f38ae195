// http_lost_answer: requests whose path begins with `path` reach the upstream and are carried out,
// but their answers are lost, with `probability` (default 1). Nothing follows on that connection,
// as a client would take the next answer for this one; after `timeout` ms it is reset. 0: it stays
// silent.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class HttpLostAnswer final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    if (mute_) return {.drop = true};
    if (chunk.unit != Unit::kAnswer || chunk.message == nullptr) return {};
    if (!chunk.message->path.starts_with(setting.text("path"))) return {};
    if (chunk.message->status < 200 || !setting.happens("probability")) return {};
    mute_ = true;
    const Nanos timeout = setting.milliseconds("timeout");
    if (timeout == Nanos{0}) return {.drop = true};
    return {.drop = true, .ending = Ending::kReset, .ending_at = chunk.at + timeout};
  }
  Ending on_removed() override { return mute_ ? Ending::kClose : Ending::kNone; }

  bool mute_ = false;
};

const Field kHttpLostAnswerFields[] = {
    {"path", {std::string()}}, {"timeout"}, {"probability", {1.0}}};

}  // namespace

extern const ToxicType toxic_http_lost_answer;
const ToxicType toxic_http_lost_answer{.name = "http_lost_answer",
                                       .go_name = "HttpLostAnswerToxic",
                                       .fields = kHttpLostAnswerFields,
                                       .make = make_toxic<HttpLostAnswer>,
                                       .layer = Layer::kMessages,
                                       .acts_on = ActsOn::kDownstream};

}  // namespace levi::proxy
