// The kill latch's word and its holders (DESIGN §5): vocabulary that the machine, the gateway and
// the killers share.
//
// Bits 0..23 say who holds the latch closed, bits 24..63 count the seals. Values only; the mapped
// file is core/latch.
#pragma once

#include <cstdint>

namespace levi::latch {

enum class Holder : std::uint32_t {
  kOperator = 0,
  kDailyLoss,
  kDrawdown,
  kEngineFailure,
  kReconcile,
  kRedis,
  kEnvironment,
  kLease,
  kChaos,
  kNewInstance,
  kJournal,
  kLatchFile,  // ring nearly full or no space; the path is no longer our mapping
  kCount
};
inline constexpr unsigned kHolderBits = 24;
inline constexpr std::uint64_t kHolderMask = (std::uint64_t{1} << kHolderBits) - 1;

struct Word {
  std::uint64_t raw = 1;
  std::uint64_t epoch() const { return raw >> kHolderBits; }
  std::uint32_t holders() const { return static_cast<std::uint32_t>(raw & kHolderMask); }
  // Epochs begin at 1: a word of zeroes comes from a damaged file, and is sealed.
  bool sealed() const { return holders() != 0 || epoch() == 0; }
  bool held_by(Holder holder) const {
    return (holders() >> static_cast<unsigned>(holder) & 1) != 0;
  }
};

}  // namespace levi::latch
