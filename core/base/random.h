// Seeded randomness (xoshiro256**, Blackman and Vigna; seeded by SplitMix64): the same seed gives
// the same numbers on every machine. Seeds themselves come from core/os.
#pragma once

#include <cstdint>

#include "core/base/check.h"

namespace levi {

class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (auto& word : state_) {
      seed += 0x9e3779b97f4a7c15u;
      std::uint64_t z = seed;
      z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
      z = (z ^ z >> 27) * 0x94d049bb133111ebu;
      word = z ^ z >> 31;
    }
  }

  std::uint64_t next() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  // Uniform in [0, bound). The bias of the multiply-shift is below 2^-32 for the bounds used here.
  std::uint64_t below(std::uint64_t bound) {
    LEVI_CHECK(bound > 0);
    __extension__ typedef unsigned __int128 Wide;
    return static_cast<std::uint64_t>(static_cast<Wide>(next()) * bound >> 64);
  }

  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }  // [0, 1)

 private:
  static std::uint64_t rotate(std::uint64_t x, int k) { return x << k | x >> (64 - k); }
  std::uint64_t state_[4];
};

// An independent seed for the `index`th part of a run (a trial, a symbol).
inline std::uint64_t derive_seed(std::uint64_t seed, std::uint64_t index) {
  return Random(seed ^ Random(index + 1).next()).next();
}

}  // namespace levi
