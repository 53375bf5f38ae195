#include "core/latch/texts.h"

#include <cstring>

#include "core/base/crc32c.h"

namespace levi::latch {
namespace {

using Image = std::array<std::uint64_t, TextWords::kCount>;

std::uint64_t checksum(const Image& image) {
  return crc32c(image.data(), TextWords::kChecksum * sizeof(std::uint64_t)) + std::uint64_t{1};
}

std::string_view cut(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

void put(Image& image, std::size_t word, std::size_t bytes, std::string_view text) {
  const std::string_view kept = cut(text, bytes - 1);
  auto* out = reinterpret_cast<char*>(&image[word]);
  out[0] = static_cast<char>(kept.size());
  if (!kept.empty()) std::memcpy(out + 1, kept.data(), kept.size());
}

std::string_view get(const Image& image, std::size_t word, std::size_t bytes) {
  const auto* in = reinterpret_cast<const char*>(&image[word]);
  const auto size = static_cast<unsigned char>(in[0]);
  return size < bytes ? std::string_view(in + 1, size) : std::string_view();
}

}  // namespace

void write_text(TextWords& out, std::uint64_t epoch, std::string_view actor,
                std::string_view reason, Instant wall) {
  Image image{};
  image[TextWords::kEpoch] = epoch;
  image[TextWords::kWall] = static_cast<std::uint64_t>(wall.ns);
  put(image, TextWords::kActor, kActorBytes, actor);
  put(image, TextWords::kReason, kReasonBytes, reason);
  image[TextWords::kChecksum] = checksum(image);
  out.words[TextWords::kChecksum].store(0, std::memory_order_seq_cst);
  for (std::size_t i = 0; i < TextWords::kCount; ++i) {
    out.words[i].store(image[i], std::memory_order_release);
  }
}

std::optional<SlotText> read_text(const TextWords& text) {
  Image image{};
  for (std::size_t i = 0; i < TextWords::kCount; ++i) {
    image[i] = text.words[i].load(std::memory_order_acquire);
  }
  if (image[TextWords::kChecksum] != checksum(image)) return std::nullopt;
  SlotText slot;
  slot.epoch = image[TextWords::kEpoch];
  slot.wall = Instant{static_cast<std::int64_t>(image[TextWords::kWall])};
  slot.actor = get(image, TextWords::kActor, kActorBytes);
  slot.reason = get(image, TextWords::kReason, kReasonBytes);
  return slot;
}

}  // namespace levi::latch
