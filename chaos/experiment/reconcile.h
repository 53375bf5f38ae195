// Reconciler: are the core's ledger and the venue's the same? Pure; entries of both go in, in any
// order and as they come.
//
//   lost        the venue has a fill of ours that the core does not have
//   duplicated  the venue got one client order id twice, or the core booked one fill twice
//   unexpected  the core has an order or fill that the venue never had, or the venue an order that
//   the core does not know; or the core calls an order canceled or filled that is open at the venue
//   unsettled   the core does not know, or not yet, what became of an order: that it is in flight
//   or unknown, or that it has ended at the venue
// While orders flow there is always something under way. So a balance has a horizon: what was in
// both ledgers when the judging began must come out even in the end, whatever came later. Orders
// older than the run are not compared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "chaos/experiment/intervals.h"
#include "chaos/experiment/ledger.h"

namespace levi::chaos {

struct Balance {
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t unexpected = 0;
  std::uint64_t unsettled = 0;       // within the horizon
  std::vector<std::string> details;  // the first few, one line each
  bool even() const { return lost + duplicated + unexpected + unsettled == 0; }
};

struct Horizon {
  std::uint64_t sequence = UINT64_MAX;  // of our orders
  std::uint64_t arrival = UINT64_MAX;   // at the venue
};

class Reconciler {
 public:
  // `instance`: which data folder's orders are ours. `first_sequence`: orders from there on are
  // compared.
  Reconciler(std::string instance, std::uint64_t first_sequence)
      : instance_(std::move(instance)), first_sequence_(first_sequence) {}

  void venue(const VenueEntry& entry);
  void ours(const OurOrder& order);  // the newest word about an order replaces the one before
  void ours(const OurFill& fill);
  // The core has told of every order up to this sequence.
  void ours_complete_to(std::uint64_t sequence) { complete_to_ = sequence; }

  Balance balance(const Horizon& horizon = {}) const;
  // After a judgement with this horizon: what is final on both sides is remembered only by its id,
  // so that a long run stays small, and what did not come out even was told once and is not told
  // again by the next trial, not even when its other half comes late.
  void settle(const Horizon& horizon = {});
  // The lowest of our orders whose fate is open, or which has ended at the venue since, to be asked
  // for again; 0 where none is.
  std::uint64_t first_unsettled() const;
  // The lowest of our orders that is open at the venue, whatever the core said of it when it was
  // asked last; 0 where none is.
  std::uint64_t first_open_at_venue() const;
  // What it still keeps of orders that are over, for tests: a run of hours must not grow with them.
  std::size_t kept_of_closed() const;

 private:
  struct VenueOrder {
    std::uint64_t sequence = 0;
    std::uint32_t accepted = 0;
    std::uint32_t arrived = 0;
    // Of its quantity, in 1e-8, what was not filled; nothing where that can't be counted.
    std::optional<std::int64_t> left;
    std::optional<std::uint64_t> ended;  // the arrival of its last fill, or of its cancel
  };
  void order_arrived(const VenueEntry& entry);
  void note_end(const VenueEntry& entry);
  std::optional<std::uint64_t> ended_at_venue(const OurOrder& order) const;
  void check_order(const OurOrder& order, const Horizon& horizon, Balance& balance) const;
  void check_orders(const Horizon& horizon, Balance& balance) const;
  void check_venue_orders(Balance& balance) const;
  void check_fills(const Horizon& horizon, Balance& balance) const;
  bool is_ours(const std::optional<ClientOrderIdParts>& parts) const;
  bool is_closed(const std::string& client_id) const;
  bool is_matched(std::uint64_t sequence, const std::string& key) const;
  void close(const OurOrder& order);

  std::string instance_;
  std::uint64_t first_sequence_;
  std::uint64_t complete_to_ = 0;
  std::unordered_map<std::string, VenueOrder> venue_orders_;  // by client id
  std::unordered_map<std::string, OurOrder> our_orders_;
  std::map<std::string, std::uint64_t> venue_fills_;  // that have no counterpart yet: their arrival
  std::set<std::string> told_fills_;                  // lost, as a trial said
  std::set<std::string> our_fills_;
  // By the sequence of their order, until that is closed: booked again then, the venue lacks it.
  std::unordered_map<std::uint64_t, std::vector<std::string>> matched_fills_;
  std::map<std::uint32_t, Intervals> closed_orders_;  // sequences, by incarnation
  std::vector<std::string> duplicate_details_;
};

}  // namespace levi::chaos
