// Books: keeps both ledgers of a run, read on as it goes, and says whether they agree.
//
// Owned by the run's thread. The exchange's ledger is read by arrival number without gaps; the
// core's orders and fills from its memory. What either side has dropped before it could be read
// makes a balance impossible, which is said and not guessed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chaos/experiment/caller.h"
#include "chaos/experiment/ledger.h"
#include "chaos/experiment/reconcile.h"

namespace levi::chaos {

class Books {
 public:
  // Looks where both ledgers stand. `instance`: of the core's data folder.
  static Result<std::unique_ptr<Books>> open(Caller& caller, std::string instance);

  // Reads what is new at the exchange. Entries since `mark` are kept for the judges.
  Status read_venue();
  Status read_core();
  void mark() { since_mark_.clear(); }
  const std::vector<VenueEntry>& since_mark() const { return since_mark_; }

  // Both sides read: what they hold now is what `balance` is about.
  Result<Horizon> horizon();
  // Both sides read on; then what they come to.
  Result<Balance> balance(const Horizon& horizon);
  void settle() { reconciler_.settle(); }

  const std::string& instance() const { return instance_; }

 private:
  Books(Caller& caller, std::string instance, std::uint64_t first_sequence)
      : caller_(caller),
        instance_(instance),
        first_sequence_(first_sequence),
        reconciler_(std::move(instance), first_sequence) {}
  Status read_orders();
  Status read_fills();

  Caller& caller_;
  std::string instance_;
  std::uint64_t first_sequence_;
  Reconciler reconciler_;
  std::uint64_t venue_next_ = 0;
  std::uint64_t orders_after_ = 0;
  std::int64_t fills_next_ = 0;
  std::vector<VenueEntry> since_mark_;
};

}  // namespace levi::chaos
