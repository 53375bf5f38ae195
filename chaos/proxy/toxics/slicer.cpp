// slicer: cuts chunks into pieces of about `average_size` ± `size_variation` bytes, `delay`
// microseconds apart.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class Slicer final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    if (sizes_.empty()) split(chunk.bytes.size(), setting);
    const std::size_t size = std::min(sizes_.back(), chunk.bytes.size());
    sizes_.pop_back();
    const MonoTime release = std::max(next_, chunk.at);
    next_ = release + setting.microseconds("delay");
    return {.bytes = size, .release = release};
  }
  Verdict on_start(const Meeting& meeting, const Setting&) override {
    sizes_.clear();
    next_ = meeting.now;
    return {};
  }

  // Halves with a random offset until each part is small enough; last piece first.
  void split(std::size_t size, const Setting& setting) {
    const auto average = std::max<std::int64_t>(setting.integer("average_size"), 1);
    const auto variation =
        std::clamp<std::int64_t>(setting.integer("size_variation"), 0, std::int64_t{1} << 40);
    std::vector<std::int64_t> open = {static_cast<std::int64_t>(size)};
    while (!open.empty()) {
      const std::int64_t part = open.back();
      open.pop_back();
      if (part <= 1 || part - average <= variation) {
        sizes_.push_back(static_cast<std::size_t>(part));
        continue;
      }
      std::int64_t left = part / 2;
      if (variation > 0) {
        left += static_cast<std::int64_t>(
                    setting.random().below(static_cast<std::uint64_t>(2 * variation))) -
                variation;
      }
      left = std::clamp<std::int64_t>(left, 1, part - 1);
      open.push_back(left);  // below the right part: the right one's pieces are listed first
      open.push_back(part - left);
    }
  }

  std::vector<std::size_t> sizes_;  // of the chunk's pieces still to come, the next one last
  MonoTime next_;
};

const Field kSlicerFields[] = {{"average_size"}, {"size_variation"}, {"delay"}};

}  // namespace

extern const ToxicType toxic_slicer;
const ToxicType toxic_slicer{.name = "slicer",
                             .go_name = "SlicerToxic",
                             .fields = kSlicerFields,
                             .make = make_toxic<Slicer>};

}  // namespace levi::proxy
