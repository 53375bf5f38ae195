// The scribe: the thread that writes the audit chain, so that a slow or frozen disk never delays a
// kill's answer.
//
// It takes entries from the rings of both HTTP threads ten times a second, or at once when a
// producer is in a hurry (an opening waits for its line). What the disk does not take now is kept,
// up to a limit, and tried again each second; what is beyond the limit is lost, and the chain says
// how many.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "core/api/audit_chain.h"
#include "core/control/audit_entry.h"
#include "core/control/shared.h"
#include "core/os/poller.h"
#include "core/os/thread.h"

namespace levi::api {

class Scribe {
 public:
  // Both rings and the status outlive the scribe. A chain that can't be opened now is no error:
  // `audit_ok` is then false, and it is tried again. Sets wake_scribe_ of the rings.
  Scribe(std::string folder, control::AuditRing& control_ring, control::AuditRing& api_ring,
         control::SharedStatus& status);
  ~Scribe();  // writes what is there, joins

  void start();
  void stop();

  struct Head {  // of the chain, for those who want to write it down elsewhere
    std::uint64_t number = 0;
    FixedString<kHashDigits> hash;
    FixedString<191> trouble;  // why the chain can't be written now; empty when it can
  };
  std::optional<Head> head() const { return head_.load(); }  // any thread; nothing: try again

 private:
  struct Kept {
    control::AuditEntry entry;
    std::size_t ring = 0;
    std::uint64_t ticket = 0;
    std::uint64_t number = 0;  // of its line, once that is appended
  };
  static constexpr std::size_t kRings = 2;

  void run();
  void take_entries();
  void write_kept();
  Status write_batch();
  Status open_if_needed();
  Status note_lost();
  void forget_taken_back();
  void publish(const Status& outcome);

  const std::string folder_;
  std::array<control::AuditRing*, kRings> rings_;
  control::SharedStatus& status_;
  std::optional<AuditChain> chain_;
  std::deque<Kept> kept_;     // not durable yet
  std::size_t appended_ = 0;  // of `kept_`, from its front: in the chain, not synced
  std::array<std::uint64_t, kRings> tickets_{};
  std::uint64_t lost_ = 0;        // seen so far
  std::uint64_t lost_noted_ = 0;  // and in the chain
  struct LossNote {               // the newest line of them
    std::uint64_t number = 0;
    std::uint64_t noted_before = 0;
  };
  LossNote loss_note_;
  std::uint64_t overflowed_ = 0;
  MonoTime retry_at_;
  bool failing_ = false;
  control::Published<Head> head_;
  os::Signal signal_;
  std::atomic<bool> stopping_{false};
  os::Thread thread_;
};

}  // namespace levi::api
