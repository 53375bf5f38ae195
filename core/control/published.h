// Published<T>: a small value that one thread writes and others read (a sequence lock over atomic
// words).
//
// A reader never waits for the writer: it tries a few times and then says that it got nothing, so a
// writer that lost its CPU in the middle can't hold the control thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>

namespace levi::control {

template <class T>
class Published {
  static_assert(std::is_trivially_copyable_v<T>);
  static constexpr std::size_t kWords = (sizeof(T) + 7) / 8;
  static constexpr int kTries = 4;

 public:
  Published() { store(T{}); }

  void store(const T& value) {  // one writer
    std::array<std::uint64_t, kWords> raw{};
    std::memcpy(raw.data(), &value, sizeof(T));
    const std::uint64_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < kWords; ++i) words_[i].store(raw[i], std::memory_order_release);
    version_.store(version + 2, std::memory_order_release);
  }

  std::optional<T> load() const {
    std::array<std::uint64_t, kWords> raw;
    for (int i = 0; i < kTries; ++i) {
      const std::uint64_t before = version_.load(std::memory_order_acquire);
      for (std::size_t w = 0; w < kWords; ++w) raw[w] = words_[w].load(std::memory_order_acquire);
      if ((before & 1) == 0 && version_.load(std::memory_order_relaxed) == before) {
        T value;
        std::memcpy(static_cast<void*>(&value), raw.data(), sizeof(T));
        return value;
      }
    }
    return std::nullopt;
  }

 private:
  alignas(64) std::atomic<std::uint64_t> version_{0};
  std::array<std::atomic<std::uint64_t>, kWords> words_{};
};

}  // namespace levi::control
