#include "core/venue/order_sockets.h"

#include <unistd.h>

#include "core/base/check.h"
#include "core/os/socket.h"

namespace levi::venue {
namespace {

// A slot's word. 0: empty.
constexpr std::uint64_t kDescriptorMask = 0xffff'ffffu;  // descriptor + 1
constexpr std::uint64_t kOneAborter = std::uint64_t{1} << 32;
constexpr std::uint64_t kAborterMask = std::uint64_t{0xff} << 32;
constexpr std::uint64_t kAborted = std::uint64_t{1} << 40;
constexpr std::uint64_t kCloseWanted = std::uint64_t{1} << 41;

int descriptor_of(std::uint64_t word) { return static_cast<int>(word & kDescriptorMask) - 1; }

// Counts this thread in, so that nobody closes the descriptor under it. 0 where there is nothing to
// abort.
std::uint64_t enter(std::atomic<std::uint64_t>& slot) {
  std::uint64_t word = slot.load();
  while (word != 0 && (word & kCloseWanted) == 0) {
    if (slot.compare_exchange_weak(word, word + kOneAborter)) return word;
  }
  return 0;
}

void leave(std::atomic<std::uint64_t>& slot) {
  std::uint64_t word = slot.load();
  for (;;) {
    const std::uint64_t left = (word - kOneAborter) | kAborted;
    const bool close_it = (left & kAborterMask) == 0 && (left & kCloseWanted) != 0;
    if (!slot.compare_exchange_weak(word, close_it ? 0 : left)) continue;
    if (close_it) ::close(descriptor_of(word));
    return;
  }
}

}  // namespace

OrderSockets::~OrderSockets() {
  for (std::size_t i = 0; i < kSlots; ++i) {
    if (slots_[i].load() != 0) close(i);
  }
}

std::optional<std::size_t> OrderSockets::add(os::Fd fd) {
  LEVI_CHECK(fd);
  for (std::size_t i = 0; i < kSlots; ++i) {
    // Only this thread fills slots, so an empty one stays empty until the store.
    if (slots_[i].load() != 0) continue;
    slots_[i].store(static_cast<std::uint64_t>(fd.release()) + 1);
    return i;
  }
  return std::nullopt;
}

void OrderSockets::close(std::size_t slot) {
  std::uint64_t word = slots_.at(slot).load();
  LEVI_CHECK(word != 0 && (word & kCloseWanted) == 0);
  for (;;) {
    const bool alone = (word & kAborterMask) == 0;
    if (!slots_[slot].compare_exchange_weak(word, alone ? 0 : word | kCloseWanted)) continue;
    if (alone) ::close(descriptor_of(word));
    return;
  }
}

bool OrderSockets::was_aborted(std::size_t slot) const {
  return (slots_.at(slot).load() & kAborted) != 0;
}

unsigned OrderSockets::abort_all() {
  unsigned count = 0;
  for (auto& slot : slots_) {
    const std::uint64_t word = enter(slot);
    if (word == 0) continue;
    os::abort_connection(descriptor_of(word));
    leave(slot);
    ++count;
  }
  return count;
}

}  // namespace levi::venue
