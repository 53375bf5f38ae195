#include "core/engine/channel.h"

#include <cstring>
#include <new>
#include <string>

#include "core/base/check.h"
#include "core/base/crc32c.h"

namespace levi::engine {
namespace {

std::uint32_t image_crc(const ImageSlot& slot) {
  constexpr std::size_t kAfterCrc = offsetof(ImageSlot, length);
  constexpr std::size_t kFields = offsetof(ImageSlot, data) - kAfterCrc;
  const auto* bytes = reinterpret_cast<const std::byte*>(&slot);
  return crc32c(bytes + kAfterCrc, kFields + slot.length);
}

ChannelHeader right_header() {
  ChannelHeader header;
  header.magic = kChannelMagic;
  header.version = kChannelVersion;
  header.tick_slots = kTickSlots;
  header.intent_slots = kIntentSlots;
  header.image_bytes = kImageSlotBytes;
  header.total_bytes = sizeof(ChannelMemory);
  return header;
}

}  // namespace

ChannelMemory* create_channel(void* memory) {
  LEVI_CHECK(memory != nullptr &&
             reinterpret_cast<std::uintptr_t>(memory) % alignof(ChannelMemory) == 0);
  auto* channel = new (memory) ChannelMemory{};
  channel->header = right_header();
  return channel;
}

Result<ChannelMemory*> attach_channel(void* memory, std::uint64_t size) {
  if (memory == nullptr || size != sizeof(ChannelMemory)) {
    return error(ErrorCode::kCorrupt,
                 "the channel has " + std::to_string(size) + " bytes instead of " +
                     std::to_string(sizeof(ChannelMemory)),
                 "levid and levi-engine must be of one build");
  }
  auto* channel = static_cast<ChannelMemory*>(memory);
  const ChannelHeader expected = right_header();
  if (std::memcmp(&channel->header, &expected, sizeof expected) != 0) {
    return error(ErrorCode::kCorrupt,
                 "the channel's header is of version " + std::to_string(channel->header.version) +
                     " or another layout; expected version " + std::to_string(kChannelVersion),
                 "levid and levi-engine must be of one build");
  }
  return channel;
}

void write_image(ImageSlot& slot, std::uint32_t layout, std::uint64_t tick_last,
                 std::uint64_t intent_last, std::span<const std::byte> image) {
  LEVI_CHECK(image.size() <= kImageBytesMax);
  slot.length = static_cast<std::uint32_t>(image.size());
  slot.layout = layout;
  slot.reserved = 0;
  slot.tick_last = tick_last;
  slot.intent_last = intent_last;
  if (!image.empty()) std::memcpy(slot.data, image.data(), image.size());
  slot.crc = image_crc(slot);
}

bool image_is_sound(const ImageSlot& slot) {
  if (slot.length == 0) return true;
  return slot.length <= kImageBytesMax && slot.crc == image_crc(slot);
}

}  // namespace levi::engine
