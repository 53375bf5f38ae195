// The bytes of kill.latch (docs/kill-latch.md has the table). Private to core/latch.
//
// Every field that two processes touch is a lock-free atomic in the mapped page. All-zero bytes are
// a sealed latch: magic and epoch are then 0. So a file that was truncated, extended again or
// zero-filled can only ever stop orders.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/latch/latch.h"

namespace levi::latch {

inline constexpr std::uint64_t kMagic = 0x4843'544c'4956'454cull;  // "LEVILTCH", little-endian
inline constexpr std::uint32_t kLayoutVersion = 1;
inline constexpr std::size_t kFileBytes = 20480;
inline constexpr std::size_t kTextBuffers = 4;  // per holder: a seal writes buffer (epoch mod 4)
inline constexpr std::size_t kActorBytes = 32;  // the first byte is the length
inline constexpr std::size_t kReasonBytes = 128;

// Who sealed, and why. Written by killers of several processes without a lock: each seal has an
// epoch of its own, hence a buffer of its own unless four overlap; the checksum unmasks such a
// mixture, and a writer that was killed half-way.
struct TextWords {
  static constexpr std::size_t kCount = 24;
  static constexpr std::size_t kEpoch = 0, kWall = 1, kActor = 2, kReason = 6, kChecksum = 22;
  std::array<std::atomic<std::uint64_t>, kCount> words;
};
static_assert(sizeof(TextWords) == 192);

struct Latch::Layout {
  // Line 0: read by the gateway before each send, written only by killers and releases.
  std::atomic<std::uint64_t> magic;
  std::atomic<std::uint64_t> word;
  std::atomic<std::uint32_t> drain_waiters;  // somebody sleeps on in_flight: end_send must wake
  std::atomic<std::uint32_t> version;
  std::atomic<std::uint64_t> inode;  // of this file: a copy put in its place is seen by it
  std::array<std::atomic<std::uint8_t>, 8> instance;  // length, 7 characters
  // Line 1: the gateway's own.
  alignas(64) std::atomic<std::uint64_t> in_flight;
  std::atomic<std::uint64_t> last_sequence;
  // Line 2: which process sends. `gateway_check` = pid ^ ticks ^ magic: a half-written pair is no
  // gateway.
  alignas(64) std::atomic<std::uint64_t> gateway_pid;
  std::atomic<std::uint64_t> gateway_ticks;
  std::atomic<std::uint64_t> gateway_check;
  alignas(512) std::array<std::array<TextWords, kTextBuffers>, kHolderBits> texts;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace levi::latch
