// The channel between levid and one engine process: a memory file (memfd) that both map. This
// header is its layout and the argument why nothing is lost and nothing happens twice; LevidEnd and
// EngineEnd are the two sides.
//
//   ticks     levid -> engine   ring, by tick number; levid alone writes slots and `tick_tail`
//   intents   engine -> levid   ring, by intent number; the engine alone writes slots, levid alone
//   `intent_head` images    engine -> heir    two slots: the state of the strategy, with length and
//   CRC32C commit    engine            ONE 64-bit word that says how far all three go
//
// The commit word:   bit 63  image slot   |   bits 62..32  last intent number, modulo 2^31   |
// bits 31..0  last handled tick number, modulo 2^32.   Both rings are far smaller than the moduli,
// so each side extends the numbers from its own.
//
// An engine's round: (1) read ticks h+1..t; (2) run the strategy over them, in private memory; (3)
// write the intents behind the last committed ones; (4) write the image into the slot that the
// commit word does NOT name; (5) store the commit word, release. Levid reads intents up to the
// committed number only, reuses tick slots up to the handled number only, and the heir of a dead
// engine gets the named image and the ticks behind the handled one.
//
// Exactly once, over crashes. The strategy is a pure function: image' = f(image, tick), intents =
// g(image, tick); numbers of intents are part of the image. A process can be killed at any
// instruction:
//   - before the store (5): the word still names the old image, the old last intent and the old
//   tick. What (3) and (4) wrote
//     is in slots that no one reads: the round never happened. The heir gets the old image and the
//     same ticks, and computes the same intents with the same numbers.
//   - after it: the image that is named includes the ticks and the numbers of the intents, all
//   complete, because the store is
//     a release. Levid reads the committed intents before it hands anything over, so the heir,
//     which never recomputes them, need not.
// There is no state in between, as a 64-bit store is atomic. A dead process's stores are visible
// once its pidfd is readable. Levid alone, having seen that, reads the channel of the dead, and
// never again after the hand-over: each incarnation has a memory file of its own, so a process that
// was thought dead could only write into memory that no one looks at. (The machine drops repeated
// intent numbers as well: a second line, for journals, not for this argument.) When levid dies,
// every engine dies with it and the channels are gone: committed intents that it had not read never
// happened. The machine's journal says how many intents it has seen; a new engine starts empty and
// numbers on from there.
//
// Sleeping (both directions, sequentially consistent, or a wake-up could be lost between "look" and
// "sleep"):
//   engine: bell = engine_bell; engine_sleeping = 1; look at tick_tail; futex_wait(engine_bell ==
//   bell) levid:  write slot; tick_tail = n; if engine_sleeping: engine_sleeping = 0;
//   ++engine_bell; futex_wake levid:  levid_armed = 1; look at commit; epoll_wait          engine:
//   commit = word; if exchange(levid_armed, 0): eventfd
//
// Owned by levid (which maps it and creates what is in it); lives until levid has handed it over
// and the engine is dead.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/result.h"
#include "core/engine/tick.h"

namespace levi::engine {

inline constexpr std::uint64_t kChannelMagic = 0x4e4e4148'4349564c;  // "LVICHANN"
inline constexpr std::uint32_t kChannelVersion = 1;
inline constexpr std::size_t kTickSlots = 4096;    // a power of two
inline constexpr std::size_t kIntentSlots = 1024;  // a power of two
inline constexpr std::size_t kIntentsPerTickMax = 256;
inline constexpr std::size_t kImageSlotBytes = 16 * 1024;
inline constexpr std::size_t kParametersMax = 1023;
inline constexpr std::size_t kStrategyNameMax = 23;

// Descriptors that a new engine process finds.
inline constexpr int kChannelDescriptor = 3;  // the memory file
inline constexpr int kWakeDescriptor = 4;     // eventfd of levid's trading loop
inline constexpr int kLifeDescriptor = 5;     // a socket whose end of file says that levid is gone

struct Commit {
  std::uint32_t tick_low = 0;
  std::uint32_t intent_low = 0;  // 31 bits
  std::uint32_t image_slot = 0;  // 0 or 1

