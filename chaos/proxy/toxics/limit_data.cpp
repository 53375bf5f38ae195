// limit_data: closes the connection once `bytes` bytes have passed. The count stands across
// updates.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class LimitData final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    const std::int64_t left = std::max<std::int64_t>(setting.integer("bytes") - passed_, 0);
    const auto size = static_cast<std::int64_t>(chunk.bytes.size());
    if (left == 0) return {.drop = true, .ending = Ending::kClose, .ending_at = chunk.at};
    const std::int64_t part = std::min(left, size);
    passed_ += part;
    Verdict verdict{.bytes = static_cast<std::size_t>(part)};
    if (part == left) {
      verdict.ending = Ending::kClose;
      verdict.ending_at = chunk.at;
    }
    return verdict;
  }

  std::int64_t passed_ = 0;
};

const Field kLimitDataFields[] = {{"bytes"}};

}  // namespace

extern const ToxicType toxic_limit_data;
const ToxicType toxic_limit_data{.name = "limit_data",
                                 .go_name = "LimitDataToxic",
                                 .fields = kLimitDataFields,
                                 .make = make_toxic<LimitData>};

}  // namespace levi::proxy
