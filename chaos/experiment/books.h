// Books: keeps both ledgers of a run, read on as it goes, and says whether they agree.
//
// Owned by the run's thread. The exchange's ledger is read by arrival number without gaps; the
// core's orders and fills from its memory. What either side has dropped during a trial before it
// could be read makes a balance impossible, which is said and not guessed. An interrupt ends every
// read.
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

  // Reads on at the exchange up to where its ledger stands now. Entries since `mark` are kept for
  // the judges.
  Status read_venue();
  // `all_open`: also of what is open at the venue, though the core said so as well when it was
  // asked.
  Status read_core(bool all_open = false);
  // A trial begins: what came since the last one is read, or, where either side no longer has it,
  // left out: then orders from now on are compared.
  Status mark();
  const std::vector<VenueEntry>& since_mark() const { return since_mark_; }
  // The highest sequence of ours that the venue may have got before the mark.
  std::uint64_t sequence_at_mark() const { return sequence_at_mark_; }

  // Both sides read: what they hold now is what `balance` is about.
  Result<Horizon> horizon();
  // Both sides read on; then what they come to.
  Result<Balance> balance(const Horizon& horizon);
  void settle(const Horizon& horizon) { reconciler_.settle(horizon); }
  // Instead of `settle` where there was no balance: half of the pairs may not have been read. The
  // next mark starts anew.
  void give_up() { given_up_ = true; }

  const std::string& instance() const { return instance_; }
  std::uint64_t venue_read_to() const { return venue_next_; }  // arrival

 private:
  Books(Caller& caller, std::string instance)
      : caller_(caller), instance_(std::move(instance)), reconciler_(instance_, 0) {}
  Status start_anew();
  Status read_orders(bool all_open);
  Status read_fills();

  Caller& caller_;
  std::string instance_;
  Reconciler reconciler_;
  bool given_up_ = false;
  std::uint64_t venue_next_ = 0;
  std::uint64_t venue_sequence_ = 0;  // the highest of ours that was read, or was written before
  std::uint64_t sequence_at_mark_ = 0;
  std::uint64_t orders_after_ = 0;
  std::int64_t fills_next_ = 0;
  std::vector<VenueEntry> since_mark_;
};

}  // namespace levi::chaos