  constexpr std::uint64_t pack() const {
    return std::uint64_t{image_slot} << 63 | std::uint64_t{intent_low & kIntentMask} << 32 |
           tick_low;
  }
  static constexpr Commit unpack(std::uint64_t word) {
    return {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32) & kIntentMask,
            static_cast<std::uint32_t>(word >> 63)};
  }
  // The full number whose low part is in the word: the first one not below `floor`.
  constexpr std::uint64_t tick_from(std::uint64_t floor) const {
    return floor + static_cast<std::uint32_t>(tick_low - static_cast<std::uint32_t>(floor));
  }
  constexpr std::uint64_t intent_from(std::uint64_t floor) const {
    return floor + ((intent_low - static_cast<std::uint32_t>(floor)) & kIntentMask);
  }

  static constexpr std::uint32_t kIntentMask = 0x7fffffff;
};

struct ImageSlot {
  std::uint32_t crc = 0;     // CRC32C of everything behind it: the four fields, then `length` bytes
  std::uint32_t length = 0;  // of `data`; 0: no image, the strategy starts empty
  std::uint32_t layout = 0;  // the strategy's own version of its image
  std::uint32_t reserved = 0;
  std::uint64_t tick_last = 0;  // the same numbers as in the commit word, in full
  std::uint64_t intent_last = 0;
  std::byte data[kImageSlotBytes - 32];
};
static_assert(sizeof(ImageSlot) == kImageSlotBytes);
inline constexpr std::size_t kImageBytesMax = sizeof(ImageSlot::data);

struct ChannelHeader {  // written before the engine is spawned, never changed
  std::uint64_t magic = 0;
  std::uint32_t version = 0;
  std::uint32_t tick_slots = 0;
  std::uint32_t intent_slots = 0;
  std::uint32_t image_bytes = 0;
  std::uint64_t total_bytes = 0;
};

struct Task {  // what the process is to do: written before `assigned` is released, never changed
               // after
  std::uint64_t tick_base = 0;    // ticks up to here are in the image
  std::uint64_t intent_base = 0;  // and so are intents up to here
  std::uint32_t incarnation = 0;
  std::uint16_t engine = 0;
  std::uint8_t spin = 0;
  std::int8_t price_exponent = 0;
  std::int8_t quantity_exponent = 0;
  char strategy[kStrategyNameMax + 1] = {};
  char parameters[kParametersMax + 1] = {};
};

enum class ProcessState : std::uint32_t { kStarting = 0, kWarm = 1, kRunning = 2 };

struct ChannelMemory {
  ChannelHeader header;
  // levid's words
  alignas(64) std::atomic<std::uint32_t> assigned{0};  // futex: a standby sleeps on it
  Task task;
  alignas(64) std::atomic<std::uint64_t> tick_tail{0};    // last tick number written
  std::atomic<std::uint64_t> intent_head{0};              // last intent number read
  alignas(64) std::atomic<std::uint32_t> engine_bell{0};  // futex: the engine sleeps on it
  // the engine's words
  alignas(64) std::atomic<std::uint64_t> commit{0};
  std::atomic<std::int64_t> heartbeat_ns{0};  // CLOCK_MONOTONIC; 0 until the process is up
  std::atomic<std::int64_t> first_commit_ns{
      0};  // when this process had handled its first tick: for measuring
  std::atomic<std::uint32_t> state{0};  // ProcessState
  // both write these
  alignas(64) std::atomic<std::uint32_t> engine_sleeping{0};
  std::atomic<std::uint32_t> room_wanted{
      0};  // the intent ring is full: the engine waits for levid to read
  alignas(64) std::atomic<std::uint32_t> levid_armed{0};
  alignas(64) Tick ticks[kTickSlots];
  IntentRecord intents[kIntentSlots];
  ImageSlot images[2];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
              sizeof(std::atomic<std::uint64_t>) == 8);
static_assert((kTickSlots & (kTickSlots - 1)) == 0 && (kIntentSlots & (kIntentSlots - 1)) == 0);
static_assert(kIntentsPerTickMax * 2 <= kIntentSlots);

// Lays the channel out in zeroed or old memory of sizeof(ChannelMemory) bytes, page-aligned;
// touches every page, so that neither side meets a page fault of a fresh page later.
ChannelMemory* create_channel(void* memory);

// Checks that `size` bytes at `memory` are a channel of exactly this layout. kCorrupt says what
// differs.
Result<ChannelMemory*> attach_channel(void* memory, std::uint64_t size);

// An image slot. `write_image` may be cut short by death at any byte: the slot is named only by the
// commit word.
void write_image(ImageSlot& slot, std::uint32_t layout, std::uint64_t tick_last,
                 std::uint64_t intent_last, std::span<const std::byte> image);
bool image_is_sound(
    const ImageSlot& slot);  // length in bounds and the CRC right; an empty slot is sound

}  // namespace levi::engine
