// AuditEntry: one changing request, in fixed size, on its way to the audit chain. AuditRing: the
// way.
//
// Producer: one HTTP thread (control and api have one ring each). Consumer: the scribe, the thread
// that writes and syncs the chain. `push` never waits: a full ring loses the entry and counts it. A
// ticket turns durable once its line is synced, which is what an opening of the latch waits for
// (DESIGN §11: opening is refused when the audit fails, a kill never).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "core/base/fixed_string.h"
#include "core/base/instant.h"
#include "core/os/queue.h"

namespace levi::control {

struct AuditEntry {
  Instant wall;
  std::int64_t duration_ns = 0;
  std::uint16_t status =
      0;  // of the answer; 102: written before the act, whose outcome is a line of its own
  FixedString<31> actor;
  FixedString<47> peer;
  FixedString<7> method;
  FixedString<63> path;
  FixedString<191> query;  // values of keys that are not ours already replaced
  FixedString<127> reason;
};

class AuditRing {
 public:
  AuditRing() : entries_(1024) {}

  // Producer. The ticket of the entry, 0 when the ring is full.
  std::uint64_t push(const AuditEntry& entry) {
    if (!entries_.push(entry)) {
      lost_.fetch_add(1, std::memory_order_relaxed);
      return 0;
    }
    return ++pushed_;
  }
  bool durable(std::uint64_t ticket) const {
    return durable_.load(std::memory_order_acquire) >= ticket;
  }
  // Asks the scribe to look now; else it looks ten times a second. A system call: never in the path
  // of a kill.
  void hurry() const {
    if (wake_scribe_) wake_scribe_();
  }
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

  // Scribe.
  std::optional<AuditEntry> pop() { return entries_.pop(); }
  void set_durable(std::uint64_t ticket) {
    durable_.store(ticket, std::memory_order_release);
    if (wake_producer_) wake_producer_();
  }

  // Set before the threads start.
  std::function<void()> wake_scribe_;
  std::function<void()> wake_producer_;

 private:
  os::SpscQueue<AuditEntry> entries_;
  std::uint64_t pushed_ = 0;  // producer's
  std::atomic<std::uint64_t> durable_{0};
  std::atomic<std::uint64_t> lost_{0};
};

// Copies a query without secrets: only the values of keys that our own requests have are kept,
// every other value becomes "***".
FixedString<191> query_for_audit(std::string_view query);

}  // namespace levi::control
