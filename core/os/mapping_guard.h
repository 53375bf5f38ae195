// MappingGuard: keeps this process alive when somebody truncates a file that it has mapped.
//
// Touching a page behind the end of a mapped file raises SIGBUS. While a guard watches the mapping,
// the handler puts a private page of zeroes there instead and marks the guard broken; the
// interrupted access goes on. What the zeroes mean is the owner's business (a kill latch of zeroes
// is sealed); what is written there is lost, so writers ask `broken` after. SIGBUS anywhere else
// ends the process as before. At most kGuardsMax at a time; made and destroyed by any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace levi::os {

inline constexpr std::size_t kGuardsMax = 64;

class MappingGuard {
 public:
  MappingGuard() = default;
  MappingGuard(const void* data, std::size_t size);
  MappingGuard(MappingGuard&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  MappingGuard& operator=(MappingGuard&& other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~MappingGuard();

  bool broken() const {
    return entry_ != nullptr && entry_->broken.load(std::memory_order_acquire);
  }

  struct Entry {
    std::atomic<bool> taken{false};
    std::atomic<std::size_t> begin{0};
    std::atomic<std::size_t> end{0};
    std::atomic<bool> broken{false};
  };

 private:
  Entry* entry_ = nullptr;
};

}  // namespace levi::os
